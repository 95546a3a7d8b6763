/**
 * Performs bulk actions in batches, reports their outcome, and can undo a removal for a few seconds.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import { MAX_PAGE_SIZE } from "../../lib/task/task_query.ts";
import { bulkProgressText, bulkResultText } from "../shared/bulk_text.ts";
import type { BulkAction, BulkState } from "../shared/view.ts";

/** The outcome of a bulk action for each task. */
export interface BulkAnswer {
  readonly done: readonly string[];
  /** The reason of the failure for each task for which the action failed. */
  readonly failed: readonly { readonly id: string; readonly detail: string }[];
}

/**
 * How long the page offers to undo a removal, in milliseconds: as long as the server can restore the tasks.
 */
const UNDO_MS = 5_000;
/** How long the message about a failure is shown, in milliseconds. */
const PROBLEM_MS = 8_000;

/** Performs bulk actions, one at a time, and writes their state to a signal. */
export class BulkChanger implements Disposable {
  readonly #state: Signal<BulkState>;
  readonly #send: (action: BulkAction, ids: readonly string[]) => Promise<BulkAnswer>;
  readonly #announce: (text: string) => void;
  #removed: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param state receives the progress and the outcome of each action
   * @param send sends one batch to the server; rejects with an error whose message can be shown to the user
   * @param announce announces an outcome to screen readers
   */
  constructor(
    state: Signal<BulkState>,
    send: (action: BulkAction, ids: readonly string[]) => Promise<BulkAnswer>,
    announce: (text: string) => void,
  ) {
    this.#state = state;
    this.#send = send;
    this.#announce = announce;
  }

  /**
   * Performs an action on tasks. Does nothing while another action is running.
   *
   * @returns the ids of the tasks for which the action failed
   */
  async change(action: BulkAction, ids: readonly string[]): Promise<readonly string[]> {
    if (this.#state.peek().kind === "busy") return ids;
    clearTimeout(this.#timer);
    this.#state.value = { kind: "busy", text: bulkProgressText(action, ids.length) };
    const done: string[] = [];
    const failed: BulkAnswer["failed"][number][] = [];
    for (let start = 0; start < ids.length; start += MAX_PAGE_SIZE) {
      const some = ids.slice(start, start + MAX_PAGE_SIZE);
      try {
        const answer = await this.#send(action, some);
        done.push(...answer.done);
        failed.push(...answer.failed);
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        failed.push(...ids.slice(start).map((id) => ({ id, detail })));
        break;
      }
    }
    this.#removed = action === "remove" ? done : [];
    const text = bulkResultText(action, done.length, failed.map(({ detail }) => detail));
    const undo = this.#removed.length;
    this.#state.value = { kind: "done", text, isProblem: failed.length > 0, undo };
    this.#announce(undo > 0 ? `${text} This can be undone for a few seconds.` : text);
    this.#timer = setTimeout(
      () => this.#state.value = { kind: "idle" },
      failed.length > 0 ? PROBLEM_MS : UNDO_MS,
    );
    return failed.map(({ id }) => id);
  }

  /** Undoes the last removal. */
  async undo(): Promise<void> {
    // The oldest task is restored first: most lists show the newest first, so each task is inserted at the
    // top.
    const ids = this.#removed.toReversed();
    this.#removed = [];
    if (ids.length > 0) await this.change("restore", ids);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
