/**
 * Tasks that were removed a moment ago and can be restored.
 *
 * @module
 */

import type { EndedTask, TaskKey } from "../store/store.ts";

/** Remembers for how long each removed task can be restored. */
export class RestorableTasks {
  readonly #windowMs: number;
  /** When each was removed, in the order of their removal. */
  readonly #tasks: Map<string, { readonly ended: EndedTask; readonly removedMs: number }> = new Map();

  /** @param windowMs how long a removed task can be restored, in milliseconds */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** How many there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Remembers a task that was removed just now. */
  add(ended: EndedTask): void {
    this.delete(ended);
    this.#tasks.set(nameOf(ended), { ended, removedMs: Date.now() });
  }

  /** The task, where it can be restored. */
  get(key: TaskKey): EndedTask | undefined {
    const known = this.#tasks.get(nameOf(key));
    return known === undefined || this.#isOver(known.removedMs) ? undefined : known.ended;
  }

  /** Forgets a task. */
  delete(key: TaskKey): void {
    this.#tasks.delete(nameOf(key));
  }

  /** Forgets the tasks that can't be restored any more, and gives them back. */
  takeOverdue(): TaskKey[] {
    const overdue: TaskKey[] = [];
    for (const [name, { ended, removedMs }] of this.#tasks) {
      if (!this.#isOver(removedMs)) break;
      this.#tasks.delete(name);
      overdue.push(ended);
    }
    return overdue;
  }

  #isOver(removedMs: number): boolean {
    return Date.now() - removedMs > this.#windowMs;
  }
}

function nameOf({ client, id }: TaskKey): string {
  return `${client}/${id}`;
}
