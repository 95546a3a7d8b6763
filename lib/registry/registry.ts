/**
 * Orders and applies all changes to the tasks of one monitor, and publishes them.
 *
 * @module
 */

import { now } from "../clock.ts";
import { ClosedError, type LimitError, StorageError } from "../errors.ts";
import { type Launch, LAUNCHES } from "../store/side_tables.ts";
import type { StoredTask, TaskStore } from "../store/store.ts";
import type { Report } from "../task/protocol.ts";
import type { ProgressPoint, Task, TaskChange } from "../task/task.ts";
import { TransitionError } from "../task/transition.ts";
import { UnrefInterval } from "../unref_interval.ts";
import { ChangeApplier } from "./change_applier.ts";
import { EndedTasks, type EndedTasksLimits } from "./ended_tasks.ts";
import { type LiveTask, LiveTasks } from "./live_tasks.ts";
import { RegistryEvents } from "./registry_events.ts";
import { RegistryReader } from "./registry_reader.ts";
import type { RegistryEvent, Reporter, TaskReader } from "./registry_types.ts";
import { Retention, type RetentionLimits } from "./retention.ts";
import { silenceChange, type SilenceLimits } from "./silence.ts";

/** The bounds of a {@linkcode Registry}. */
export interface RegistryLimits extends RetentionLimits, EndedTasksLimits, SilenceLimits {
  /** The interval, in milliseconds, at which tasks are checked for signs of life and for their age. */
  readonly sweepIntervalMs: number;
}

/** Options of a {@linkcode Registry}. */
export interface RegistryOptions {
  readonly store: TaskStore;
  readonly limits: RegistryLimits;
  /** The epoch of cursors while nothing can be committed. */
  readonly unsavedEpoch: string;
  /**
   * Called once when a task ends, in the turn in which the end is put into the store: anything the callback puts into the
   * store is committed together with the end. Must not throw.
   */
  readonly onEnd?: (client: string, stored: StoredTask) => void;
}

/** The authority: the only place where tasks change. Changes are synchronous, so that no two overlap. */
export class Registry extends RegistryReader implements TaskReader, Disposable {
  readonly #store: TaskStore;
  readonly #limits: RegistryLimits;
  readonly #retention: Retention;
  readonly #events: RegistryEvents = new RegistryEvents();
  readonly #live: LiveTasks;
  readonly #ended: EndedTasks;
  readonly #changes: ChangeApplier;
  readonly #sweeper: UnrefInterval;
  #isClosed = false;

