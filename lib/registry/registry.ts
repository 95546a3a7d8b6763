/**
 * The authority: orders all changes of one monitor, applies them, and tells who wants to know.
 *
 * @module
 */

import { now } from "../clock.ts";
import { UnrefInterval } from "../unref_interval.ts";
import { EndedTasks, type EndedTasksLimits } from "./ended_tasks.ts";
import { Retention, type RetentionLimits } from "./retention.ts";
import { ClosedError, type LimitError, StorageError } from "../errors.ts";
import { type LiveTask, LiveTasks } from "./live_tasks.ts";
import type { Report } from "../task/protocol.ts";
import { RegistryEvents } from "./registry_events.ts";
import { RegistryReader } from "./registry_reader.ts";
import type { RegistryEvent, Reporter, TaskReader } from "./registry_types.ts";
import { silenceChange, type SilenceLimits } from "./silence.ts";
import { HISTORY, type Launch, LAUNCHES, LOG_LINES } from "../store/side_tables.ts";
import { type StoredTask, TaskInMemory, type TaskStore } from "../store/store.ts";
import { isFinal, type ProgressPoint, type Task, type TaskChange } from "../task/task.ts";
import { historyEntryOf, newLines, transition, TransitionError } from "../task/transition.ts";

/** The bounds of a {@linkcode Registry}. */
export interface RegistryLimits extends RetentionLimits, EndedTasksLimits, SilenceLimits {
  /** How often, in milliseconds, tasks are checked for signs of life, and for their age. */
  readonly sweepIntervalMs: number;
}

/** Options of a {@linkcode Registry}. */
export interface RegistryOptions {
  readonly store: TaskStore;
  readonly limits: RegistryLimits;
  /** Names the numbering while nothing can be committed; of the grammar of an epoch. */
  readonly unsavedEpoch: string;
  /**
   * Hears that a task has ended, once for each, in the turn in which it is put into the store: what is put there, too, is
   * committed together with the end. Must not throw.
   */
  readonly onEnd?: (client: string, stored: StoredTask) => void;
}

/** Ancestors whose bars one change moves at most; a longer line, or one that bites its tail, ends here. */
const ROLL_UP_HEIGHT = 10_000;

/** The one place where tasks change. Everything is synchronous, so that no two changes can overlap. */
export class Registry extends RegistryReader implements TaskReader, Disposable {
  readonly #store: TaskStore;
  readonly #limits: RegistryLimits;
  readonly #retention: Retention;
  readonly #onEnd: ((client: string, stored: StoredTask) => void) | undefined;
  readonly #events: RegistryEvents = new RegistryEvents();
  readonly #live: LiveTasks;
  readonly #ended: EndedTasks;
  readonly #sweeper: UnrefInterval;
  #isClosed = false;

