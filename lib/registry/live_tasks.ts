/**
 * Holds the unfinished tasks of a registry, with their reporters, estimates and progress histories.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import { Estimator } from "./estimator.ts";
import { PastRuns } from "./past_runs.ts";
import { ProgressHistory } from "./progress_history.ts";
import { HTTP_REPORTER_ID, type Reporter } from "./registry_types.ts";
import type { SignsOfLife } from "./staleness.ts";
import { type Contribution, newContribution, SubtaskProgress } from "./subtask_progress.ts";
import { PROGRESS_HISTORY, type SubtaskSums, VALUES } from "../store/side_tables.ts";
import type { TaskStore } from "../store/store.ts";
import { LIMITS } from "../task/grammar.ts";
import type { ProgressPoint } from "../task/task.ts";
import { TaskMap } from "../task/task_map.ts";
import type { TaskValues } from "../task/value_book.ts";
import { ValueHistory } from "./value_history.ts";

/** The state of an unfinished task that is not part of its record. */
export interface LiveTask extends SignsOfLife {
  readonly client: string;
  readonly id: string;
  readonly estimator: Estimator;
  /** Whether progress or a status was read from the output of the task's process. */
  isRead: boolean;
  /** The sums over the task's subtasks; `null` if it has none. */
  subtasks: SubtaskProgress | null;
  /** What the task contributes to the progress of its parent. */
  readonly contribution: Contribution;
  readonly progress: ProgressHistory;
  readonly values: ValueHistory;
  /** The id of the reporter that runs the task; `null` if no reporter runs it yet. */
  readonly owner: string | null;
  /** The connection to the reporter that runs the task; `null` while the reporter is disconnected. */
  reporter: Reporter | null;
  heardMs: number;
  disconnectedMs: number | null;
  staleMs: number;
  /** Whether the task runs in another process, and so outlives this one. */
  readonly isRemote: boolean;
}

/** Options of {@linkcode LiveTasks.add}. */
export interface LiveTaskOptions {
  /** The id of the reporter that runs the task; `null` if no reporter runs it yet. */
  readonly owner: string | null;
  /** The connection to the reporter that runs the task; `null` if the reporter is disconnected. */
  readonly reporter: Reporter | null;
  /** The current time, in epoch seconds. */
  readonly at: number;
  /** The time since the task's last sign of life, in seconds. @default {0} */
  readonly unheard?: number;
  /** The task's progress history so far. */
  readonly points?: readonly ProgressPoint[];
  /** The task's values so far. */
  readonly values?: TaskValues | undefined;
  /** The stored sums over the task's subtasks; `null` or absent if there are none. */
  readonly sums?: SubtaskSums | null;
}

/**
 * The maximum number of points of progress and values that are stored at once: writing more would block the event
 * loop.
 */
const MAX_SAVED_POINTS = 200 * LIMITS.progressPoints;

/** The parts of a store that {@linkcode LiveTasks} uses. */
export type LiveTaskStore = Pick<TaskStore, "pastRuns" | "putEntries">;

/** The unfinished tasks of a registry. */
export class LiveTasks {
  readonly #tasks: TaskMap<LiveTask> = new TaskMap();
  /**
   * The tasks of each reporter. The index exists because a reporter that uses plain HTTP connects and
   * disconnects twice a second.
   */
  readonly #owned: Map<string, Set<LiveTask>> = new Map();
  readonly #store: LiveTaskStore;
  /** The cache of the durations of past runs. */
  readonly past: PastRuns;
  #remoteCount = 0;

  /** @param store the store that past runs are read from and progress histories are written to */
  constructor(store: LiveTaskStore) {
    this.#store = store;
    this.past = new PastRuns(store.pastRuns);
  }

  /** The number of tasks that end with this process. */
  get localCount(): number {
    return this.#tasks.size - this.#remoteCount;
  }

