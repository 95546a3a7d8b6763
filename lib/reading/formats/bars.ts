/**
 * Finds drawn progress bars in lines. Pure.
 *
 * @module
 */

/** A drawn bar. */
export interface Bar {
  /**
   * The line with {@linkcode BAR_SIGN} in place of the bar; a percentage that was inside the bar is moved behind it.
   */
  readonly rest: string;
  /** How much of the bar is filled, from 0 to 1; `null` if the drawing does not show it. */
  readonly share: number | null;
  /** The number of cells. */
  readonly width: number;
}

/** The character that replaces a bar in a line. */
export const BAR_SIGN = "\u25ae";

/** The minimum number of cells of a bar in brackets; fewer are a word or a spinner. */
const LEAST_CELLS = 5;
/** The minimum number of filled cells of a bar without brackets. */
const LEAST_RUN = 3;
/** The minimum number of cells of a bar of dashes without brackets. */
const LEAST_DASHES = 20;
/**
 * The minimum number of cells of a bar whose empty cells are spaces; a shorter one may be a mark that moves back and
 * forth.
 */
const LEAST_PADDED = 20;
const CLOSING: Readonly<Record<string, string>> = {
  "[": "]",
  "(": ")",
  "<": ">",
  "|": "|",
  "│": "│",
  "┃": "┃",
  "┫": "┣",
  "▕": "▏",
  "❘": "❘",
};
const FILLED = "#=*█▓■▰●◼◉⣿⠿━─▬+|@oO->";
const EMPTY = " .-_░▒·⣀⠂⠤○▱□◻◯▢▭▯─~=";
/** Cells that are partly filled, and the tip of an arrow. */
const TIPS = ">╸╺╴╶▏▎▍▌▋▊▉▓▒░◐◑<cC/\\oO#=-";
/** Characters that programs use only for bars. */
const BLOCKS = "█▓■▰◼⣿⠿━▬▉";
/** Where a bar may begin: an opening bracket, a block, or `#`. */
const START = /[[(<|│┃┫▕❘█▓■▰◼⣿⠿━▬▉#]|={1,200}-/;
const START_ON = new RegExp(START, "g");
const PERCENT = /^ {0,200}(\d{1,3}(?:[.,]\d{1,3})? ?%) {0,200}/;

/**
 * Finds the first bar of a line.
 *
 * @param text the line
 * @returns the bar; `undefined` if there is none
 */
export function barIn(text: string): Bar | undefined {
  for (let at = text.search(START); at !== -1 && at < text.length; at = nextStart(text, at + 1)) {
    const closing = CLOSING[text[at]!];
    const bar = closing === undefined
      ? nakedAt(text, at)
      : enclosedAt(text, at, closing) ?? paddedAt(text, at, closing);
    if (bar !== undefined) return bar;
  }
  return undefined;
}

function nextStart(text: string, from: number): number {
  START_ON.lastIndex = from;
  return START_ON.exec(text)?.index ?? -1;
}

/** Finds a bar such as `| ===== |`, in which the spaces beside the brackets are not cells. */
function paddedAt(text: string, at: number, closing: string): Bar | undefined {
  const from = at + 2;
  const filledEnd = text[at + 1] === " " ? runEnd(text, from, "#=*█▓■━") : from;
  if (filledEnd === from) return undefined;
  const index = runEnd(text, filledEnd, " ");
  const width = index - 1 - from;
  if (index === filledEnd || text[index] !== closing || width < LEAST_PADDED) return undefined;
  return bar(text, at, index + 1, undefined, (filledEnd - from) / width, width);
}

/** `[=====>    ]`, `|███▍      |`, `[####  42%       ]` */
function enclosedAt(text: string, at: number, closing: string): Bar | undefined {
  const from = at + 1;
  const filledEnd = runEnd(text, from, FILLED);
  // If a run of dashes can't be filled cells, it is read as the empty cells of a bar at 0 %.
  for (const start of filledEnd > from ? [filledEnd, from] : [from]) {
    let index = start;
    const percent = PERCENT.exec(text.slice(index));
    if (percent === null) {
      if (start > from && TIPS.includes(text[index]!) && text[index] !== closing) index++;
      index = runEnd(text, index, EMPTY);
    } else index += percent[0].length;
    if (percent !== null) index = runEnd(text, runEnd(text, index, FILLED), EMPTY);
    const width = index - from;
    if (text[index] !== closing || width - (percent?.[1]?.length ?? 0) < LEAST_CELLS) continue;
    const isAmbiguous = percent !== null || (start > from && start === index && "-─".includes(text[from]!));
    return bar(text, at, index + 1, percent?.[1], isAmbiguous ? null : (start - from) / width, width);
  }
  return undefined;
}

/** `███████░░░░░`, `━━━━━━╸━━━━━`, `■■■■■     ` */
function nakedAt(text: string, at: number): Bar | undefined {
  const first = text[at]!;
  if (first === "=") return dashedAt(text, at);
  if (!BLOCKS.includes(first) && !(first === "#" && isAlone(text, at))) return undefined;
  const filledEnd = runEnd(text, at, FILLED);
  if (filledEnd - at < LEAST_RUN && !"░▒·⣀▱".includes(text[filledEnd] ?? " ")) return undefined;
  let index = filledEnd;
  if (index < text.length && text[index] !== " " && TIPS.includes(text[index]!)) index++;
  // The bars of pip use the same character for both halves, which differ in colour, with a tip between them.
  const end = index > filledEnd && text[index] === first
    ? runEnd(text, index, first)
    : runEnd(text, index, EMPTY);
  const isKnown = end > index && text[index] !== " ";
  const width = end - at;
  if (width < LEAST_CELLS && !BLOCKS.includes(first)) return undefined;
  return bar(text, at, end, undefined, isKnown ? (filledEnd - at) / width : null, width);
}

/** `=====---------------`, which is too long for decoration */
function dashedAt(text: string, at: number): Bar | undefined {
  const filled = runEnd(text, at, "=");
  const end = runEnd(text, filled, "-");
  const width = end - at;
  const isBar = isAlone(text, at) && width >= LEAST_DASHES && (end === text.length || text[end] === " ");
  return isBar ? bar(text, at, end, undefined, (filled - at) / width, width) : undefined;
}

function isAlone(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === " " || text[at - 1] === "\t";
}

function bar(
  text: string,
  from: number,
  to: number,
  inside: string | undefined,
  share: number | null,
  width: number,
): Bar {
  const percent = inside === undefined ? "" : ` ${inside}`;
  return { rest: `${text.slice(0, from)}${BAR_SIGN}${percent} ${text.slice(to)}`, share, width };
}

/** Returns the index after a run of one repeated character, which must be one of `kind`. */
function runEnd(text: string, from: number, kind: string): number {
  const first = text[from];
  if (first === undefined || !kind.includes(first)) return from;
  let index = from + 1;
  while (text[index] === first) index++;
  return index;
}
