/**
 * Sentences about changes of many tasks at once. Pure.
 *
 * @module
 */

import { countNoun } from "../../lib/text/format.ts";
import type { BulkAction } from "./view.ts";

const WORDS: { readonly [A in BulkAction]: { readonly doing: string; readonly done: string } } = {
  cancel: { doing: "Cancelling", done: "asked to stop" },
  retry: { doing: "Starting again", done: "started again" },
  remove: { doing: "Removing", done: "removed" },
  restore: { doing: "Restoring", done: "restored" },
};

/** Announces a change of `count` tasks that has begun. */
export function sayBulkStart(action: BulkAction, count: number): string {
  return `${WORDS[action].doing} ${countNoun(count, "task")}…`;
}

/**
 * Says in sum what came of a change of many tasks.
 *
 * @param action what was done
 * @param done with how many tasks
 * @param reasons why not, for each of the others
 * @returns sentences
 */
export function sayBulk(action: BulkAction, done: number, reasons: readonly string[]): string {
  const success = `${countNoun(done, "task")} ${WORDS[action].done}.`;
  if (reasons.length === 0) return success;
  const [first] = reasons;
  if (done === 0 && reasons.length === 1) return `${first}.`;
  const others = `${countNoun(reasons.length, "task")} could not be: `;
  const more = new Set(reasons).size > 1 ? `${first}, and others.` : `${first}.`;
  return `${done === 0 ? "" : `${success} `}${others}${more}`;
}
