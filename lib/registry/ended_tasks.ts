/**
 * Removes, restores and expires the tasks of a registry that have ended.
 *
 * @module
 */

import { now } from "../clock.ts";
import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { EndedTask, StoredTask, TaskKey, TaskStore } from "../store/store.ts";
import { TaskInMemory } from "../store/task_in_memory.ts";
import type { Task, TaskSummary } from "../task/task.ts";
import { transition, TransitionError } from "../task/transition.ts";
import { possibleParent } from "./ancestry.ts";
import type { PastRuns } from "./past_runs.ts";
import type { RegistryEvents } from "./registry_events.ts";
import { RestorableTasks } from "./restorable.ts";
import type { Retention } from "./retention.ts";

/** The limits of {@linkcode EndedTasks}: how long tasks are kept after their end, and after their removal. */
export interface EndedTasksLimits {
  /** How long ended tasks are kept, in milliseconds from their end. */
  readonly endedTaskAgeMs: number;
  /** How long a removed task can be restored, in milliseconds from its removal. */
  readonly restoreWindowMs: number;
}

/**
 * The number of tasks beyond the limits that are purged together, because a store deletes the rows of many tasks at
 * once faster than those of each task.
 */
const PURGED_TOGETHER = 16;

/** The parts of a registry that {@linkcode EndedTasks} works on. */
export interface EndedTasksContext {
  readonly store: TaskStore;
  readonly retention: Retention;
  readonly past: PastRuns;
  readonly events: RegistryEvents;
}

/** Manages the ended tasks of a registry: removes, restores and expires them. */
export class EndedTasks {
  readonly #context: EndedTasksContext;
  readonly #limits: EndedTasksLimits;
  readonly #restorable: RestorableTasks;
  /** The tasks that were removed because of the limits, and that are not purged yet. */
  #expired: TaskKey[] = [];

  /**
   * @param context the parts of the registry to work on
   * @param limits how long to keep ended and removed tasks
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

  /** Adds a task that has just ended. */
  add(client: string, task: TaskSummary): void {
    const { store, retention, past } = this.#context;
    store.pastRuns.add(client, task);
    past.ended(client, task);
    // The monitor's clock is used, because a reporter's clock may be behind by more than the time that a task is kept.
    retention.end({ client, id: task.id, endedAt: now() });
    this.expire(client);
  }

  /**
   * Notes that a new task has taken an id. An earlier task with that id can no longer be restored, if it was removed,
   * and no longer counts as ended, if it was left out because its record is damaged.
   */
  replaced(client: string, id: string): void {
    this.#restorable.delete({ client, id });
    this.#context.retention.forget(client, id);
  }

  /**
   * Removes a task that has ended. For a while, the task can be restored. The past run of the task is kept.
   *
   * @returns whether the task existed and had ended
   */
  remove(client: string, id: string): boolean {
    if (!this.#context.retention.hasEnded(client, id)) return false;
    const ended = this.#remove(client, id, false);
    if (ended !== undefined) this.#restorable.add(ended);
    return true;
  }

  /** Returns when a task was removed, in epoch seconds; `undefined` if it cannot be restored. */
  removedAt(client: string, id: string): number | undefined {
    return this.#restorable.removedAt({ client, id });
  }

  /**
   * Restores a recently removed task, with its log and history.
   *
   * @returns the record of the restored task
   * @throws {TransitionError} if the task was not removed, or was removed too long ago
   * @throws {StorageError} if the record of the task cannot be read
   */
  restore(client: string, id: string): MaybePromise<Task> {
    const { store } = this.#context;
    const { stored } = this.#restorableTask(client, id);
    return andThen(store.records([stored]), ([record]) => {
      // While its record was read, the task may have been purged, or another request may have restored it.
      const { stored: now, ended } = this.#restorableTask(client, id);
      if (now !== stored) return this.restore(client, id);
      if (record === undefined) throw notRestorable(id);
      return this.#restore(client, record.task, ended);
    });
  }

  #restorableTask(client: string, id: string): { readonly stored: StoredTask; readonly ended: EndedTask } {
    const { store } = this.#context;
    const stored = store.removed(client, id);
    const ended = this.#restorable.get({ client, id });
    if (stored !== undefined && ended !== undefined) return { stored, ended };
    throw store.index.get(client, id) === undefined
      ? notRestorable(id)
      : new TransitionError("task_exists", `Cannot restore task "${id}": the id is already taken`);
  }

  #restore(client: string, removed: Task, ended: EndedTask): Task {
    const { store, retention, events } = this.#context;
    const { id } = removed;
    const seq = store.takeSeq();
    const change = { type: "restore" } as const;
    // A task that was created in the meantime may have become a descendant.
    const parent_id = possibleParent(store.index, client, id, removed.parent_id);
    const stored = new TaskInMemory({ ...transition(removed, id, change, now()), parent_id }, seq);
    this.#restorable.delete({ client, id });
    store.restore(client, stored);
    retention.restore(ended);
    events.publish({ client, seq, stored, before: undefined, change });
    this.expire(client);
    return stored.task;
  }

  /**
   * Removes the ended tasks that exceed the limits: the limits for all clients together and, if `client` is given, the
   * limits for this client.
   */
  expire(client?: string): void {
    const { retention } = this.#context;
    const at = now();
    retention.correctEnds(at);
    const endedBefore = at - this.#limits.endedTaskAgeMs / 1000;
    for (let key = retention.excess(endedBefore, client); key !== undefined;) {
      this.#remove(key.client, key.id, true);
      this.#expired.push(key);
      key = retention.excess(endedBefore, client);
    }
    if (this.#expired.length >= PURGED_TOGETHER) this.#purgeExpired();
  }

  /** Purges the removed tasks that can no longer be restored. */
  purgeOverdue(): void {
    for (const { client, id } of this.#restorable.takeOverdue()) this.#context.store.purge(client, id);
    this.#purgeExpired();
  }

  /** Forgets which tasks can be restored. */
  clear(): void {
    this.#restorable.clear();
    this.#expired = [];
  }

  #purgeExpired(): void {
    for (const key of this.#expired.splice(0)) {
      // Another task with the same id may have been removed since, and may still be restored.
      if (this.#restorable.get(key) === undefined) this.#context.store.purge(key.client, key.id);
    }
  }

  #remove(client: string, id: string, isExpired: boolean): EndedTask | undefined {
    const { store, retention, events } = this.#context;
    const seq = store.takeSeq();
    const ended = retention.forget(client, id);
    store.remove(client, id, seq, isExpired);
    events.publish({ client, seq, removedId: id });
    return ended;
  }
}

function notRestorable(id: string): TransitionError {
  return new TransitionError(
    "task_not_found",
    `Cannot restore task "${id}": it was not removed, or too long ago`,
  );
}
