/**
 * Reads and writes links to log lines: `#L12` and `#L12-20`, where the first line is 1. Pure.
 *
 * @module
 */

/** A range of log lines, including both ends; the first line is 0. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/** Reads the fragment of a URL; returns `null` if it does not link to lines. */
export function parseLineRange(fragment: string): LineRange | null {
  const [, first, last] = /^#L(\d{1,15})(?:-L?(\d{1,15}))?$/.exec(fragment) ?? [];
  if (first === undefined || Number(first) < 1) return null;
  const ends = [Number(first) - 1, Math.max(1, Number(last ?? first)) - 1];
  return { from: Math.min(...ends), to: Math.max(...ends) };
}

/** Returns the fragment of a URL that links to lines. */
export function lineFragment({ from, to }: LineRange): string {
  return from === to ? `#L${from + 1}` : `#L${from + 1}-${to + 1}`;
}
