/**
 * Performs bulk actions in batches, reports their outcome, and can undo removals and cancellations.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import { countNoun } from "../../lib/text/format.ts";
import { MAX_PAGE_SIZE } from "../../lib/task/task_query.ts";
import { bulkProgressText, bulkResultText } from "../shared/bulk_text.ts";
import type { BulkAction, BulkState } from "../shared/view.ts";
import type { AnnouncementTopic } from "./announcer.ts";
import type { Cancellations } from "./cancellations.ts";
import { UnknownOutcomeError } from "./requests.ts";

/** The outcome of a bulk action for each task. */
export interface BulkAnswer {
  readonly done: readonly string[];
  /** The reason of the failure for each task for which the action failed. */
  readonly failed: readonly { readonly id: string; readonly detail: string }[];
}

/** The dependencies of a {@linkcode BulkChanger}. */
export interface BulkChangerOptions {
  /** Sends one batch to the server; rejects with an error whose message can be shown to the user. */
  readonly send: (action: BulkAction, ids: readonly string[]) => Promise<BulkAnswer>;
  /** Announces an outcome to screen readers. */
  readonly announce: (text: string, topic: AnnouncementTopic) => void;
  readonly cancellations: Cancellations;
  /** How long the server can restore a removed task, in seconds. */
  readonly undoSeconds: number;
}

/** An outcome that the page shows for some seconds. */
interface Outcome {
  readonly action: BulkAction;
  readonly text: string;
  readonly isProblem: boolean;
}

/** How long the outcome of an action is shown, in milliseconds. */
const DONE_MS = 5_000;
/** How long the message about a failure is shown, in milliseconds. */
const PROBLEM_MS = 8_000;

/** Performs bulk actions, one after the other, and writes their state to a signal. */
export class BulkChanger implements Disposable {
  readonly #state: Signal<BulkState>;
  readonly #options: BulkChangerOptions;
  /** The ids of the removed tasks that can be restored, one array for each request, oldest first. */
  #removed: readonly (readonly string[])[] = [];
  /** The ids of the tasks whose cancellation is held back. */
  #held: readonly string[] = [];
  /** The text about the action in progress; `null` if there is none. */
  #progress: string | null = null;
  #outcome: Outcome | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #outcomeTimer: ReturnType<typeof setTimeout> | undefined;
  /** The timers after which removals can no longer be undone. */
  readonly #undoTimers = new Map<readonly string[], ReturnType<typeof setTimeout>>();

  /**
   * @param state receives the progress and the outcome of each action
   * @param options the functions and objects that the actions use
   */
  constructor(state: Signal<BulkState>, options: BulkChangerOptions) {
    this.#state = state;
    this.#options = options;
  }

  /**
   * Performs an action on tasks, once all earlier actions are done. A cancellation is first held back, so that it can
   * be undone.
   *
   * @returns the ids of the tasks for which the action failed or was undone
   */
  async change(action: BulkAction, ids: readonly string[]): Promise<readonly string[]> {
    const wanted = action === "cancel" ? await this.#hold(ids) : ids;
    const undone = [...new Set(ids).difference(new Set(wanted))];
    if (wanted.length === 0) return undone;
    const turn = this.#turn.then(() => this.#perform(action, wanted));
    this.#turn = turn;
    return [...undone, ...await turn];
  }