  /** Returns a snapshot of all tasks; later additions and removals do not affect it. */
  all(): readonly LiveTask[] {
    return [...this.#tasks.values()];
  }

  /** Returns the ids of the reporters that run tasks. */
  reporters(): readonly string[] {
    return [...this.#owned.keys()];
  }

  /** Returns the tasks that a reporter runs. */
  ownedBy(reporterId: string): readonly LiveTask[] {
    return [...this.#owned.get(reporterId) ?? []];
  }

  /** Returns an unfinished task; `undefined` if there is none with this id. */
  get(client: string, id: string): LiveTask | undefined {
    return this.#tasks.get(client, id);
  }

  /** Adds an unfinished task. */
  add(
    client: string,
    id: string,
    { owner, reporter, at, unheard = 0, points, values, sums = null }: LiveTaskOptions,
  ): void {
    const isRemote = reporter === null ? owner !== null : reporter.isRemote === true;
    const isHttp = owner === HTTP_REPORTER_ID;
    if (isRemote) this.#remoteCount++;
    const nowMs = monotonicMs();
    const task: LiveTask = {
      client,
      id,
      estimator: new Estimator((name) => this.past.of(client, name)),
      isRead: false,
      subtasks: sums === null ? null : new SubtaskProgress(sums),
      contribution: newContribution(),
      progress: new ProgressHistory(at, points),
      values: new ValueHistory(at, values),
      owner,
      reporter: isHttp ? null : reporter,
      heardMs: nowMs - unheard * 1_000,
      staleMs: nowMs,
      disconnectedMs: isRemote && reporter === null && !isHttp ? nowMs : null,
      isRemote,
    };
    this.#tasks.set(client, id, task);
    if (owner !== null) this.#ownedBy(owner).add(task);
  }

  /** Removes a task that has ended. */
  delete(client: string, id: string): void {
    const task = this.#tasks.get(client, id);
    if (task === undefined) return;
    if (task.isRemote) this.#remoteCount--;
    this.#tasks.delete(client, id);
    if (task.owner === null) return;
    const owned = this.#ownedBy(task.owner);
    owned.delete(task);
    if (owned.size === 0) this.#owned.delete(task.owner);
  }

  /**
   * Stores the progress and the values of some of the tasks for which this is due.
   *
   * @param everySeconds the interval at which this method is called, in seconds
   */
  saveSome(everySeconds: number): void {
    let total = 0;
    for (const task of this.#tasks.values()) total += sizeOf(task);
    // This minimum ensures that every task gets its turn before the first one is due again.
    const leastSeconds = total / MAX_SAVED_POINTS * everySeconds;
    let saved = 0;
    for (const task of this.#tasks.values()) {
      if (!task.progress.isDue(leastSeconds) && !task.values.isDue(leastSeconds)) continue;
      this.save(task);
      saved += sizeOf(task);
      if (saved >= MAX_SAVED_POINTS) return;
    }
  }

  /** Stores all progress and values that are not stored yet. */
  saveAll(): void {
    for (const task of this.#tasks.values()) this.save(task);
  }

  /**
   * Stores those progress points and values of a task that are not stored yet. A single point of progress is not
   * stored, because the record contains it.
   */
  save({ client, id, progress, values }: LiveTask): void {
    if (progress.isUnsaved && progress.length > 1) {
      this.#store.putEntries(PROGRESS_HISTORY, client, id, [progress.points]);
    }
    if (values.isUnsaved) this.#store.putEntries(VALUES, client, id, [values.values]);
    progress.saved();
    values.saved();
  }

  /** Removes all tasks. */
  clear(): void {
    this.past.clear();
    this.#tasks.clear();
    this.#owned.clear();
    this.#remoteCount = 0;
  }

  #ownedBy(owner: string): Set<LiveTask> {
    let owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, owned = new Set());
    return owned;
  }
}

/** Returns whether a reporter runs a task. A reporter in another process can't pose as one in this process. */
export function isRunBy(live: LiveTask, reporter: Reporter): boolean {
  return live.owner === reporter.id && live.isRemote === (reporter.isRemote === true);
}

/** Returns the maximum number of points that storing a task's progress and values writes. */
function sizeOf({ values }: LiveTask): number {
  return LIMITS.progressPoints + values.length;
}