  /**
   * Takes over the tasks of the store. Unfinished tasks that ran in the previous process are interrupted; those of
   * reporters in other processes continue.
   *
   * @param options the store, the bounds and the epoch
   */
  constructor(options: RegistryOptions) {
    super(options.store, options.unsavedEpoch);
    const { store, limits, onEnd } = options;
    this.#store = store;
    this.#limits = limits;
    this.#live = new LiveTasks(store);
    this.#retention = new Retention(limits);
    this.#sweeper = new UnrefInterval(() => this.#trySweep(), limits.sweepIntervalMs);
    const parts = { store, retention: this.#retention, events: this.#events };
    this.#ended = new EndedTasks({ ...parts, past: this.#live.past }, limits);
    this.#changes = new ChangeApplier({
      ...parts,
      live: this.#live,
      ended: this.#ended,
      onCreate: () => this.#sweeper.start(),
      onEnd,
    });
    this.#takeOver();
  }

  clients(): string[] {
    return this.#retention.clients();
  }

  /** The number of tasks of each client. */
  clientCounts(): ReturnType<Retention["counts"]> {
    return this.#retention.counts();
  }

  /**
   * Why a client cannot create one more task now.
   *
   * @param client the client token
   * @returns the limit that is reached, the storage error, or that the registry is closed; `null` if a task can be created
   */
  creationError(client: string): LimitError | StorageError | ClosedError | null {
    if (this.#isClosed) return new ClosedError("Cannot create task: the server is shutting down");
    const { degradation } = this.#store;
    return degradation === null ? this.#retention.limitError(client) : degradation.error;
  }

  /** The progress history of a task, oldest first. */
  override progress(client: string, id: string): Promise<readonly ProgressPoint[]> {
    const live = this.#live.get(client, id);
    return live === undefined ? super.progress(client, id) : Promise.resolve(live.progress.points);
  }

  /** Keeps what a task was started with. */
  setLaunch(client: string, id: string, launch: Launch): void {
    this.#store.putEntries(LAUNCHES, client, id, [launch]);
  }

  /**
   * Waits until the current state may be published: that a task exists or has ended is published only after its commit.
   * So a crash takes back no more than progress, and no watcher has seen a task that never was.
   *
   * @returns `null` if there is nothing to wait for, which includes that nothing can be committed; otherwise whether the
   *   commit succeeded: if it did not, the state may be published all the same, but with a cursor of the other epoch
   */
  whenPublishable(): Promise<boolean> | null {
    const { committedSeq, degradation } = this.#store;
    if (this.#events.membershipSeq <= committedSeq || degradation !== null) return null;
    return this.#store.committed().then(() => true, () => false);
  }

  /**
   * Calls a listener with every change, in order, while it is made. The listener must neither throw nor change tasks.
   *
   * @param listener called with each change
   * @returns a function that unsubscribes
   */
  subscribe(listener: (event: RegistryEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /**
   * Applies a report from a reporter, the side that runs the task.
   *
   * @param report the report
   * @param reporter the way back to the reporter, used to cancel the task
   * @returns the record afterwards
   * @throws {TransitionError} if the task's state does not allow it, or another reporter runs the task
   * @throws {LimitError} if a new task would exceed a limit
   */
  report(report: Report, reporter: Reporter): Task {
    const { client, id, change, seq: reportSeq = null } = report;
    const live = this.#live.get(client, id);
    if (live !== undefined && live.owner !== reporter.id) {
      throw new TransitionError("task_exists", `Cannot report task "${id}": another reporter runs it`);
    }
    // The clock of a reporter may be ahead; nothing happens in the future.
    const at = Math.min(report.at, now());
    return this.#changes.apply(client, id, change, { at, reporter, reportSeq });
  }

  /**
   * Applies a change that does not come from the reporter.
   *
   * @param client the client token
   * @param id the task's id
   * @param change the change
   * @returns the record afterwards
   * @throws {TransitionError} if the task's state does not allow it
   * @throws {LimitError} if a new task would exceed a limit
   */
  apply(client: string, id: string, change: TaskChange): Task {
    return this.#changes.apply(client, id, change);
  }

  /**
   * Requests that a task stop. The request is forwarded to its reporter; a task without one that has not started is
   * cancelled at once.
   *
   * @param client the client token
   * @param id the task's id
   * @returns the record afterwards
   * @throws {TransitionError} if there is no such task, or it has ended
   */
  requestCancel(client: string, id: string): Task {
    const task = this.apply(client, id, { type: "request_cancel" });
    const live = this.#live.get(client, id);
    if (live?.reporter === null && task.state === "NOT_STARTED") {
      return this.apply(client, id, { type: "cancelled" });
    }
    live?.reporter?.cancelRequested(client, id);
    return task;
  }

  /** Marks the tasks of a reporter that vanished as stale; a later report makes them live again. */
  reporterLost(reporterId: string): void {
    for (const { client, id } of this.#live.ownedBy(reporterId)) this.apply(client, id, { type: "stale" });
  }

  /**
   * Reconnects the tasks of a reporter in another process, and forwards the cancel requests it missed.
   *
   * @param reporter the way back to the reporter; replaces an earlier one
   */
  reporterConnected(reporter: Reporter): void {
    for (const live of this.#live.ownedBy(reporter.id)) {
      const { client, id } = live;
      live.reporter = reporter;
      live.disconnectedAt = null;
      const task = this.task(client, id);
      if (task?.stale) this.apply(client, id, { type: "reconnected" });
      if (task?.cancel_requested) reporter.cancelRequested(client, id);
    }
  }

  /** Notes that a reporter in another process disconnected. Its tasks become stale unless it reconnects in time. */
  reporterDisconnected(reporter: Reporter): void {
    for (const live of this.#live.ownedBy(reporter.id)) {
      if (live.reporter !== reporter) continue;
      live.reporter = null;
      live.disconnectedAt = now();
    }
  }

  /** Tells the reporters in this process that it is about to end. */
  announceShutdown(): void {
    for (const { client, id, reporter } of this.#live.all()) {
      if (reporter?.isRemote !== true) reporter?.interrupted(client, id);
    }
  }

  /** The number of unfinished tasks that end with this process. */
  get runningCount(): number {
    return this.#live.localCount;
  }

  /** Ends the unfinished tasks of this process as interrupted, because the process is about to end. */
  interruptAll(message: string): void {
    for (const { client, id } of this.#live.all()) {
      if (this.task(client, id)?.reporter !== null) continue;
      this.apply(client, id, { type: "interrupt", message, lostVersions: 0 });
    }
  }

  /**
   * Removes a task that has ended. For a while it can be restored.
   *
   * @param client the client token
   * @param id the task's id
   * @returns whether there was such a task
   */
  remove(client: string, id: string): boolean {
    return this.#ended.remove(client, id);
  }

  /**
   * Restores a task that was removed a moment ago, with its log and history.
   *
   * @param client the client token
   * @param id the task's id
   * @returns the record
   * @throws {TransitionError} if it was not removed, or too long ago
   */
  restore(client: string, id: string): Task {
    return this.#ended.restore(client, id);
  }

  /** Finds tasks that are silent, stalled or too old. Called at an interval while there are tasks. */
  sweep(): void {
    const at = now();
    for (const live of this.#live.all()) this.#check(live, at);
    this.#live.saveSome(at, this.#limits.sweepIntervalMs / 1000);
    this.#ended.purgeOverdue();
    this.#ended.expire();
    if (this.#retention.isEmpty && !this.#ended.hasRestorable) this.#sweeper.stop();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#sweeper.stop();
    // Tasks of reporters in other processes outlive this one.
    this.#live.saveAll(now());
    this.#events.clear();
    this.#live.clear();
  }

  #check({ client, id, estimator, disconnectedAt }: LiveTask, at: number): void {
    const task = this.task(client, id);
    if (task === undefined || !task.active) return;
    const silence = silenceChange(task, disconnectedAt, at, this.#limits);
    if (silence !== null) this.#changes.apply(client, id, silence, { at });
    if (silence?.type === "fail") return;
    const estimate = estimator.correction(task, at);
    if (estimate !== null) this.#changes.apply(client, id, { type: "estimate", ...estimate }, { at });
  }

  /** A storage error ends this sweep only; the next one tries again. The store reports the error by itself. */
  #trySweep(): void {
    try {
      this.sweep();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #takeOver(): void {
    const { seq } = this.#store;
    const { live, ended } = this.#store.takeOpened();
    for (const each of ended) this.#retention.addEnded(each);
    for (const { client, id, progress } of live) {
      this.#retention.adopt(client);
      const stored = this.#store.index.get(client, id);
      // Each version took a sequence number, so that no more versions than these can have been lost.
      const lostVersions = seq - (stored?.seq ?? seq);
      const owner = stored?.task.reporter ?? null;
      if (owner === null) {
        const message = "The server ended while the task ran";
        this.apply(client, id, { type: "interrupt", message, lostVersions });
      } else {
        this.#live.add(client, id, { owner, reporter: null, at: now(), points: progress });
        this.apply(client, id, { type: "adopt", lostVersions });
      }
    }
    for (const client of this.#retention.clients()) this.#ended.expire(client);
    if (!this.#retention.isEmpty) this.#sweeper.start();
  }
}
