/**
 * Delays cancellations for a moment, so that the user can undo them.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import { isFinal, type Task } from "../../lib/task/task.ts";
import { CANCEL_UNDO_SECONDS } from "../shared/model.ts";

/** The tasks of one request. */
interface Held {
  readonly ids: Set<string>;
  readonly release: () => void;
}

/** The cancellations that are not yet sent. */
export class Cancellations {
  /** The ids of the tasks whose cancellation can still be undone. */
  readonly held: Signal<ReadonlySet<string>> = signal(new Set());
  readonly #requests = new Set<Held>();
  readonly #onHeld: (count: number) => void;

  /** @param onHeld called with the number of tasks of each request that is held back */
  constructor(onHeld: (count: number) => void = () => {}) {
    this.#onHeld = onHeld;
  }

  /**
   * Holds back the cancellation of tasks.
   *
   * @returns resolves with the ids of the tasks to cancel now, without the tasks whose cancellation was undone
   */
  hold(ids: readonly string[]): Promise<readonly string[]> {
    const fresh = new Set(ids.filter((id) => !this.held.peek().has(id)));
    if (fresh.size === 0) return Promise.resolve([]);
    this.#onHeld(fresh.size);
    return new Promise((resolve) => {
      const release = () => {
        clearTimeout(timer);
        this.#requests.delete(held);
        this.#update();
        resolve([...fresh]);
      };
      const timer = setTimeout(release, CANCEL_UNDO_SECONDS * 1_000);
      const held = { ids: fresh, release };
      this.#requests.add(held);
      this.#update();
    });
  }

  /** Undoes the cancellation of tasks, if it has not been sent. */
  undo(ids: readonly string[]): void {
    for (const held of this.#requests) {
      for (const id of ids) held.ids.delete(id);
      if (held.ids.size === 0) held.release();
    }
    this.#update();
  }

  /** Drops the cancellations of tasks that have ended, because another task may get the same id. */
  dropEnded(tasks: readonly Task[]): void {
    if (this.#requests.size === 0) return;
    this.undo(tasks.filter(({ state }) => isFinal(state)).map(({ id }) => id));
  }

  /** Sends all delayed cancellations now, because the user is leaving the page. */
  flush(): void {
    for (const { release } of this.#requests) release();
  }

  #update(): void {
    this.held.value = new Set([...this.#requests].flatMap(({ ids }) => [...ids]));
  }
}
