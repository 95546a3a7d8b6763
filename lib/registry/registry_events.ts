/**
 * Publishes the changes of a registry to its listeners.
 *
 * @module
 */

import type { RegistryEvent } from "./registry_types.ts";
import { isFinal } from "../task/task.ts";

/** Calls all listeners with every change, in order and while the change is applied. */
export class RegistryEvents {
  readonly #listeners: Set<(event: RegistryEvent) => void> = new Set();
  #membershipSeq = 0;

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
    for (const listener of this.#listeners) listener(event);
  }

  /** Removes all listeners. */
  clear(): void {
    this.#listeners.clear();
  }
}
