/**
 * Counts what became of tasks since the start, for who sees to the server.
 *
 * @module
 */

import type { Registry } from "../../registry/registry.ts";
import { isFinal, type TaskState } from "../../task/task.ts";

/** Counts changes. */
export class TaskTotals {
  #created = 0;
  #changes = 0;
  #removed = 0;
  readonly #ended: Map<TaskState, number> = new Map([["FINISHED", 0], ["ERROR", 0], ["CANCELLED", 0]]);

  /** @param registry whose changes */
  constructor(registry: Registry) {
    registry.subscribe(({ stored, before }) => {
      this.#changes++;
      if (stored === undefined) {
        this.#removed++;
        return;
      }
      if (before === undefined) this.#created++;
      const { state } = stored.task;
      if (before === undefined || before.state === state || !isFinal(state)) return;
      this.#ended.set(state, (this.#ended.get(state) ?? 0) + 1);
    });
  }

  /** Tasks that were created, or came back. */
  get created(): number {
    return this.#created;
  }

  /** Tasks that were removed: by somebody, or as they were too old or too many. */
  get removed(): number {
    return this.#removed;
  }

  /** Changes of tasks. */
  get changes(): number {
    return this.#changes;
  }

  /** Tasks that ended, by how. */
  get ended(): ReadonlyMap<TaskState, number> {
    return this.#ended;
  }
}
