/**
 * Removes, restores and expires the tasks of a registry that have ended.
 *
 * @module
 */

import { now } from "../clock.ts";
import type { EndedTask, TaskStore } from "../store/store.ts";
import { TaskInMemory } from "../store/store.ts";
import type { Task, TaskSummary } from "../task/task.ts";
import { transition, TransitionError } from "../task/transition.ts";
import type { PastRuns } from "./past_runs.ts";
import type { RegistryEvents } from "./registry_events.ts";
import { RestorableTasks } from "./restorable.ts";
import type { Retention } from "./retention.ts";

/** The bounds of {@linkcode EndedTasks}. */
export interface EndedTasksLimits {
  /** How long ended tasks are kept, in milliseconds from their end. */
  readonly endedTaskAgeMs: number;
  /** How long a removed task can be restored, in milliseconds from its removal. */
  readonly restoreWindowMs: number;
}

/** The parts of a registry that {@linkcode EndedTasks} works on. */
export interface EndedTasksContext {
  readonly store: TaskStore;
  readonly retention: Retention;
  readonly past: PastRuns;
  readonly events: RegistryEvents;
}

/** Everything that happens to tasks after their end. */
export class EndedTasks {
  readonly #context: EndedTasksContext;
  readonly #limits: EndedTasksLimits;
  readonly #restorable: RestorableTasks;

  /**
   * @param context the parts of the registry to work on
   * @param limits the bounds to keep
   */
  constructor(context: EndedTasksContext, limits: EndedTasksLimits) {
    this.#context = context;
    this.#limits = limits;
    this.#restorable = new RestorableTasks(limits.restoreWindowMs);
  }

  /** Whether some removed tasks can still be restored. */
  get hasRestorable(): boolean {
    return this.#restorable.size > 0;
  }

  /** Takes over a task that has just ended. */
  add(client: string, task: TaskSummary): void {
    const { retention, past } = this.#context;
    past.ended(client, task);
    // By our clock: a reporter's may be behind by more than the time that a task is kept.
    retention.end({ client, id: task.id, endedAt: now() });
    this.expire(client);
  }

  /** A new task takes the id: an earlier task of that id can no longer be restored. */
  replaced(client: string, id: string): void {
    this.#restorable.delete({ client, id });
  }

  /**
   * Removes a task that has ended. For a while it can be restored.
   *
   * @returns whether there was such a task
   */
  remove(client: string, id: string): boolean {
    const { store, retention, past } = this.#context;
    if (!retention.hasEnded(client, id)) return false;
    const name = store.index.get(client, id)?.summary.name;
    const ended = this.#remove(client, id);
    if (ended !== undefined) this.#restorable.add(ended);
    if (name !== undefined) past.forget(client, name);
    return true;
  }

  /**
   * Restores a task that was removed a moment ago, with its side tables.
   *
   * @returns the record
   * @throws {TransitionError} if it was not removed, or too long ago
   */
  restore(client: string, id: string): Task {
    const { store, retention, past, events } = this.#context;
    const removed = store.removed(client, id);
    const ended = this.#restorable.get({ client, id });
    if (removed === undefined || ended === undefined) {
      throw store.index.get(client, id) === undefined
        ? new TransitionError(
          "task_not_found",
          `Cannot restore task "${id}": it was not removed, or too long ago`,
        )
        : new TransitionError("task_exists", `Cannot restore task "${id}": the id is already taken`);
    }
    const seq = store.takeSeq();
    const change = { type: "restore" } as const;
    const stored = new TaskInMemory(transition(removed, id, change, now()), seq);
    this.#restorable.delete({ client, id });
    store.restore(client, stored);
    past.forget(client, removed.name);
    retention.restore(ended);
    events.publish({ client, seq, stored, before: undefined, change });
    this.expire(client);
    return stored.task;
  }

  /** Removes the ended tasks beyond the bounds: those of all clients together, and those of `client` if given. */
  expire(client?: string): void {
    const { store, retention } = this.#context;
    const endedBefore = now() - this.#limits.endedTaskAgeMs / 1000;
    for (let key = retention.excess(endedBefore, client); key !== undefined;) {
      this.#remove(key.client, key.id);
      store.purge(key.client, key.id);
      key = retention.excess(endedBefore, client);
    }
  }

  /** Purges the removed tasks that can no longer be restored. */
  purgeOverdue(): void {
    for (const { client, id } of this.#restorable.takeOverdue()) this.#context.store.purge(client, id);
  }

  #remove(client: string, id: string): EndedTask | undefined {
    const { store, retention, events } = this.#context;
    const seq = store.takeSeq();
    const ended = retention.forget(client, id);
    store.remove(client, id, seq);
    events.publish({ client, seq, removedId: id });
    return ended;
  }
}
