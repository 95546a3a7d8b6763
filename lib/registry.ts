/**
 * The authority: orders all changes of one monitor, applies them, and tells who wants to know.
 *
 * @module
 */

import { BackgroundInterval } from "./background_interval.ts";
import { Census, type CensusLimits } from "./census.ts";
import { ClosedError, type LimitError, StorageError } from "./errors.ts";
import { Estimator } from "./estimate.ts";
import type { Cursor, Report } from "./protocol.ts";
import type { RegistryEvent, Reporter, TaskReader } from "./registry_types.ts";
import { RestorableTasks } from "./restorable.ts";
import { Family } from "./roll_up.ts";
import {
  type ChangesSince,
  type EndedTask,
  type Launch,
  type LogSlice,
  type StoredTask,
  TaskInMemory,
} from "./store/store.ts";
import type { StorageTrouble, TaskStore } from "./store/store.ts";
import { type HistoryEntry, isTerminal, type Task, type TaskChange } from "./task.ts";
import { historyEntryOf, newLines, transition, TransitionError } from "./transition.ts";

/** The bounds of a {@linkcode Registry}. */
export interface RegistryLimits extends CensusLimits {
  /** How long ended tasks are kept, in milliseconds from their end. */
  readonly endedTaskAgeMs: number;
  /** How long a removed task can be restored, in milliseconds from its removal. */
  readonly restoreWindowMs: number;
  /** How often, in milliseconds, tasks are looked at for signs of life, and for their age. */
  readonly sweepIntervalMs: number;
}

/** Options of a {@linkcode Registry}. */
export interface RegistryOptions {
  readonly store: TaskStore;
  readonly limits: RegistryLimits;
  /** Names the numbering while nothing can be committed; of the grammar of an epoch. */
  readonly unsavedEpoch: string;
}

/** Ancestors whose bars one change moves at most; a longer line, or one that bites its tail, ends here. */
const ROLL_UP_HEIGHT = 10_000;

/** What the registry knows of a task that has not ended, beyond its record. */
interface LiveTask {
  readonly client: string;
  readonly id: string;
  readonly estimator: Estimator;
  readonly reporter: Reporter | null;
  readonly family: Family;
}

/** The one place where tasks change. Everything is synchronous, so that no two changes can overlap. */
export class Registry implements TaskReader, Disposable {
  readonly #store: TaskStore;
  readonly #limits: RegistryLimits;
  readonly #census: Census;
  readonly #unsavedEpoch: string;
  readonly #listeners: Set<(event: RegistryEvent) => void> = new Set();
  readonly #live: Map<string, LiveTask> = new Map();
  readonly #restorable: RestorableTasks;
  readonly #sweeper: BackgroundInterval;
  /** The number of the last change that made a task, ended it, removed it or brought it back. */
  #membershipSeq = 0;
  #isClosed = false;

  /**
   * Takes over what the store holds. Tasks that had not ended are interrupted: whoever ran them is gone.
   *
   * @param options the store, the bounds and the numbering
   */
  constructor(options: RegistryOptions) {
    this.#store = options.store;
    this.#limits = options.limits;
    this.#census = new Census(options.limits);
    this.#unsavedEpoch = options.unsavedEpoch;
    this.#restorable = new RestorableTasks(options.limits.restoreWindowMs);
    this.#sweeper = new BackgroundInterval(() => this.#trySweep(), options.limits.sweepIntervalMs);
    this.#takeOver();
  }

