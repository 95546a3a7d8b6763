/**
 * Changes many tasks at once, says in sum what came of it, and takes a removal back while that can be done.
 *
 * @module
 */

import type { Signal } from "@preact/signals";
import { sayBulk, sayBulkStart } from "../shared/bulk_words.ts";
import type { BulkAction, BulkState } from "../shared/view.ts";

/** What became of each task. */
export interface BulkAnswer {
  readonly done: readonly string[];
  /** Why not, for the others. */
  readonly failed: readonly { readonly id: string; readonly detail: string }[];
}

/** How long the way back is offered, in milliseconds: as long as the server has it. */
const UNDO_MS = 5_000;
/** How long is said what could not be done, in milliseconds. */
const PROBLEM_MS = 8_000;
/** Tasks that are changed by one request. */
const AT_ONCE = 1_000;

/** Changes tasks, and says so. */
export class BulkChanger implements Disposable {
  readonly #state: Signal<BulkState>;
  readonly #send: (action: BulkAction, ids: readonly string[]) => Promise<BulkAnswer>;
  readonly #say: (text: string) => void;
  #removed: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param state shows what becomes of it
   * @param send asks the server; rejects with an error for people
   * @param say puts a sentence where screen readers find it
   */
  constructor(
    state: Signal<BulkState>,
    send: (action: BulkAction, ids: readonly string[]) => Promise<BulkAnswer>,
    say: (text: string) => void,
  ) {
    this.#state = state;
    this.#send = send;
    this.#say = say;
  }

  /**
   * Changes tasks.
   *
   * @returns the ids of those that could not be changed
   */
  async change(action: BulkAction, ids: readonly string[]): Promise<readonly string[]> {
    if (this.#state.peek().kind === "busy") return ids;
    clearTimeout(this.#timer);
    this.#state.value = { kind: "busy", text: sayBulkStart(action, ids.length) };
    const done: string[] = [];
    const failed: BulkAnswer["failed"][number][] = [];
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE);
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
    const text = sayBulk(action, done.length, failed.map(({ detail }) => detail));
    const undo = this.#removed.length;
    this.#state.value = { kind: "done", text, isProblem: failed.length > 0, undo };
    this.#say(undo > 0 ? `${text} This can be undone for a few seconds.` : text);
    this.#timer = setTimeout(
      () => this.#state.value = { kind: "idle" },
      failed.length > 0 ? PROBLEM_MS : UNDO_MS,
    );
    return failed.map(({ id }) => id);
  }

  /** Takes the last removal back. */
  async undo(): Promise<void> {
    // Lists mostly begin with the newest. To put tasks back costs least where the oldest comes first.
    const ids = this.#removed.toReversed();
    this.#removed = [];
    if (ids.length > 0) await this.change("restore", ids);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
