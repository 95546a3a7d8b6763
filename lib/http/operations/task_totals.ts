/**
 * Counts the tasks that were created, ended and removed since the server started, for the metrics.
 *
 * @module
 */

import type { TaskRegistry } from "../../registry/task_registry.ts";
import { isEnd } from "../../registry/registry_events.ts";
import type { TaskState } from "../../task/task.ts";

/** Counts the changes to tasks from the time that this object is created. */
export class TaskTotals {
  #created = 0;
  #changes = 0;
  #removed = 0;
  readonly #ended: Map<TaskState, number>;

  /** @param registry the registry whose changes to count */
  constructor(registry: TaskRegistry) {
    // The tasks that the last process left unfinished have already ended as interrupted.
    this.#ended = new Map(registry.endedCounts);
    registry.subscribe((event) => {
      const { stored, before } = event;
      this.#changes++;
      if (stored === undefined) {
        this.#removed++;
        return;
      }
      if (before === undefined) this.#created++;
      const { state } = stored.summary;
      if (isEnd(event)) this.#ended.set(state, this.#ended.get(state)! + 1);
    });
  }

  /** The number of tasks created or restored. */
  get created(): number {
    return this.#created;
  }

  /** The number of tasks removed, by a request or because of a retention limit. */
  get removed(): number {
    return this.#removed;
  }

  /** The number of changes to tasks. */
  get changes(): number {
    return this.#changes;
  }

  /** The number of tasks ended, by final state. */
  get ended(): ReadonlyMap<TaskState, number> {
    return this.#ended;
  }
}