  /**
   * The position of the last change. While nothing can be committed, positions are of another epoch: they mean nothing
   * to a program that is started later, which knows only what was committed.
   */
  get cursor(): Cursor {
    const epoch = this.#store.trouble === null ? this.#store.epoch : this.#unsavedEpoch;
    return { epoch, seq: this.#store.seq };
  }

  /** Why nothing can be committed at present; `null` where all is well. */
  get trouble(): StorageTrouble | null {
    return this.#store.trouble;
  }

  task(client: string, id: string): Task | undefined {
    return this.#store.get(client, id)?.task;
  }

  tasks(client: string): Task[] {
    return Array.from(this.#store.list(client), (stored) => stored.task).reverse();
  }

  clients(): string[] {
    return this.#census.clients();
  }

  /** The newest record of a task with its JSON. */
  stored(client: string, id: string): StoredTask | undefined {
    return this.#store.get(client, id);
  }

  /** The tasks of a client with their JSON, in the order of their creation. */
  list(client: string): Iterable<StoredTask> {
    return this.#store.list(client);
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
    const { trouble } = this.#store;
    return trouble === null ? this.#census.fullness(client) : trouble.error;
  }

  /** How many tasks a client has. */
  count(client: string): number {
    return this.#store.count(client);
  }

  /** The number of the last change of a client's tasks. */
  lastSeq(client: string): number {
    return this.#store.lastSeq(client);
  }

  /**
   * What changed after a position.
   *
   * @param client the client token
   * @param after the position
   * @returns the changes; `undefined` where the position is of another numbering, of the future, or too old
   */
  changesSince(client: string, after: Cursor): ChangesSince | undefined {
    return this.#knows(after) ? this.#store.changesSince(client, after.seq) : undefined;
  }

  /**
   * What changed after a position, of all clients.
   *
   * @param after the position
   * @returns the changes of each client; `undefined` where the position is of another numbering, or too old
   */
  allChangesSince(after: Cursor): ReadonlyMap<string, ChangesSince> | undefined {
    return this.#knows(after) ? this.#store.allChangesSince(after.seq) : undefined;
  }

  /**
   * A part of a task's log.
   *
   * @param client the client token
   * @param id the task's id
   * @param from the number of the first line that is wanted
   * @param to the number of the first line that is not wanted any more
   * @param most how many lines are wanted at most, the oldest of those that are kept
   * @returns those of the lines that are kept, oldest first
   */
  log(client: string, id: string, from: number, to: number, most?: number): LogSlice {
    return this.#store.log(client, id, from, to, most);
  }

  /** A task's history, oldest first. */
  history(client: string, id: string): readonly HistoryEntry[] {
    return this.#store.history(client, id);
  }

  /** What a task was started with; `undefined` where it was not started by name. */
  launch(client: string, id: string): Launch | undefined {
    return this.#store.launch(client, id);
  }

  /** Notes what a task was started with. */
  setLaunch(client: string, id: string, launch: Launch): void {
    this.#store.putLaunch(client, id, launch);
  }

  /** Resolves when everything that was applied so far is committed; rejects with a `StorageError` where it can't be. */
  committed(): Promise<void> {
    return this.#store.committed();
  }

  /**
   * Waits until whatever is seen now can be shown: which tasks there are, and which have ended, is shown only once it is
   * committed. So a crash takes back no more than progress, and who was watching has seen no task that never was.
   *
   * @returns `null` where there is nothing to wait for, also because nothing can be committed; else whether it is
   *   committed now: where it is not, what was seen is shown all the same, but with a cursor of the other epoch
   */
  whenShowable(): Promise<boolean> | null {
    const { committedSeq, trouble } = this.#store;
    if (this.#membershipSeq <= committedSeq || trouble !== null) return null;
    return this.#store.committed().then(() => true, () => false);
  }

  /**
   * Hears of every change, in order, while it is made. A listener must not throw and must not change tasks.
   *
   * @param listener called with each change
   * @returns a function that ends it
   */
  subscribe(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears when trouble with the store comes and goes; gives back what ends it. */
  onTrouble(listener: (trouble: StorageTrouble | null) => void): () => void {
    return this.#store.onTrouble(listener);
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
    const { client, id, change } = report;
    const live = this.#live.get(keyOf(client, id));
    if (live !== undefined && live.reporter?.id !== reporter.id) {
      throw new TransitionError("task_exists", `Cannot report task "${id}": somebody else runs it`);
    }
    // A reporter's clock may be ahead; nothing happens in the future.
    return this.#apply(client, id, change, Math.min(report.at, now()), reporter);
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
    const live = this.#live.get(keyOf(client, id));
    if (live?.reporter === null && task.state === "NOT_STARTED") {
      return this.#apply(client, id, { type: "cancelled" }, now(), null);
    }
    live?.reporter?.cancelRequested(client, id);
    return task;
  }

  /** A reporter went away without a word: its tasks are stale, until it is heard again. */
  reporterLost(reporterId: string): void {
    for (const { client, id, reporter } of this.#live.values()) {
      if (reporter?.id === reporterId) this.#apply(client, id, { type: "stale" }, now(), null);
    }
  }

  /** Tells the sides that run tasks that the process is about to end. */
  announceEnd(): void {
    for (const { client, id, reporter } of [...this.#live.values()]) reporter?.interrupted(client, id);
  }

  /** How many tasks have not ended. */
  get liveCount(): number {
    return this.#live.size;
  }

  /** Ends the tasks that have not ended by themselves, as the process is about to end. */
  interruptAll(message: string): void {
    for (const { client, id } of [...this.#live.values()]) {
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
    if (!this.#census.hasEnded(client, id)) return false;
    const ended = this.#remove(client, id);
    if (ended !== undefined) this.#restorable.add(ended);
    return true;
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
    const removed = this.#store.removed(client, id);
    const ended = this.#restorable.get({ client, id });
    if (removed === undefined || ended === undefined) {
      throw this.#store.get(client, id) === undefined
        ? new TransitionError(
          "task_not_found",
          `Cannot restore task "${id}": it was not removed a moment ago`,
        )
        : new TransitionError("task_exists", `Cannot restore task "${id}": there is a task of that id`);
    }
    const seq = this.#store.takeSeq();
    const stored = new TaskInMemory(transition(removed, id, { type: "restore" }, now()), seq);
    this.#restorable.delete({ client, id });
    this.#store.restore(client, stored);
    this.#census.restore(ended);
    this.#membershipSeq = seq;
    this.#tell({ client, seq, stored });
    this.#forgetExcess(client);
    return stored.task;
  }

  /**
   * Looks for tasks that went silent or stand still, and for those that are too old. Runs by itself while there are
   * tasks.
   */
  sweep(): void {
    const at = now();
    for (const { client, id, estimator } of this.#live.values()) {
      const task = this.task(client, id);
      if (task === undefined || !task.active) continue;
      const silentSince = at - task.updated_at;
      if (!task.stale && task.stale_after !== null && silentSince > task.stale_after) {
        this.#apply(client, id, { type: "stale" }, at, null);
      }
      const hasPace = task.eta_reason === null || task.eta_reason === "too_early";
      if (hasPace && estimator.isStalled(at)) {
        this.#apply(client, id, { type: "estimate", ...estimator.estimate(task, at) }, at, null);
      }
    }
    for (const { client, id } of this.#restorable.takeOverdue()) this.#store.purge(client, id);
    this.#forgetExcess();
    if (this.#census.isEmpty && this.#restorable.size === 0) this.#sweeper.stop();
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
    this.#listeners.clear();
    this.#live.clear();
  }

  #takeOver(): void {
    for (const ended of this.#store.openedEnded()) this.#census.addEnded(ended);
    const { seq } = this.#store;
    const live = [...this.#store.openedLive()];
    for (const { client, id } of live) {
      this.#census.adopt(client);
      // Each version took a number, so the task can't have had more than there were numbers.
      const lostVersions = seq - (this.#store.get(client, id)?.seq ?? seq);
      const message = "The server ended while the task ran";
      this.#apply(client, id, { type: "interrupt", message, lostVersions }, now(), null);
    }
    for (const client of this.#census.clients()) this.#forgetExcess(client);
    if (!this.#census.isEmpty) this.#sweeper.start();
  }

  #knows({ epoch, seq }: Cursor): boolean {
    return (epoch === this.#store.epoch || epoch === this.#unsavedEpoch) && seq <= this.#store.seq;
  }

  #apply(client: string, id: string, change: TaskChange, at: number, reporter: Reporter | null): Task {
    const before = this.#store.get(client, id)?.task;
    const changed = transition(before, id, change, at);
    if (changed === before) return before;

    const key = keyOf(client, id);
    const obstacle = before === undefined ? this.#census.fullness(client) : null;
    if (obstacle !== null) throw obstacle;
    const seq = this.#store.takeSeq();
    if (before === undefined) this.#begin(client, id, key, reporter);
    const live = this.#live.get(key);
    const after = live === undefined || change.type === "estimate"
      ? changed
      : live.estimator.estimated(changed);
    const isEnd = isTerminal(after.state);
    if (isEnd || before === undefined) this.#membershipSeq = seq;
    this.#put(client, before, after, change, seq);

    if (live !== undefined && change.type === "update") {
      if (change.progress !== undefined || change.current !== undefined) live.family.setsOwnProgress();
    }
    if (after.parent_id !== null && change.type !== "roll_up") this.#rollUp(client, after, at);
    if (isEnd) this.#end(client, id, key);
    return after;
  }

  #put(client: string, before: Task | undefined, after: Task, change: TaskChange, seq: number): void {
    const { id } = after;
    const stored = new TaskInMemory(after, seq);
    this.#store.put(client, stored);
    if (change.type === "log" && before !== undefined) {
      this.#store.appendLog(client, id, before.log_count, newLines(before, change));
    }
    const entry = historyEntryOf(before, after);
    if (entry !== null) this.#store.appendHistory(client, id, entry, before?.state !== after.state);
    this.#tell({ client, seq, stored });
  }

  #tell(event: RegistryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #begin(client: string, id: string, key: string, reporter: Reporter | null): void {
    this.#census.begin(client);
    this.#restorable.delete({ client, id });
    this.#live.set(key, { client, id, estimator: new Estimator(), reporter, family: new Family() });
    this.#sweeper.start();
  }

  #end(client: string, id: string, key: string): void {
    this.#live.delete(key);
    // By our clock: that of a reporter may be behind by more than a task is kept.
    this.#census.end({ client, id, endedAt: now() });
    this.#forgetExcess(client);
  }

  /** Forgets the ended tasks that are over a bound: of all clients together, and of the one that has a new one. */
  #forgetExcess(client?: string): void {
    const endedBefore = now() - this.#limits.endedTaskAgeMs / 1000;
    for (let key = this.#census.excess(endedBefore, client); key !== undefined;) {
      this.#remove(key.client, key.id);
      this.#store.purge(key.client, key.id);
      key = this.#census.excess(endedBefore, client);
    }
  }

  #remove(client: string, id: string): EndedTask | undefined {
    const seq = this.#store.takeSeq();
    this.#membershipSeq = seq;
    const ended = this.#census.forget(client, id);
    this.#store.remove(client, id, seq);
    this.#tell({ client, seq, removedId: id });
    return ended;
  }

  /** Moves the bars of a task's ancestors by what its own moved; never back, also when another child joins. */
  #rollUp(client: string, child: Task, at: number): void {
    let task = child;
    for (let height = 0; task.parent_id !== null && height < ROLL_UP_HEIGHT; height++) {
      const family = this.#live.get(keyOf(client, task.id))?.family;
      const parentFamily = this.#live.get(keyOf(client, task.parent_id))?.family;
      const parent = this.task(client, task.parent_id);
      if (family === undefined || parentFamily === undefined || parent === undefined) return;
      const progress = parentFamily.add(task, family);
      if (progress === null || progress <= (parent.progress ?? 0)) return;
      task = this.#apply(client, parent.id, { type: "roll_up", progress }, at, null);
    }
  }
}

/** A slash is in neither grammar. */
function keyOf(client: string, id: string): string {
  return `${client}/${id}`;
}

/** The time, in epoch seconds. */
export function now(): number {
  return Date.now() / 1000;
}
