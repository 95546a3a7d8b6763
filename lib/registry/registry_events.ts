/**
 * Publishes the changes of a registry to its listeners.
 *
 * @module
 */

import type { RegistryEvent } from "./registry_types.ts";
import { isFinal, type TaskState } from "../task/task.ts";

/**
 * Returns whether a task ended with a change. The first event of a task of another node may be its end, because such
 * events combine several changes.
 */
export function isEnd({ stored, before, change }: RegistryEvent): boolean {
  if (stored === undefined || change.type === "restore") return false;
  return isFinal(stored.summary.state) && (before === undefined || !isFinal(before.state));
}

/** Calls all listeners with every change, in order and while the change is applied. */
export class RegistryEvents {
  readonly #listeners: Set<(event: RegistryEvent) => void> = new Set();
  readonly #endedCounts: Map<TaskState, number> = new Map([["FINISHED", 0], ["ERROR", 0], ["CANCELLED", 0]]);
  #membershipSeq = 0;

  /** The number of tasks that have ended so far, by final state. */
  get endedCounts(): ReadonlyMap<TaskState, number> {
    return this.#endedCounts;
  }

  /** The sequence number of the last change that created, ended, removed or restored a task. */
  get membershipSeq(): number {
    return this.#membershipSeq;
  }

  /**
   * Adds a listener, which must neither throw nor change tasks.
   *
   * @returns a function that removes the listener
   */
  subscribe(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Publishes a change. */
  publish(event: RegistryEvent): void {
    const { seq, before, stored } = event;
    if (stored === undefined || before === undefined || isFinal(stored.summary.state)) {
      this.#membershipSeq = seq;
    }
    if (isEnd(event)) {
      const { state } = event.stored!.summary;
      this.#endedCounts.set(state, this.#endedCounts.get(state)! + 1);
    }
    for (const listener of this.#listeners) listener(event);
  }

  /** Removes all listeners. */
  clear(): void {
    this.#listeners.clear();
  }
}