  /** Undoes the cancellation that is held back; if there is none, undoes all removals that can be undone. */
  async undo(): Promise<void> {
    if (this.#held.length > 0) return this.#options.cancellations.undo(this.#held);
    // The oldest task is restored first: most lists show the newest task first, so that each restored task is inserted
    // at the top.
    const removed = this.#removed;
    const ids = removed.flat().toReversed();
    this.#removed = [];
    if (ids.length === 0) return;
    const failed = new Set(await this.change("restore", ids));
    // If a request failed as a whole, it can be tried again.
    const left = removed.filter((each) => this.#undoTimers.has(each) && each.every((id) => failed.has(id)));
    this.#removed = [...left, ...this.#removed];
    this.#show();
  }

  /** Hides the outcome of the last action; removals can still be undone. */
  dismiss(): void {
    this.#outcome = null;
    this.#show();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#outcomeTimer);
    this.#undoTimers.forEach((timer) => clearTimeout(timer));
  }

  async #hold(ids: readonly string[]): Promise<readonly string[]> {
    this.#held = ids;
    this.#show();
    const wanted = await this.#options.cancellations.hold(ids);
    this.#held = [];
    this.#show();
    return wanted;
  }

  async #perform(action: BulkAction, ids: readonly string[]): Promise<readonly string[]> {
    this.#progress = bulkProgressText(action, ids.length);
    this.#show();
    const batches = Array.from(
      { length: Math.ceil(ids.length / MAX_PAGE_SIZE) },
      (_, index) => ids.slice(index * MAX_PAGE_SIZE, (index + 1) * MAX_PAGE_SIZE),
    );
    // Batches do not wait for each other's responses, because the user may be leaving the page.
    const answers = await Promise.all(batches.map((batch) => this.#send(action, batch)));
    const done = answers.reduce((sum, answer) => sum + answer.done.length, 0);
    const failed = answers.flatMap((answer) => answer.failed);
    this.#progress = null;
    this.#report({
      action,
      text: bulkResultText(action, done, failed.map(({ detail }) => detail)),
      isProblem: failed.length > 0,
    });
    return failed.map(({ id }) => id);
  }

  /** Sends one batch; never rejects. */
  async #send(action: BulkAction, ids: readonly string[]): Promise<BulkAnswer> {
    const sentMs = Date.now();
    try {
      const answer = await this.#options.send(action, ids);
      if (action === "remove") this.#offerUndo(answer.done, sentMs);
      return answer;
    } catch (error) {
      // The server may have removed the tasks. Restoring a task that is still there fails harmlessly.
      if (action === "remove" && error instanceof UnknownOutcomeError) this.#offerUndo(ids, sentMs);
      const detail = error instanceof Error ? error.message : String(error);
      return { done: [], failed: ids.map((id) => ({ id, detail })) };
    }
  }

  /** Offers to undo a removal while the server is sure to be able to: the tasks were removed after `sentMs`. */
  #offerUndo(ids: readonly string[], sentMs: number): void {
    const leftMs = sentMs + this.#options.undoSeconds * 1_000 - Date.now();
    if (ids.length === 0 || leftMs <= 0) return;
    this.#removed = [...this.#removed, ids];
    const timer = setTimeout(() => {
      this.#undoTimers.delete(ids);
      this.#removed = this.#removed.filter((each) => each !== ids);
      this.#show();
    }, leftMs);
    this.#undoTimers.set(ids, timer);
  }

  #report(outcome: Outcome): void {
    const { announce, undoSeconds } = this.#options;
    clearTimeout(this.#outcomeTimer);
    this.#outcome = outcome;
    this.#outcomeTimer = setTimeout(() => this.dismiss(), outcome.isProblem ? PROBLEM_MS : DONE_MS);
    this.#show();
    const isUndoable = outcome.action === "remove" && this.#removed.length > 0;
    if (!isUndoable) announce(outcome.text, "list");
    else announce(`${outcome.text} This can be undone for ${countNoun(undoSeconds, "second")}.`, "undo");
  }

  #show(): void {
    this.#state.value = this.#stateNow();
  }

  #stateNow(): BulkState {
    if (this.#progress !== null) return { kind: "busy", text: this.#progress };
    if (this.#held.length > 0) {
      return { kind: "held", text: bulkProgressText("cancel", this.#held.length), undo: this.#held.length };
    }
    const undo = this.#removed.flat().length;
    const removed = undo > 0 ? bulkResultText("remove", undo, []) : "";
    if (this.#outcome === null) {
      return undo === 0 ? { kind: "idle" } : { kind: "done", text: removed, isProblem: false, undo };
    }
    const { action, text, isProblem } = this.#outcome;
    // The text says what Undo restores, which may include earlier removals.
    const isAboutUndo = action === "remove" && !isProblem && undo > 0;
    const all = isAboutUndo ? removed : action === "remove" ? text : `${text} ${removed}`.trim();
    return { kind: "done", text: all, isProblem, undo };
  }
}
