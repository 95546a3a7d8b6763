/**
 * Applies changes to the tasks of a registry: assigns sequence numbers, stores the new records and publishes
 * the changes.
 *
 * @module
 */

import { monotonicMs, now } from "../clock.ts";
import { HISTORY, LOG_LINES } from "../store/side_tables.ts";
import type { TaskKey, TaskRecord, TaskStore } from "../store/store.ts";
import { TaskInMemory } from "../store/task_in_memory.ts";
import { isFinal, type Task, type TaskChange } from "../task/task.ts";
import { endedError, historyEntryOf, isSignOfLife, newLines, transition } from "../task/transition.ts";
import { updateOf } from "../task/update_fields.ts";
import { possibleParent } from "./ancestry.ts";
import type { EndedTasks } from "./ended_tasks.ts";
import type { LiveTasks } from "./live_tasks.ts";
import type { RegistryEvents } from "./registry_events.ts";
import type { Reporter } from "./registry_types.ts";
import type { Retention } from "./retention.ts";
import { RollUp } from "./roll_up.ts";

/** The parts of a registry that a {@linkcode ChangeApplier} works on. */
export interface ChangeApplierContext {
  readonly store: TaskStore;
  readonly live: LiveTasks;
  readonly ended: EndedTasks;
  readonly retention: Retention;
  readonly events: RegistryEvents;
  /** Called when a task is created. */
  readonly onCreate: () => void;
  /** Called when a task ends, in the same turn of the event loop in which its final state is stored. */
  readonly onEnd: ((client: string, stored: TaskRecord) => void) | undefined;
}

/** Who caused a change, and when. */
export interface ChangeOrigin {
  /** When the change happened, in epoch seconds; by default, the current time. */
  readonly at?: number;
  /** The reporter that sent the change; `null` or absent if the change has another source. */
  readonly reporter?: Reporter | null;
  /** The sequence number that the reporter gave the report. With this number, a resent report has no effect. */
  readonly reportSeq?: number | null;
}

/** Applies changes to tasks synchronously, so that no two changes overlap. */
export class ChangeApplier {
  readonly #context: ChangeApplierContext;
  readonly #rollUp: RollUp;

  /** @param context the parts of the registry to work on */
  constructor(context: ChangeApplierContext) {
    this.#context = context;
    const { store, live } = context;
    this.#rollUp = new RollUp({
      store,
      live,
      apply: (client, id, change, at) => this.apply(client, id, change, { at }),
    });
  }

  /** Adds the unfinished tasks of a store that was just opened to the progress sums of their parents. */
  adopt(tasks: readonly TaskKey[]): void {
    this.#rollUp.adopt(tasks);
  }

  /** Forgets which unfinished tasks have parents that do not exist. */
  clear(): void {
    this.#rollUp.clear();
  }

  /**
   * Applies a change to a task. A task that would be its own ancestor is created without a parent, and progress that
   * was read from the output of a task with subtasks is ignored, because the output may be that of a subtask.
   *
   * @param client the client token
   * @param id the task's id
   * @param requested the change
   * @param origin who caused the change, and when
   * @returns the record after the change
   * @throws {TransitionError} if the task's state does not allow the change, or the task has ended and its record is
   * not in memory
   * @throws {LimitError} if a new task would exceed a limit
   * @throws {StorageError} if no sequence number is left, because nothing has been committed for too long
   */
  apply(client: string, id: string, requested: TaskChange, origin: ChangeOrigin = {}): Task {
    const { store, live: liveTasks, ended, retention } = this.#context;
    const { at = now(), reporter = null, reportSeq = null } = origin;
    const known = store.index.get(client, id);
    const before = known && store.atHand(known)?.task;
    // Only records of ended tasks may not be in memory, and no change has an effect on an ended task.
    if (known !== undefined && before === undefined) throw endedError(known.summary, requested);
    const change = this.#allowed(client, id, requested);
    const remoteReporter = reporter?.isRemote ? reporter.id : null;
    const changed = transition(before, id, change, at, {
      reporter: remoteReporter,
      seq: reportSeq,
      now: now(),
    });
    if (changed === before) return before;

    const limitError = before === undefined ? retention.limitError(client) : null;
    if (limitError !== null) throw limitError;
    const seq = store.takeSeq();
    if (before === undefined) this.#begin(client, id, reporter);
    const live = liveTasks.get(client, id);
    const isSign = isSignOfLife(change);
    // An estimate counts from the last sign of life, so other changes must not replace a later correction of it.
    const after = live !== undefined && (isSign || changed.state !== before?.state)
      ? live.estimator.estimated(changed)
      : changed;
    const isEnd = isFinal(after.state);
    this.#put(client, before, after, change, seq);

    if (live !== undefined && isSign) live.heardMs = monotonicMs();
    else if (live !== undefined && change.type === "stale") live.staleMs = monotonicMs();
    if (live !== undefined && change.type === "update" && change.from_output) live.isRead = true;
    if (live !== undefined && isSign && after.progress !== null) {
      live.progress.add(Math.max(after.updated_at, before?.updated_at ?? 0), after.progress);
    }
    if (live !== undefined && change.type === "update" && change.values !== undefined) {
      live.values.add(change.values, Math.max(at, after.updated_at));
    }
    if (live !== undefined && isEnd) liveTasks.save(live);
    if (change.type !== "roll_up") this.#rollUp.changed(client, after, change, at);
    if (isEnd) {
      liveTasks.delete(client, id);
      ended.add(client, after);
    }
    return after;
  }

  #allowed(client: string, id: string, change: TaskChange): TaskChange {
    const { store, live } = this.#context;
    if (change.type === "create" && change.parent_id !== null) {
      return { ...change, parent_id: possibleParent(store.index, client, id, change.parent_id) };
    }
    if (change.type !== "update" || !change.from_output || !live.get(client, id)?.subtasks) return change;
    const { expected_weight, metadata, values } = change;
    return { ...updateOf({ expected_weight, metadata, values }), from_output: true };
  }

  #begin(client: string, id: string, reporter: Reporter | null): void {
    const { live, ended, retention, onCreate } = this.#context;
    retention.begin(client);
    ended.replaced(client, id);
    live.add(client, id, { owner: reporter?.id ?? null, reporter, at: now() });
    onCreate();
  }

  #put(client: string, before: Task | undefined, after: Task, change: TaskChange, seq: number): void {
    const { store, events, onEnd } = this.#context;
    const { id } = after;
    const stored = new TaskInMemory(after, seq);
    store.put(client, stored);
    if (change.type === "log" && before !== undefined) {
      const lines = newLines(before, change)
        .map((line, index) => ({ ...line, number: before.log_count + index }));
      store.putEntries(LOG_LINES, client, id, lines);
    }
    const entry = historyEntryOf(before, after);
    if (entry !== null) {
      store.putEntries(HISTORY, client, id, [{ entry, isState: before?.state !== after.state }]);
    }
    if (isFinal(after.state)) onEnd?.(client, stored);
    events.publish({ client, seq, stored, before, change });
  }
}
