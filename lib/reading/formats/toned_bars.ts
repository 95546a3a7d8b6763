/**
 * Recognises bars that consist of one repeated character in two colours. Pure.
 *
 * @module
 */

import type { StyleMark } from "../pen.ts";
import { type Format, percentage, RANK } from "../reading.ts";
import { type SolidRun, solidRunIn } from "../solid_run.ts";

/**
 * Reads bars in redrawn rows, which are filled as far as their first colour goes. Rows with numbers other than times
 * are ignored, because the numbers may say something else.
 */
export function tonedBars(): Format {
  /** The colours of the filled part and of the rest, once both were seen. */
  let known: { readonly done: string; readonly rest: string } | null = null;
  return ({ raw, marks = [], isRedraw }) => {
    const run = isRedraw ? solidRunIn(raw) : undefined;
    if (run === undefined) return undefined;
    const tones = tonesOf(run, marks);
    if (tones === null) return undefined;
    if (tones.at !== null) known = tones;
    if (known === null || (tones.done !== known.done && tones.rest !== known.rest)) return undefined;
    const filled = tones.at ?? (tones.done === known.done ? run.to : run.from);
    return percentage("toned bar", (filled - run.from) / (run.to - run.from) * 100, {
      rank: RANK.bare,
      isNamed: false,
      label: raw.slice(0, run.from).replace(/[^\p{L}\s]+/gu, ""),
      status: raw.slice(run.to).replace(/^[\s.…:]+|[\s.…:]+$/g, ""),
    });
  };
}

/**
 * Returns the two styles of a run and the position where the second one begins, which is `null` if there is only one
 * style; returns `null` if there are more than two.
 */
function tonesOf(
  { from, to }: SolidRun,
  marks: readonly StyleMark[],
): { readonly done: string; readonly rest: string; readonly at: number | null } | null {
  const within = marks.filter(({ at }) => at > from && at < to);
  const done = marks.findLast(({ at }) => at <= from)?.style ?? "";
  const [change] = within;
  if (within.length > 1) return null;
  return change === undefined ? { done, rest: done, at: null } : { done, rest: change.style, at: change.at };
}
