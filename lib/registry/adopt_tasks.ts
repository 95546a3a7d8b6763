/**
 * Adopts the unfinished tasks of an earlier authority, which is the previous process or another node.
 *
 * @module
 */

import { now } from "../clock.ts";
import type { OpenedTask, TaskStore } from "../store/store.ts";
import type { Task } from "../task/task.ts";
import type { ChangeApplier } from "./change_applier.ts";
import type { LiveTasks } from "./live_tasks.ts";
import type { StalenessLimits } from "./staleness.ts";

/** The parts of a registry that {@linkcode adoptTasks} works on. */
export interface AdoptionContext {
  readonly store: TaskStore;
  readonly live: LiveTasks;
  readonly changes: ChangeApplier;
  readonly limits: StalenessLimits;
  /** Returns whether the process of a remote reporter has ended, and its tasks with it. */
  readonly isGone: (reporterId: string) => boolean;
}

/**
 * Adopts unfinished tasks. Tasks that ran in the process of the earlier authority, or whose reporter has ended, are
 * marked as interrupted; tasks of other reporters continue.
 */
export function adoptTasks(
  { store, live, changes, limits, isGone }: AdoptionContext,
  opened: readonly OpenedTask[],
): void {
  const { seq } = store;
  for (const { client, id, progress: points, values, subtasks: sums = null } of opened) {
    const stored = store.index.get(client, id);
    const task = stored && store.atHand(stored)?.task;
    const owner = task?.reporter ?? null;
    if (task === undefined || owner === null || isGone(owner)) continue;
    const at = now();
    const unheard = unheardSeconds(task, at, limits);
    live.add(client, id, { owner, reporter: null, at, unheard, points, values, sums });
  }
  changes.adopt(opened);
  for (const { client, id } of opened) {
    const stored = store.index.get(client, id);
    // Each version of a record took a sequence number, so at most this many versions can have been lost.
    const lostVersions = seq - (stored?.seq ?? seq);
    const adopted = live.get(client, id);
    if (adopted === undefined) {
      const message = "The server ended while the task ran";
      changes.apply(client, id, { type: "interrupt", message, lostVersions });
    } else {
      const task = changes.apply(client, id, { type: "adopt", lostVersions });
      // The next report leads to a new estimate; until then, the stored one stays.
      adopted.estimator.observe(task, task.updated_at);
      // The newest point of progress may not be stored in the history, and a single point never is; the record has it.
      if (task.progress !== null) adopted.progress.add(task.updated_at, task.progress);
    }
  }
}

/**
 * Returns the time since the last sign of life of a task, in seconds. Without an authority, its reporter could not report,
 * so a task does not become stale until the reporter has had time to reconnect.
 */
function unheardSeconds(
  { stale, stale_after, updated_at }: Task,
  at: number,
  limits: StalenessLimits,
): number {
  const unheard = Math.max(0, at - updated_at);
  return stale || stale_after === null
    ? unheard
    : Math.min(unheard, stale_after - limits.reporterAwayMs / 1_000);
}
