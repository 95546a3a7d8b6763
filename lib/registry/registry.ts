/**
 * Orders, applies and publishes all changes to the tasks of one monitor.
 *
 * @module
 */

import { monotonicMs, now, plausibleTime } from "../clock.ts";
import { ClosedError, type LimitError, StorageError } from "../errors.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import { LAUNCHES } from "../store/side_tables.ts";
import type { FollowedChanges } from "../store/followed.ts";
import type { OpenedTask, TaskKey, TaskStore } from "../store/store.ts";
import type { Report } from "../task/protocol.ts";
import type { Launch, ProgressPoint, Task, TaskChange, TaskState } from "../task/task.ts";
import { TransitionError } from "../task/transition.ts";
import type { TaskValues } from "../task/value_book.ts";
import { wellFormed } from "../task/well_formed.ts";
import { UnrefInterval } from "../unref_interval.ts";
import { adoptTasks } from "./adopt_tasks.ts";
import { ChangeApplier } from "./change_applier.ts";
import { EndedTasks } from "./ended_tasks.ts";
import { FollowedTasks } from "./followed_tasks.ts";
import { isRunBy, type LiveTask, LiveTasks } from "./live_tasks.ts";
import { RegistryEvents } from "./registry_events.ts";
import type { RegistryLimits, RegistryOptions } from "./registry_options.ts";
import { RegistryReader } from "./registry_reader.ts";
import { nodeOf, type RegistryEvent, type Reporter, type TaskReader } from "./registry_types.ts";
import { Retention } from "./retention.ts";
import { stalenessChange } from "./staleness.ts";
import { whenCommitted } from "./when_committed.ts";
import { withPlausibleTimes } from "./with_plausible_times.ts";

/**
 * The authority over the tasks of a monitor: only a registry changes tasks. Changes are applied synchronously, so that
 * no two changes overlap.
 */
export class Registry extends RegistryReader implements TaskReader, Disposable {
  readonly #store: TaskStore;
  readonly #limits: RegistryLimits;
  readonly #retention: Retention;
  readonly #events: RegistryEvents = new RegistryEvents();
  readonly #live: LiveTasks;
  readonly #ended: EndedTasks;
  readonly #changes: ChangeApplier;
  readonly #sweeper: UnrefInterval;
  /** Applies the changes of other nodes; `null` if there are none. */
  readonly #followed: FollowedTasks | null;
  /** The number of tasks that have ended since this registry was created, by final state. */
  readonly endedCounts: ReadonlyMap<TaskState, number> = this.#events.endedCounts;
  #isClosed = false;

