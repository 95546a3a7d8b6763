/**
 * Splits a log line into runs of equally styled text: colours and other attributes (`SGR`, ECMA-48), links
 * (`OSC 8`, and URLs in the text), and matches of a search. Pure.
 *
 * @module
 */

// deno-lint-ignore-file no-control-regex -- matches control characters on purpose

import { withoutSequences } from "../../lib/text/escape_sequences.ts";

/** A part of a line in which all characters look the same. */
export interface StyledRun {
  readonly text: string;
  /** The CSS classes, separated by spaces; empty for plain text. */
  readonly style: string;
  /** The address of a link; `null` if the part is no link. */
  readonly href: string | null;
  /** Whether the part belongs to a match of the search. */
  readonly isMatch: boolean;
}

/** Matches an escape sequence that sets attributes, or that begins or ends a link. */
const STYLE_SEQUENCE = /\x1b\[([\d;:]*)m|\x1b\]8;[^;\x07\x1b]*;([^\x07\x1b]*)(?:\x07|\x1b\\)/g;
/** Matches a URL in a text; punctuation after it does not belong to it. */
const URL_TEXT = /\bhttps?:\/\/[^\s<>"'`\x00-\x1f\x7f]*[^\s<>"'`\x00-\x1f\x7f.,:;!?)\]}]/g;
const WEB_ADDRESS = /^https?:\/\//i;
/** The maximum number of parts of a line; if a line has more, its rest is plain text. */
const MAX_RUNS = 500;

/** The attributes that are in effect. Colours are numbers from 0 to 15: eight colours, and their bright variants. */
interface Attributes {
  foreground: number | null;
  background: number | null;
  readonly flags: Set<string>;
}

/**
 * The attributes, each at the index of the `SGR` parameter that sets it; that parameter plus 20 clears the attribute.
 */
const FLAGS = ["", "bold", "dim", "italic", "underline", "", "", "inverse", "", "struck"];

/**
 * What the `SGR` parameters that are followed by a colour of the palette or an RGB colour set; the colour of underlines,
 * 58, is not shown.
 */
const LAYERS: Readonly<Record<number, "foreground" | "background" | null>> = {
  38: "foreground",
  48: "background",
  58: null,
};

/**
 * Splits a line.
 *
 * @param line the line, with escape sequences
 * @param query the search text in lower case; empty for no search
 * @returns the parts of the line; their texts joined are the line without escape sequences
 */
export function styledRuns(line: string, query = ""): readonly StyledRun[] {
  const runs = linked(colouredRuns(line));
  return query === "" ? runs : marked(runs, query);
}

function colouredRuns(line: string): StyledRun[] {
  const runs: StyledRun[] = [];
  const attributes: Attributes = { foreground: null, background: null, flags: new Set() };
  let href: string | null = null;
  let start = 0;
  const add = (end: number) => {
    const text = withoutSequences(line.slice(start, end));
    if (text !== "") runs.push({ text, style: styleOf(attributes), href, isMatch: false });
  };
  for (const { 0: sequence, 1: parameters, 2: address, index } of line.matchAll(STYLE_SEQUENCE)) {
    if (runs.length >= MAX_RUNS) break;
    add(index);
    start = index + sequence.length;
    if (parameters !== undefined) applyParameters(attributes, parameters);
    else href = address !== undefined && WEB_ADDRESS.test(address) ? address : null;
  }
  add(line.length);
  return runs;
}

function applyParameters(attributes: Attributes, parameters: string): void {
  // Semicolons separate parameters; colons separate a parameter from its sub-parameters.
  const units = parameters.split(";").map((unit) => unit.split(":").map(Number));
  for (let at = 0; at < units.length; at++) {
    const [code = 0, ...own] = units[at]!;
    if (code === 0) {
      attributes.foreground = attributes.background = null;
      attributes.flags.clear();
    } else if (code in LAYERS) {
      // Most programs write the colour as further parameters, not as sub-parameters.
      const colour = own.length > 0 ? own : units.slice(at + 1, at + 5).map(([each = 0]) => each);
      const isIndexed = colour[0] === 5;
      if (own.length === 0) at += isIndexed ? 2 : 4;
      const layer = LAYERS[code] ?? null;
      if (layer === null) continue;
      // Sub-parameters may name a colour space before the three colours.
      const first = own.length > 4 ? 2 : 1;
      attributes[layer] = isIndexed
        ? indexedColour(colour[1] ?? 0)
        : nearestColour(colour.slice(first, first + 3));
    } else {
      applyCode(attributes, code === 4 && own[0] === 0 ? 24 : code);
    }
  }
}

function applyCode(attributes: Attributes, code: number): void {
  const { flags } = attributes;
  if (FLAGS[code]) flags.add(FLAGS[code]);
  flags.delete(FLAGS[code - 20] ?? "");
  if (code === 22) flags.delete("bold");
  // 30 to 37 set the text colour and 40 to 47 the background colour; the codes from 90 on set bright colours.
  const isBright = code >= 90;
  const plain = isBright ? code - 60 : code;
  const colour = plain % 10;
  const layer = plain - colour === 30 ? "foreground" : plain - colour === 40 ? "background" : null;
  if (layer !== null && colour !== 8) attributes[layer] = colour === 9 ? null : colour + (isBright ? 8 : 0);
}

/** Returns the page's colour that is closest to a colour of the 256-colour palette. */
function indexedColour(index: number): number | null {
  if (index < 16) return index;
  if (index >= 232) return nearestColour(Array(3).fill(8 + 10 * (index - 232)));
  const step = (divisor: number) => Math.floor((index - 16) / divisor) % 6;
  return nearestColour([step(36), step(6), step(1)].map((level) => level === 0 ? 0 : 55 + 40 * level));
}

/**
 * Returns the page's colour that is closest to an RGB colour (each component 0 to 255). The page's colours are
 * readable on light and dark surfaces; an arbitrary colour may not be.
 */
function nearestColour([red = 0, green = 0, blue = 0]: readonly number[]): number {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const isBright = most > 200;
  // Greys: black, bright black, white and bright white.
  if (most - least < 40) return most < 64 ? 0 : most < 140 ? 8 : most < 220 ? 7 : 15;
  const middle = (most + least) / 2;
  const bits = (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0);
  return bits + (isBright ? 8 : 0);
}

function styleOf({ foreground, background, flags }: Attributes): string {
  const isInverse = flags.has("inverse");
  const colour = (prefix: string, value: number | null, inverse: string) =>
    value !== null ? `${prefix}-${value}` : isInverse ? inverse : "";
  return [
    colour("fg", isInverse ? background : foreground, "fg-surface"),
    colour("bg", isInverse ? foreground : background, "bg-text"),
    ...[...flags].filter((flag) => flag !== "inverse").map((flag) => `sgr-${flag}`),
  ].filter((name) => name !== "").join(" ");
}

/** Turns the URLs in the texts into links. */
function linked(runs: readonly StyledRun[]): StyledRun[] {
  return runs.flatMap((run) => {
    if (run.href !== null || !run.text.includes("://")) return run;
    return divided(run, run.text.matchAll(URL_TEXT), ([url]) => ({ href: url }));
  });
}

/** Marks the matches of a search, which may extend over several parts. */
function marked(runs: readonly StyledRun[], query: string): StyledRun[] {
  const text = runs.map((run) => run.text).join("").toLowerCase();
  const ends: number[] = [];
  // Some letters become two characters in lower case, so the indices would be wrong.
  if (text.length !== runs.reduce((sum, run) => sum + run.text.length, 0)) return [...runs];
  for (let at = text.indexOf(query); at !== -1 && ends.length < MAX_RUNS;) {
    ends.push(at, at + query.length);
    at = text.indexOf(query, at + query.length);
  }
  let [offset, next] = [0, 0];
  return runs.flatMap((run) => {
    const parts: StyledRun[] = [];
    const end = offset + run.text.length;
    while (offset < end) {
      while (next < ends.length && ends[next]! <= offset) next++;
      const stop = Math.min(end, ends[next] ?? end);
      const part = run.text.slice(run.text.length - (end - offset), run.text.length - (end - stop));
      parts.push({ ...run, text: part, isMatch: next % 2 === 1 });
      offset = stop;
    }
    return parts;
  });
}

/** Splits a part of a line at the matches of a pattern, and changes the matches. */
function divided(
  run: StyledRun,
  matches: Iterable<RegExpExecArray>,
  change: (match: RegExpExecArray) => Partial<StyledRun>,
): StyledRun[] {
  const parts: StyledRun[] = [];
  let start = 0;
  for (const match of matches) {
    if (match.index > start) parts.push({ ...run, text: run.text.slice(start, match.index) });
    parts.push({ ...run, text: match[0], ...change(match) });
    start = match.index + match[0].length;
  }
  if (start < run.text.length) parts.push({ ...run, text: run.text.slice(start) });
  return parts;
}
