/**
 * Builds the texts about bulk actions: progress, success and failure.
 *
 * @module
 */

import { countNoun } from "../../lib/text/format.ts";
import { CANCEL_UNDO_SECONDS } from "./model.ts";
import type { BulkAction } from "./view.ts";

const VERBS: {
  readonly [A in BulkAction]: { readonly doing: string; readonly done: string; readonly failed: string };
} = {
  cancel: { doing: "Cancelling", done: "asked to stop", failed: "cancelled" },
  retry: { doing: "Retrying", done: "retried", failed: "retried" },
  remove: { doing: "Removing", done: "removed", failed: "removed" },
  restore: { doing: "Restoring", done: "restored", failed: "restored" },
};

/** Builds the text that is shown while a bulk action runs. */
export function bulkProgressText(action: BulkAction, count: number): string {
  return `${VERBS[action].doing} ${countNoun(count, "task")}…`;
}

/** Builds the announcement of cancellations that can still be undone. */
export function heldText(count: number): string {
  return `${bulkProgressText("cancel", count)} Press Undo within ${CANCEL_UNDO_SECONDS} seconds to keep ${
    count === 1 ? "it" : "them"
  } running.`;
}

/**
 * Builds the text that is shown when a bulk action has finished.
 *
 * @param action the action that was performed
 * @param done the number of tasks for which it succeeded
 * @param reasons one reason for each task for which it failed
 * @returns one or two sentences
 */
export function bulkResultText(action: BulkAction, done: number, reasons: readonly string[]): string {
  const success = `${countNoun(done, "task")} ${VERBS[action].done}.`;
  if (reasons.length === 0) return success;
  const [first] = reasons;
  if (done === 0 && reasons.length === 1) return `${first}.`;
  const others = `${countNoun(reasons.length, "task")} could not be ${VERBS[action].failed}: `;
  const more = new Set(reasons).size > 1 ? `${first}, and other reasons.` : `${first}.`;
  return `${done === 0 ? "" : `${success} `}${others}${more}`;
}