  /**
   * Creates a registry for the tasks in a store. Unfinished tasks that ran in the previous process are marked as
   * interrupted; tasks of reporters in other processes continue.
   *
   * @param options the store, the limits and the epoch
   */
  constructor(options: RegistryOptions) {
    super(options.store, options.unsavedEpoch, options.histories);
    const { store, limits, onEnd, followed = null } = options;
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
    this.#followed = followed === null
      ? null
      : new FollowedTasks({ store: followed, retention: this.#retention, events: this.#events });
    const { live, ended } = store.takeOpened();
    // A store returns them in the order of their last changes, in which a restored task is in the wrong place.
    const inOrder = ended.toSorted((one, other) => one.endedAt - other.endedAt);
    for (const each of inOrder) this.#retention.addEnded(each);
    for (const { client } of live) this.#retention.adopt(client);
    if (followed === null) this.#takeOver(live);
  }

  clients(): string[] {
    return this.#retention.clients();
  }

  /** Returns whether a client has tasks. */
  hasClient(client: string): boolean {
    return this.#retention.hasClient(client);
  }

  /** The number of further clients that may have tasks. */
  get freeClients(): number {
    return this.#retention.freeClients;
  }

  /** Returns the number of tasks of each client. */
  clientCounts(): ReturnType<Retention["counts"]> {
    return this.#retention.counts();
  }

  /**
   * Returns the reason why a client cannot create another task now.
   *
   * @param client the client token
   * @returns the error for a limit that is reached, for failing storage or for a closed registry; `null` if a
   * task can be created
   */
  creationError(client: string): LimitError | StorageError | ClosedError | null {
    if (this.#isClosed) return new ClosedError("Cannot create task: the server is shutting down");
    const { degradation } = this.#store;
    return degradation === null ? this.#retention.limitError(client) : degradation.error;
  }

  /** Returns the progress history of a task, oldest point first. */
  override progress(client: string, id: string): Promise<readonly ProgressPoint[]> {
    const live = this.#live.get(client, id);
    return live === undefined ? super.progress(client, id) : Promise.resolve(live.progress.points);
  }

  /** Returns the values of a task over time. */
  override values(client: string, id: string): Promise<TaskValues> {
    const live = this.#live.get(client, id);
    return live === undefined ? super.values(client, id) : Promise.resolve(live.values.values);
  }

  /** Stores the function name and the arguments that a task was started with. */
  setLaunch(client: string, id: string, launch: Launch): void {
    this.#store.putEntries(LAUNCHES, client, id, [launch]);
  }

  /**
   * Waits until the current state may be published: the creation and the end of a task are published only after their
   * commit. After a crash, watchers may therefore see progress reverted, but never a creation or an end.
   *
   * @param _client the client whose tasks the state is of; absent for all clients
   * @returns `null` if no commit must be awaited, for example because the store is degraded; otherwise a promise of
   * whether the commit succeeded. If the commit failed, the state may still be published, but with a cursor of the
   * unsaved epoch. If several nodes use the store, every change is published only after its commit, so that no node
   * shows a change that the others can't know
   */
  whenPublishable(_client?: string): Promise<boolean> | null {
    const { seq, committedSeq, degradation } = this.#store;
    if (this.#followed !== null) return seq <= committedSeq ? null : whenCommitted(this.#store);
    if (this.#events.membershipSeq <= committedSeq || degradation !== null) return null;
    return this.#store.committed().then(() => true, () => false);
  }

  /**
   * Adds a listener that is called with every change, in order and while the change is applied. The listener
   * must neither throw nor change tasks.
   *
   * @param listener called with each change
   * @returns a function that unsubscribes
   */
  subscribe(listener: (event: RegistryEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /**
   * Applies a report from a reporter, the side that runs the task. Lone surrogates in the texts of the report are
   * replaced.
   *
   * @param report the report
   * @param reporter the connection to the reporter; used to cancel the task
   * @returns the record after the change
   * @throws {TransitionError} if the task's state does not allow the change, or another reporter runs the
   * task
   * @throws {LimitError} if a new task would exceed a limit
   */
  report(report: Report, reporter: Reporter): Task {
    const { client, id, seq: reportSeq = null } = report;
    const live = this.#live.get(client, id);
    if (live !== undefined && !isRunBy(live, reporter)) {
      throw new TransitionError("task_exists", `Cannot report task "${id}": another reporter runs it`);
    }
    // Reporters in other processes connect before they report.
    if (live?.isRemote === false) live.disconnectedMs = null;
    // Reports of all transports pass here.
    const received = now();
    const at = plausibleTime(report.at, received);
    const change = withPlausibleTimes(wellFormed(report.change), received);
    const task = this.#changes.apply(client, id, change, { at, reporter, reportSeq });
    // If the creation is resent, this only stores the same data again.
    if (report.launch !== undefined) this.setLaunch(client, id, report.launch);
    return task;
  }

  /**
   * Applies a change that does not come from the reporter of the task.
   *
   * @param client the client token
   * @param id the task's id
   * @param change the change
   * @returns the record after the change
   * @throws {TransitionError} if the task's state does not allow the change
   * @throws {LimitError} if a new task would exceed a limit
   */
  apply(client: string, id: string, change: TaskChange): Task {
    return this.#changes.apply(client, id, change);
  }

  /**
   * Requests that a task stop. The request is forwarded to the task's reporter; a task that has no reporter
   * and has not started is cancelled at once.
   *
   * @param client the client token
   * @param id the task's id
   * @returns the record after the change
   * @throws {TransitionError} if the task does not exist or has ended
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

  /** Marks the tasks of a reporter that disappeared as stale. The next report of such a task clears the mark. */
  reporterLost(reporterId: string): void {
    for (const live of this.#live.ownedBy(reporterId)) {
      live.disconnectedMs ??= monotonicMs();
      this.apply(live.client, live.id, { type: "stale" });
    }
  }

  /** Returns the unfinished tasks of a reporter. */
  reportedBy(reporter: Reporter): readonly TaskKey[] {
    return this.#live.ownedBy(reporter.id).filter((live) => isRunBy(live, reporter));
  }

  /**
   * Reconnects the tasks of a reporter in another process, and forwards the cancellation requests that the
   * reporter missed.
   *
   * @param reporter the connection to the reporter, which replaces an earlier one unless it is brief
   * @param mayReport decides which of its tasks the reporter may report over this connection; by default all
   */
  reporterConnected(reporter: Reporter, mayReport: (task: TaskKey) => boolean = () => true): void {
    for (const live of this.#live.ownedBy(reporter.id)) {
      if (!isRunBy(live, reporter) || !mayReport(live)) continue;
      const { client, id } = live;
      if (!reporter.isBrief || live.reporter === null) live.reporter = reporter;
      live.disconnectedMs = null;
      const task = this.task(client, id);
      // The task itself may be silent, although its reporter is there.
      const change = task?.stale ? stalenessChange(task, live, monotonicMs(), this.#limits) : null;
      if (change?.type === "reconnected") this.apply(client, id, change);
      if (task?.cancel_requested) reporter.cancelRequested(client, id);
    }
  }

  /** Records that a remote reporter disconnected. Its tasks become stale unless it reconnects in time. */
  reporterDisconnected(reporter: Reporter): void {
    for (const live of this.#live.ownedBy(reporter.id)) {
      if (live.reporter !== reporter) continue;
      live.reporter = null;
      live.disconnectedMs = monotonicMs();
    }
  }

  /** Tells the reporters in this process that the process is about to end. */
  announceShutdown(): void {
    for (const { client, id, reporter } of this.#live.all()) {
      if (reporter?.isRemote !== true) reporter?.interrupted(client, id);
    }
  }

  /** Returns the ids of the reporters that run tasks. */
  reporters(): readonly string[] {
    return this.#live.reporters();
  }

  /** The number of unfinished tasks that end with this process. */
  get runningCount(): number {
    return this.#live.localCount;
  }

  /**
   * Ends unfinished tasks as interrupted.
   *
   * @param message the error message of the tasks
   * @param isGone returns whether a reporter is gone, so that its tasks have ended, given the id of the reporter or
   * `null` for this process; by default, only this process counts as gone
   */
  interruptAll(message: string, isGone: (reporterId: string | null) => boolean = (id) => id === null): void {
    for (const { client, id, owner, isRemote } of this.#live.all()) {
      if (isGone(isRemote ? owner : null)) {
        this.apply(client, id, { type: "interrupt", message, lostVersions: 0 });
      }
    }
  }

  /**
   * Removes a task that has ended. The task can be restored for a while.
   *
   * @param client the client token
   * @param id the task's id
   * @returns whether the task existed and had ended
   */
  remove(client: string, id: string): boolean {
    return this.#ended.remove(client, id);
  }

  /** Returns when a task was removed, in epoch seconds; `undefined` if it cannot be restored. */
  removedAt(client: string, id: string): number | undefined {
    return this.#ended.removedAt(client, id);
  }

  /**
   * Restores a recently removed task, with its log and history.
   *
   * @param client the client token
   * @param id the task's id
   * @returns the record of the restored task
   * @throws {TransitionError} if the task was not removed, or was removed too long ago
   * @throws {StorageError} if its record cannot be read
   */
  restore(client: string, id: string): MaybePromise<Task> {
    return this.#ended.restore(client, id);
  }

  /**
   * Updates tasks that have become stale, lost or stalled, and removes ended tasks that are too old. Called at an
   * interval while there are tasks.
   */
  sweep(): void {
    const at = now();
    for (const live of this.#live.all()) this.#check(live, at);
    this.#live.saveSome(this.#limits.sweepIntervalMs / 1000);
    this.#ended.expire();
    this.#ended.purgeOverdue();
    if (this.#retention.isEmpty && !this.#ended.hasRestorable) this.#sweeper.stop();
  }

  /** Applies and publishes changes that the authority on another node has committed. */
  follow(changes: FollowedChanges): void {
    this.#followed?.apply(changes);
  }

  /** Becomes the authority over the followed tasks, as after a restart. Call it once this node owns the store. */
  takeOver(): void {
    this.#takeOver(this.#store.takeOpened().live);
  }

  /** Stops sweeping, and stores all data that is not stored yet, because another authority is about to take over. */
  prepareToStepDown(): void {
    this.#sweeper.stop();
    this.#ended.purgeOverdue();
    this.#live.saveAll();
  }

  /** Begins to follow another authority again. Call this method once everything is committed. */
  stepDown(): void {
    [this.#live, this.#ended, this.#changes].forEach((part) => part.clear());
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    // The tasks of reporters in other processes outlive this process, so their progress histories are stored.
    this.prepareToStepDown();
    this.#events.clear();
    this.#live.clear();
  }

  #check(live: LiveTask, at: number): void {
    const { client, id, estimator } = live;
    const task = this.task(client, id);
    if (task === undefined || !task.active) return;
    const change = stalenessChange(task, live, monotonicMs(), this.#limits);
    if (change !== null) this.#changes.apply(client, id, change, { at });
    if (change?.type === "fail") return;
    const estimate = estimator.correction(task, at);
    if (estimate !== null) this.#changes.apply(client, id, { type: "estimate", ...estimate }, { at });
  }

  /** Runs a sweep. After a storage error, which the store itself reports, the next sweep retries. */
  #trySweep(): void {
    try {
      this.sweep();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #takeOver(opened: readonly OpenedTask[]): void {
    // If this server is not part of a cluster, the nodes of an earlier cluster are gone.
    const isGone = (reporterId: string) => this.#followed === null && nodeOf(reporterId) !== null;
    const parts = { store: this.#store, live: this.#live, changes: this.#changes, limits: this.#limits };
    adoptTasks({ ...parts, isGone }, opened);
    for (const client of this.#retention.clients()) this.#ended.expire(client);
    if (!this.#retention.isEmpty) this.#sweeper.start();
  }
}
