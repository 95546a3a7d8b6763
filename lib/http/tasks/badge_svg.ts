/**
 * A badge: a name and what there is to say of it, as a small picture. Pure.
 *
 * @module
 */

import type { Task } from "../../task/task.ts";

/** What a badge shows. */
export interface Badge {
  /** What it is about, on the left. */
  readonly label: string;
  /** How it is, on the right. */
  readonly value: string;
  /** The colour behind the value. */
  readonly colour: string;
}

/** White writing stands out from each of these by 4.5 to 1 at least. */
const COLOURS = {
  grey: "#57606a",
  blue: "#0969da",
  green: "#1a7f37",
  red: "#cf222e",
  amber: "#9a6700",
} as const;
const LABEL_COLOUR = "#32383f";

/** Pixels on both sides of a text. */
const PADDING = 6;

/** Characters of a label at most: a badge stands in a line of text. */
const LABEL_LENGTH = 60;

/** The badge of a task that there is not. */
export const UNKNOWN_BADGE: Badge = { label: "task", value: "unknown", colour: COLOURS.grey };

/** The badge of a task. */
export function badgeOf(task: Task): Badge {
  return { label: task.name, ...valueOf(task) };
}

function valueOf({ state, progress, stale }: Task): Pick<Badge, "value" | "colour"> {
  // Never 100 % before it is all.
  const percent = progress === null ? null : `${Math.floor(progress)}%`;
  switch (state) {
    case "NOT_STARTED":
      return { value: "waiting", colour: COLOURS.grey };
    case "STARTING":
    case "PROCESSING":
      return stale
        ? { value: percent === null ? "silent" : `${percent}, silent`, colour: COLOURS.amber }
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
 * Draws a badge, by attributes alone: where it is embedded, no style may be allowed. Writing is squeezed or stretched to
 * the width that it was given, as nobody knows which font it will be in.
 *
 * @param badge what it shows
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
    `<g clip-path="url(#r)">${left.ground}${right.ground}</g>` +
    `<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">` +
    `${left.writing}${right.writing}</g></svg>`;
}

/** One half of a badge; nothing at all where it has no text. */
class Part {
  readonly width: number;
  readonly ground: string = "";
  readonly writing: string = "";

  constructor(text: string, x: number, colour: string) {
    const length = widthOf(text);
    this.width = length === 0 ? 0 : length + 2 * PADDING;
    if (length === 0) return;
    this.ground = `<rect x="${x}" width="${this.width}" height="20" fill="${colour}"/>`;
    this.writing = `<text x="${x + PADDING}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">` +
      `${escaped(text)}</text>`;
  }
}

/** About as wide as Verdana at 11 pixels writes it. */
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
  // Beyond Latin, Greek and Cyrillic, characters are mostly square.
  return character.codePointAt(0)! < 0x530 || character === "…" ? 7 : 11;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that is nothing but text in XML, which has no way at all to write control characters. */
function escaped(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex -- they are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
