/**
 * Draws the badge of a task as SVG.
 *
 * @module
 */

import type { Task } from "../../task/task.ts";
import { formatPercent } from "../../text/format.ts";

/** The texts and colour of a badge. */
export interface Badge {
  /** The text on the left: usually the name of the task. */
  readonly label: string;
  /** The text on the right: the state of the task. */
  readonly value: string;
  /** The background colour of the value. */
  readonly colour: string;
}

/** The background colours; white text has a contrast of at least 4.5:1 on each of them. */
const COLOURS = {
  grey: "#57606a",
  blue: "#0969da",
  green: "#1a7f37",
  red: "#cf222e",
  amber: "#9a6700",
} as const;
const LABEL_COLOUR = "#32383f";

/** The padding on both sides of a text, in pixels. */
const PADDING = 6;

/** The maximum number of characters of a label. */
const LABEL_LENGTH = 60;

/** The badge of a task that does not exist. */
export const UNKNOWN_BADGE: Badge = { label: "task", value: "unknown", colour: COLOURS.grey };

/** Returns the texts and colour of a task's badge. */
export function badgeOf(task: Task): Badge {
  return { label: task.name, ...valueOf(task) };
}

function valueOf({ state, progress, stale }: Task): Pick<Badge, "value" | "colour"> {
  const percent = progress === null ? null : formatPercent(progress);
  switch (state) {
    case "NOT_STARTED":
      return { value: "waiting", colour: COLOURS.grey };
    case "STARTING":
    case "PROCESSING":
      return stale
        ? { value: percent === null ? "stale" : `${percent}, stale`, colour: COLOURS.amber }
        : { value: percent ?? "running", colour: COLOURS.blue };
    case "FINISHED":
      return { value: "finished", colour: COLOURS.green };
    case "ERROR":
      return { value: "failed", colour: COLOURS.red };
    case "CANCELLED":
      return { value: "cancelled", colour: COLOURS.grey };
  }
}

/**
 * Draws a badge. The SVG has no styles, because a page that embeds it may forbid them. `textLength` fits each
 * text into its calculated width, because the viewer's font is unknown.
 *
 * @param badge the texts and colour
 * @returns the SVG
 */
export function badgeSvg({ label, value, colour }: Badge): string {
  const characters = [...label.toWellFormed()];
  const isLong = characters.length > LABEL_LENGTH;
  const shown = isLong ? `${characters.slice(0, LABEL_LENGTH - 1).join("")}…` : label;
  const left = new Part(shown, 0, LABEL_COLOUR);
  const right = new Part(value, left.width, colour);
  const width = left.width + right.width;
  const name = escaped(shown === "" ? value : `${shown}: ${value}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${name}">` +
    `<title>${name}</title>` +
    `<clipPath id="r"><rect width="${width}" height="20" rx="4"/></clipPath>` +
    `<g clip-path="url(#r)">${left.background}${right.background}</g>` +
    `<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">` +
    `${left.text}${right.text}</g></svg>`;
}

/** One half of a badge; empty if it has no text. */
class Part {
  readonly width: number;
  readonly background: string = "";
  readonly text: string = "";

  constructor(text: string, x: number, colour: string) {
    const length = widthOf(text);
    this.width = length === 0 ? 0 : length + 2 * PADDING;
    if (length === 0) return;
    this.background = `<rect x="${x}" width="${this.width}" height="20" fill="${colour}"/>`;
    this.text = `<text x="${x + PADDING}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">` +
      `${escaped(text)}</text>`;
  }
}

/** Returns the approximate width of a text in Verdana at 11 pixels. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return Math.round(width);
}

function characterWidth(character: string): number {
  if (/[ijlI.,:;'|!\s]/.test(character)) return 4;
  if (/[frt()[\]{}"\-/\\]/.test(character)) return 5;
  if (/[mwMW@%]/.test(character)) return 11;
  if (/[A-Z#&_+=<>~^]/.test(character)) return 8;
  // Most characters beyond Latin, Greek and Cyrillic are about as wide as they are high: 11 pixels.
  return character.codePointAt(0)! < 0x530 || character === "…" ? 7 : 11;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for XML. Control characters, which XML cannot represent, are replaced. */
function escaped(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex -- matches control characters on purpose
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
