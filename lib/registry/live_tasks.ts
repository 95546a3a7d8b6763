/**
 * The tasks of a registry that have not ended, and what it knows of them beyond their records.
 *
 * @module
 */

import { Estimator } from "./estimator.ts";
import { PastRuns } from "./past_runs.ts";
import { ProgressHistory } from "./progress_history.ts";
import { HTTP_REPORTER_ID, type Reporter } from "./registry_types.ts";
import { SubtaskProgress } from "./subtask_progress.ts";
import { PROGRESS_HISTORY } from "../store/side_tables.ts";
import type { TaskStore } from "../store/store.ts";
import type { ProgressPoint } from "../task/task.ts";

/** What the registry knows of a task that has not ended, beyond its record. */
export interface LiveTask {
  readonly client: string;
  readonly id: string;
  readonly estimator: Estimator;
  readonly subtasks: SubtaskProgress;
  readonly progress: ProgressHistory;
  /** The id of the side that runs it; `null` where nobody does yet. */
  readonly owner: string | null;
  /** The way to that side, while there is one. */
  reporter: Reporter | null;
  /** Since when there is none, in epoch seconds; `null` where there is one, or never will be. */
  disconnectedAt: number | null;
  /** Whether it runs in another process, and goes on without this one. */
  readonly isRemote: boolean;
}

/** What is known of a task that is added, beyond its names. */
export interface LiveTaskOptions {
  /** The id of the side that runs it; `null` where nobody does yet. */
  readonly owner: string | null;
  /** The way to that side; `null` where it is away. */
  readonly reporter: Reporter | null;
  /** The time, in epoch seconds. */
  readonly at: number;
  /** How its progress moved until now. */
  readonly points?: readonly ProgressPoint[];
}

/** Courses of progress that are stored in one go at most: of thousands, to write them all would hold up everything. */
const SAVES = 200;

/** What is asked of the place where tasks are kept. */
export type LiveTaskStore = Pick<TaskStore, "index" | "putEntries">;

/** The tasks that have not ended. */
export class LiveTasks {
  readonly #tasks: Map<string, LiveTask> = new Map();
  /** Those that somebody runs, by who that is: over plain HTTP a reporter comes and goes twice a second. */
  readonly #owned: Map<string, Set<LiveTask>> = new Map();
  readonly #store: LiveTaskStore;
  /** How long those took that have ended. */
  readonly past: PastRuns;
  #remoteCount = 0;

  /** @param store knows past runs, and keeps how progress moved */
  constructor(store: LiveTaskStore) {
    this.#store = store;
    this.past = new PastRuns(store.index);
  }

  /** How many of them end with this process. */
  get localCount(): number {
    return this.#tasks.size - this.#remoteCount;
  }

  /** All of them as they are now, whatever is added or ends meanwhile. */
  all(): readonly LiveTask[] {
    return [...this.#tasks.values()];
  }

  /** Those that one side runs. */
  ownedBy(reporterId: string): readonly LiveTask[] {
    return [...this.#owned.get(reporterId) ?? []];
  }

  /** The task; `undefined` where there is none that has not ended. */
  get(client: string, id: string): LiveTask | undefined {
    return this.#tasks.get(keyOf(client, id));
  }

  /** Adds a task. */
  add(client: string, id: string, { owner, reporter, at, points }: LiveTaskOptions): void {
    const isRemote = reporter === null ? owner !== null : reporter.isRemote === true;
    const isHttp = owner === HTTP_REPORTER_ID;
    if (isRemote) this.#remoteCount++;
    const task: LiveTask = {
      client,
      id,
      estimator: new Estimator((name) => this.past.of(client, name)),
      subtasks: new SubtaskProgress(),
      progress: new ProgressHistory(at, points),
      owner,
      reporter: isHttp ? null : reporter,
      disconnectedAt: isRemote && reporter === null && !isHttp ? at : null,
      isRemote,
    };
    this.#tasks.set(keyOf(client, id), task);
    if (owner !== null) this.#ownedBy(owner).add(task);
  }

  /** Forgets a task, as it has ended. */
  delete(client: string, id: string): void {
    const key = keyOf(client, id);
    const task = this.#tasks.get(key);
    if (task === undefined) return;
    if (task.isRemote) this.#remoteCount--;
    this.#tasks.delete(key);
    if (task.owner === null) return;
    const owned = this.#ownedBy(task.owner);
    owned.delete(task);
    if (owned.size === 0) this.#owned.delete(task.owner);
  }

  /**
   * Stores how the progress of some tasks moved, where enough of it is not stored yet.
   *
   * @param at the time, in epoch seconds
   * @param everySeconds how often this is done
   */
  saveSome(at: number, everySeconds: number): void {
    // So that each has its turn before the first of them is due again.
    const leastSeconds = this.#tasks.size / SAVES * everySeconds;
    let saves = 0;
    for (const task of this.#tasks.values()) {
      if (!task.progress.isDue(at, leastSeconds)) continue;
      this.save(task, at);
      if (++saves === SAVES) return;
    }
  }

  /** Stores all that is not stored yet of how progress moved. */
  saveAll(at: number): void {
    for (const task of this.#tasks.values()) if (task.progress.isUnsaved) this.save(task, at);
  }

  /** Stores how the progress of a task moved. A single point is no course, and is in the record. */
  save({ client, id, progress }: LiveTask, at: number): void {
    if (progress.length > 1) this.#store.putEntries(PROGRESS_HISTORY, client, id, [progress.points]);
    progress.saved(at);
  }

  /** Forgets all of them. */
  clear(): void {
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

/** A slash is in neither grammar. */
function keyOf(client: string, id: string): string {
  return `${client}/${id}`;
}