  /**
   * Takes over what the store holds. Of the tasks that had not ended, those that ran in the process which is gone are
   * interrupted; those of reporters in other processes go on.
   *
   * @param options the store, the bounds and the numbering
   */
  constructor(options: RegistryOptions) {
    super(options.store, options.unsavedEpoch);
    this.#store = options.store;
    this.#limits = options.limits;
    this.#live = new LiveTasks(options.store);
    this.#retention = new Retention(options.limits);
    this.#ended = new EndedTasks({
      store: options.store,
      retention: this.#retention,
      past: this.#live.past,
      events: this.#events,
    }, options.limits);
    this.#onEnd = options.onEnd;
    this.#sweeper = new UnrefInterval(() => this.#trySweep(), options.limits.sweepIntervalMs);
    this.#takeOver();
  }

  clients(): string[] {
    return this.#retention.clients();
  }

  /** How many tasks each client has. */
  clientCounts(): ReturnType<Retention["counts"]> {
    return this.#retention.counts();
  }

  /**
   * Why a client can't have one more task.
   *
   * @param client the client token
   * @returns the bound that is reached, or the trouble with the store, or that the end has come; `null` where there is
   *   room
   */
  obstacle(client: string): LimitError | StorageError | ClosedError | null {
    if (this.#isClosed) return new ClosedError("Cannot create task: the server is shutting down");
    const { degradation } = this.#store;
    return degradation === null ? this.#retention.fullness(client) : degradation.error;
  }

  /** The progress history of a task, oldest first. */
  override progress(client: string, id: string): Promise<readonly ProgressPoint[]> {
    const live = this.#live.get(client, id);
    return live === undefined ? super.progress(client, id) : Promise.resolve(live.series.points);
  }

  /** Keeps what a task was started with. */
  setLaunch(client: string, id: string, launch: Launch): void {
    this.#store.putEntries(LAUNCHES, client, id, [launch]);
  }

  /**
   * Waits until whatever is seen now can be shown: which tasks there are, and which have ended, is shown only once it is
   * committed. So a crash takes back no more than progress, and who was watching has seen no task that never was.
   *
   * @returns `null` where there is nothing to wait for, also because nothing can be committed; else whether it is
   *   committed now: where it is not, what was seen is shown all the same, but with a cursor of the other epoch
   */
  whenPublishable(): Promise<boolean> | null {
    const { committedSeq, degradation } = this.#store;
    if (this.#events.membershipSeq <= committedSeq || degradation !== null) return null;
    return this.#store.committed().then(() => true, () => false);
  }

  /**
   * Hears of every change, in order, while it is made. A listener must not throw and must not change tasks.
   *
   * @param listener called with each change
   * @returns a function that ends it
   */
  subscribe(listener: (event: RegistryEvent) => void): () => void {
    return this.#events.subscribe(listener);
  }

  /**
   * Takes a report from the side that runs the task.
   *
   * @param report what happened
   * @param reporter whom to ask when the task is to stop
   * @returns the record afterwards
   * @throws {TransitionError} where the task's state does not allow it
   * @throws {LimitError} where there are too many tasks
   */
  report(report: Report, reporter: Reporter): Task {
    const { client, id, change, seq = null } = report;
    const live = this.#live.get(client, id);
    if (live !== undefined && live.owner !== reporter.id) {
      throw new TransitionError("task_exists", `Cannot report task "${id}": somebody else runs it`);
    }
    // A reporter's clock may be ahead; nothing happens in the future.
    return this.#apply(client, id, change, Math.min(report.at, now()), reporter, seq);
  }

  /**
   * Applies a change that comes from anybody but the reporter.
   *
   * @param client the client token
   * @param id the task's id
   * @param change what happens
   * @returns the record afterwards
   * @throws {TransitionError} where the task's state does not allow it
   * @throws {LimitError} where there are too many tasks
   */
  apply(client: string, id: string, change: TaskChange): Task {
    return this.#apply(client, id, change, now(), null);
  }

  /**
   * Asks a task to stop. The side that runs it is told; a task that nobody runs yet is cancelled at once.
   *
   * @param client the client token
   * @param id the task's id
   * @returns the record afterwards
   * @throws {TransitionError} where there is no such task, or it has ended
   */
  requestCancel(client: string, id: string): Task {
    const task = this.#apply(client, id, { type: "request_cancel" }, now(), null);
    const live = this.#live.get(client, id);
    if (live?.reporter === null && task.state === "NOT_STARTED") {
      return this.#apply(client, id, { type: "cancelled" }, now(), null);
    }
    live?.reporter?.cancelRequested(client, id);
    return task;
  }

  /** A reporter went away without a word: its tasks are stale, until it is heard again. */
  reporterLost(reporterId: string): void {
    for (const { client, id } of this.#live.ownedBy(reporterId)) {
      this.#apply(client, id, { type: "stale" }, now(), null);
    }
  }

  /**
   * A reporter in another process can be reached, be it for the first time or again. It is told what was asked of its
   * tasks meanwhile.
   *
   * @param reporter the way to it, which replaces an earlier one
   */
  reporterHere(reporter: Reporter): void {
    for (const live of this.#live.ownedBy(reporter.id)) {
      const { client, id } = live;
      live.reporter = reporter;
      live.awaySince = null;
      const task = this.task(client, id);
      if (task?.stale) this.#apply(client, id, { type: "heard" }, now(), null);
      if (task?.cancel_requested) reporter.cancelRequested(client, id);
    }
  }

  /** A reporter in another process can't be reached any more. It is given some time to come back. */
  reporterAway(reporter: Reporter): void {
    for (const live of this.#live.ownedBy(reporter.id)) {
      if (live.reporter !== reporter) continue;
      live.reporter = null;
      live.awaySince = now();
    }
  }

  /** Tells the sides that run tasks in this process that it is about to end. */
  announceEnd(): void {
    for (const { client, id, reporter } of this.#live.all()) {
      if (reporter?.isRemote !== true) reporter?.interrupted(client, id);
    }
  }

  /** How many tasks have not ended and end with this process. */
  get runningCount(): number {
    return this.#live.localCount;
  }

  /** Ends the tasks that have not ended by themselves, as the process is about to end, and they with it. */
  interruptAll(message: string): void {
    for (const { client, id } of this.#live.all()) {
      if (this.task(client, id)?.reporter !== null) continue;
      this.#apply(client, id, { type: "interrupt", message, lostVersions: 0 }, now(), null);
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
   * Brings back a task that was removed a moment ago, with its log and its history.
   *
   * @param client the client token
   * @param id the task's id
   * @returns the record
   * @throws {TransitionError} where it was not removed, or too long ago
   */
  restore(client: string, id: string): Task {
    return this.#ended.restore(client, id);
  }

  /**
   * Looks for tasks that went silent or stand still, and for those that are too old. Runs by itself while there are
   * tasks.
   */
  sweep(): void {
    const at = now();
    for (const live of this.#live.all()) this.#lookAt(live, at);
    this.#live.saveSome(at, this.#limits.sweepIntervalMs / 1000);
    this.#ended.purgeOverdue();
    this.#ended.expire();
    if (this.#retention.isEmpty && !this.#ended.hasRestorable) this.#sweeper.stop();
  }

  #lookAt({ client, id, estimator, awaySince }: LiveTask, at: number): void {
    const task = this.task(client, id);
    if (task === undefined || !task.active) return;
    const silence = silenceChange(task, awaySince, at, this.#limits);
    if (silence !== null) this.#apply(client, id, silence, at, null);
    if (silence?.type === "fail") return;
    const estimate = estimator.correction(task, at);
    if (estimate !== null) this.#apply(client, id, { type: "estimate", ...estimate }, at, null);
  }

  /** What can't be done because of the store is tried again with the next look; its trouble is told elsewhere. */
  #trySweep(): void {
    try {
      this.sweep();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#sweeper.stop();
    // Those of reporters elsewhere go on without this process.
    this.#live.saveAll(now());
    this.#events.clear();
    this.#live.clear();
  }

  #takeOver(): void {
    const { seq } = this.#store;
    const { live, ended } = this.#store.takeOpened();
    for (const each of ended) this.#retention.addEnded(each);
    for (const { client, id, progress } of live) {
      this.#retention.adopt(client);
      const stored = this.#store.index.get(client, id);
      // Each version took a number, so the task can't have had more than there were numbers.
      const lostVersions = seq - (stored?.seq ?? seq);
      const owner = stored?.task.reporter ?? null;
      if (owner === null) {
        const message = "The server ended while the task ran";
        this.#apply(client, id, { type: "interrupt", message, lostVersions }, now(), null);
      } else {
        this.#live.add(client, id, { owner, reporter: null, at: now(), points: progress });
        this.#apply(client, id, { type: "adopt", lostVersions }, now(), null);
      }
    }
    for (const client of this.#retention.clients()) this.#ended.expire(client);
    if (!this.#retention.isEmpty) this.#sweeper.start();
  }

  #apply(
    client: string,
    id: string,
    change: TaskChange,
    at: number,
    reporter: Reporter | null,
    reportSeq: number | null = null,
  ): Task {
    const before = this.#store.index.get(client, id)?.task;
    const origin = { reporter: reporter?.isRemote ? reporter.id : null, seq: reportSeq };
    const changed = transition(before, id, change, at, origin);
    if (changed === before) return before;

    const obstacle = before === undefined ? this.#retention.fullness(client) : null;
    if (obstacle !== null) throw obstacle;
    const seq = this.#store.takeSeq();
    if (before === undefined) this.#begin(client, id, reporter);
    const live = this.#live.get(client, id);
    const after = live === undefined || change.type === "estimate"
      ? changed
      : live.estimator.estimated(changed);
    const isEnd = isFinal(after.state);
    this.#put(client, before, after, change, seq);

    if (live !== undefined && after.progress !== null) {
      live.series.add(after.updated_at, after.progress);
      if (isEnd) this.#live.save(live, at);
    }

    if (live !== undefined && change.type === "update") {
      if (change.progress !== undefined || change.current !== undefined) live.family.setsOwnProgress();
    }
    if (after.parent_id !== null && change.type !== "roll_up") this.#rollUp(client, after, at);
    if (isEnd) {
      this.#live.delete(client, id);
      this.#ended.add(client, after);
    }
    return after;
  }

  #put(client: string, before: Task | undefined, after: Task, change: TaskChange, seq: number): void {
    const { id } = after;
    const stored = new TaskInMemory(after, seq);
    this.#store.put(client, stored);
    if (change.type === "log" && before !== undefined) {
      const lines = newLines(before, change)
        .map(({ at, text }, index) => ({ number: before.log_count + index, at, text }));
      this.#store.putEntries(LOG_LINES, client, id, lines);
    }
    const entry = historyEntryOf(before, after);
    if (entry !== null) {
      this.#store.putEntries(HISTORY, client, id, [{ entry, isState: before?.state !== after.state }]);
    }
    if (isFinal(after.state)) this.#onEnd?.(client, stored);
    this.#events.publish({ client, seq, stored, before, change });
  }

  #begin(client: string, id: string, reporter: Reporter | null): void {
    this.#retention.begin(client);
    this.#ended.replaced(client, id);
    this.#live.add(client, id, { owner: reporter?.id ?? null, reporter, at: now() });
    this.#sweeper.start();
  }

  /** Moves the bars of a task's ancestors by what its own moved; never back, also when another child joins. */
  #rollUp(client: string, child: Task, at: number): void {
    let task = child;
    for (let height = 0; task.parent_id !== null && height < ROLL_UP_HEIGHT; height++) {
      const family = this.#live.get(client, task.id)?.family;
      const parentFamily = this.#live.get(client, task.parent_id)?.family;
      const parent = this.task(client, task.parent_id);
      if (family === undefined || parentFamily === undefined || parent === undefined) return;
      const progress = parentFamily.add(task, family);
      if (progress === null || progress <= (parent.progress ?? 0)) return;
      task = this.#apply(client, parent.id, { type: "roll_up", progress }, at, null);
    }
  }
}
