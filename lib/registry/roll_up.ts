/**
 * Rolls the progress of subtasks up to their parents.
 *
 * @module
 */

import { andThen } from "../task/maybe_promise.ts";
import { SUBTASK_SUMS } from "../store/side_tables.ts";
import type { StoredTask, TaskKey, TaskStore } from "../store/store.ts";
import { isFinal, type RollUpChange, type Task, type TaskChange } from "../task/task.ts";
import { TaskMap } from "../task/task_map.ts";
import { MAX_ANCESTORS } from "./ancestry.ts";
import type { LiveTask, LiveTasks } from "./live_tasks.ts";
import { newContribution, SubtaskProgress } from "./subtask_progress.ts";

/** The parts of a registry that a {@linkcode RollUp} works on. */
export interface RollUpContext {
  readonly store: TaskStore;
  readonly live: LiveTasks;
  /** Applies the new progress of a parent, without rolling it up further; returns the new record. */
  readonly apply: (client: string, id: string, change: RollUpChange, at: number) => Task;
}

/** The sums of a task without subtasks. */
const NONE = new SubtaskProgress();

/** Keeps sums over the subtasks of each unfinished task, and updates the progress of the task from them. */
export class RollUp {
  readonly #context: RollUpContext;
  /** The ids of the unfinished tasks whose parents do not exist, by parent. */
  readonly #orphans: TaskMap<Set<string>> = new TaskMap();

  /** @param context the parts of the registry to work on */
  constructor(context: RollUpContext) {
    this.#context = context;
  }

  /** Forgets the tasks whose parents do not exist. */
  clear(): void {
    this.#orphans.clear();
  }

  /**
   * Updates the progress of a task and its ancestors after a change of the task. Call this before a task that
   * has ended is removed from the unfinished tasks.
   *
   * @param client the client token
   * @param task the record after the change
   * @param change the change
   * @param at when the change happened, in epoch seconds
   */
  changed(client: string, task: Task, change: TaskChange, at: number): void {
    if (change.type === "create") {
      this.#replaceEarlierAttempt(client, task);
      this.#noteOrphan(client, task);
    } else if (isFinal(task.state)) this.#forgetOrphan(client, task);
    const live = change.type === "update" && change.expected_weight !== undefined
      ? this.#context.live.get(client, task.id)
      : undefined;
    this.#rollUp(client, live === undefined ? task : this.#refresh(live, at) ?? task, at);
    if (change.type === "create") this.#takeOrphans(client, task.id, at);
  }

  /**
   * Adds the unfinished tasks of a store that was just opened to the sums of their parents. The progress of
   * the parents stays as it is, because it was stored together with the subtasks.
   *
   * @param tasks the keys of the unfinished tasks
   */
  adopt(tasks: readonly TaskKey[]): void {
    const { live } = this.#context;
    for (const { client, id } of tasks) {
      const child = live.get(client, id);
      const task = this.#record(client, id);
      if (child === undefined || task === undefined || task.parent_id === null) continue;
      const parent = live.get(client, task.parent_id);
      if (parent === undefined) {
        this.#noteOrphan(client, task);
        continue;
      }
      (parent.subtasks ??= new SubtaskProgress()).update(task, child.contribution);
    }
  }

  #noteOrphan(client: string, { id, parent_id: parentId }: Task): void {
    if (parentId === null || this.#context.store.index.get(client, parentId) !== undefined) return;
    const siblings = this.#orphans.get(client, parentId);
    if (siblings === undefined) this.#orphans.set(client, parentId, new Set([id]));
    else siblings.add(id);
  }

  #forgetOrphan(client: string, { id, parent_id: parentId }: Task): void {
    if (parentId === null) return;
    const siblings = this.#orphans.get(client, parentId);
    if (siblings?.delete(id) && siblings.size === 0) this.#orphans.delete(client, parentId);
  }

  /** Adds the unfinished subtasks of a new task that were reported before it. */
  #takeOrphans(client: string, id: string, at: number): void {
    const ids = this.#orphans.get(client, id);
    const { live } = this.#context;
    const parent = live.get(client, id);
    if (ids === undefined || parent === undefined) return;
    this.#orphans.delete(client, id);
    parent.subtasks ??= new SubtaskProgress();
    for (const each of ids) {
      const [task, orphan] = [this.#record(client, each), live.get(client, each)];
      if (task !== undefined && orphan !== undefined) parent.subtasks.addEarlier(task, orphan.contribution);
    }
    const after = this.#refresh(parent, at);
    if (after !== null) this.#rollUp(client, after, at);
  }

  #rollUp(client: string, child: Task, at: number): void {
    const { live } = this.#context;
    let task = child;
    for (let height = 0; task.parent_id !== null && height < MAX_ANCESTORS; height++) {
      const parent = live.get(client, task.parent_id);
      if (parent === undefined) return;
      const isFirst = parent.subtasks === null;
      parent.subtasks ??= new SubtaskProgress();
      // If the previous process ran the task, it is not in `live` when its end is recorded.
      const contribution = live.get(client, task.id)?.contribution ?? newContribution();
      const change = parent.subtasks.update(task, contribution);
      if (change === "none") return;
      if (change === "stored") this.#save(parent, parent.subtasks);
      const after = this.#refresh(parent, at, isFirst);
      if (after === null) return;
      task = after;
    }
  }

  /**
   * Updates the progress of a task from its subtasks.
   *
   * @param isFirst whether the task has just got its first subtask, so that progress that was read from its output no
   * longer counts
   * @returns the new record; `null` if it did not change
   */
  #refresh({ client, id, subtasks, isRead }: LiveTask, at: number, isFirst: boolean = false): Task | null {
    const { apply } = this.#context;
    const task = this.#record(client, id);
    if (task === undefined || task.own_progress) return null;
    const progress = (subtasks ?? NONE).progress(task.expected_weight);
    // If subtasks make progress, the task is in progress, too, even if it is unknown how much is left.
    const isAtWork = task.state === "PROCESSING" || subtasks?.hasMoved !== true;
    // A task that does not report its own progress has counts only if they were read from its output.
    const replacesRead = isFirst && (isRead || task.current !== null);
    if (progress === task.progress && isAtWork && !replacesRead) return null;
    return apply(client, id, { type: "roll_up", progress, replacesRead }, at);
  }

  /** Subtracts the attempt that a new task retries from the sums of their common parent. */
  #replaceEarlierAttempt(client: string, retry: Task): void {
    if (retry.parent_id === null || retry.retry_of === null) return;
    const { live, store } = this.#context;
    const parent = live.get(client, retry.parent_id);
    const counted = parent === undefined ? undefined : countedAttempt(store, client, retry);
    if (!parent?.subtasks || counted === undefined) return;
    const { subtasks } = parent;
    const replaced = andThen(store.records([counted]), ([record]) => {
      if (record === undefined) return;
      const running = live.get(client, counted.id);
      if (running === undefined) subtasks.replaceEnded(record.task);
      else subtasks.replace(record.task, running.contribution);
      this.#save(parent, subtasks);
    });
    // If the record of the earlier attempt cannot be read, both attempts count in the sums of the parent.
    if (replaced instanceof Promise) replaced.catch(() => {});
  }

  /** Returns the record of a task that has not ended; `undefined` if it does not exist. */
  #record(client: string, id: string): Task | undefined {
    const { store } = this.#context;
    const stored = store.index.get(client, id);
    return stored && store.atHand(stored)?.task;
  }

  #save({ client, id }: LiveTask, { sums }: SubtaskProgress): void {
    this.#context.store.putEntries(SUBTASK_SUMS, client, id, [sums]);
  }
}

/**
 * Finds the attempt of a subtask that counted for the parent until now: the newest attempt before the retry. The
 * attempt cannot be found if its record was removed.
 */
function countedAttempt({ index }: TaskStore, client: string, retry: Task): StoredTask | undefined {
  const siblings = [...index.list(client)].filter(({ id, summary }) =>
    summary.parent_id === retry.parent_id && id !== retry.id
  );
  const origins = new Map(siblings.map(({ id, summary }) => [id, summary.retry_of]));
  const attempts = new Set<string>();
  for (
    let id: string | null = retry.retry_of;
    id !== null && !attempts.has(id);
    id = origins.get(id) ?? null
  ) {
    attempts.add(id);
  }
  let newest: StoredTask | undefined;
  // Siblings are in the order of creation, so that every retry comes after the attempt that it retries.
  for (const sibling of siblings) {
    const { retry_of: origin } = sibling.summary;
    if (!attempts.has(sibling.id) && (origin === null || !attempts.has(origin))) continue;
    attempts.add(sibling.id);
    newest = sibling;
  }
  return newest;
}
