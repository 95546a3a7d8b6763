/**
 * The authority: orders all changes of one monitor, applies them, and tells who wants to know.
 *
 * @module
 */

import { Census, type CensusLimits } from "./census.ts";
import type { LimitError } from "./errors.ts";
import { type Estimate, Estimator } from "./estimate.ts";
import type { Cursor, Report } from "./protocol.ts";
import type { ChangesSince, StoredTask, TaskStore } from "./store/store.ts";
import { isTerminal, type LogLine, type Task, type TaskChange, transition, TransitionError } from "./task.ts";

/** Options of a {@linkcode Registry}. */
export interface RegistryOptions {
  readonly store: TaskStore;
  readonly limits: CensusLimits;
  /** Names the numbering of this registry's changes. */
  readonly epoch: string;
  /** How often, in milliseconds, tasks are looked at for signs of life. */
  readonly sweepIntervalMs: number;
}

/** What happened to one task. */
export type RegistryEvent =
  | { readonly client: string; readonly seq: number; readonly stored: StoredTask; readonly removedId?: never }
  | { readonly client: string; readonly seq: number; readonly removedId: string; readonly stored?: never };

/** What everybody may read of a registry, be it the authority or a copy in another isolate. */
export interface TaskReader {
  /** The position of the last change. */
  readonly cursor: Cursor;
  /** The newest record of a task. */
  task(client: string, id: string): Task | undefined;
  /** The tasks of a client, newest first. */
  tasks(client: string): Task[];
  /** The clients that have tasks. */
  clients(): string[];
}

/** The side that runs a task, as far as the registry needs to reach it. */
export interface Reporter {
  /** Tells reporters apart: a task belongs to the one that created it. */
  readonly id: string;
  /** Somebody asks the task to stop. */
  cancelRequested(client: string, id: string): void;
}

/** Ancestors whose bars one change moves at most; a longer line, or one that bites its tail, ends here. */
const ROLL_UP_HEIGHT = 10_000;

/** What the registry knows of a task that has not ended, beyond its record. */
interface LiveTask {
  readonly client: string;
  readonly id: string;
  readonly estimator: Estimator;
  readonly reporter: Reporter | null;
  /** Sums over the children: of their weights, and of weight times progress. */
  childWeight: number;
  childProgress: number;
  /** The task gives its own progress, so that its children's does not count. */
  hasOwnProgress: boolean;
  /** The progress that the sums of its parent hold of this task; `null` where the parent was not there yet. */
  rolledUp: number | null;
}

/** A record with its place in the order of changes; its JSON is made when it is first asked for, then kept. */
class Stored implements StoredTask {
  readonly task: Task;
  readonly seq: number;
  #json: string | undefined;

  constructor(task: Task, seq: number) {
    this.task = task;
    this.seq = seq;
  }

  get json(): string {
    return this.#json ??= JSON.stringify(this.task);
  }
}

/** The one place where tasks change. Everything is synchronous, so that no two changes can overlap. */
export class Registry implements TaskReader, Disposable {
  readonly #store: TaskStore;
  readonly #census: Census;
  readonly #epoch: string;
  readonly #sweepIntervalMs: number;
  readonly #listeners: Set<(event: RegistryEvent) => void> = new Set();
  readonly #live: Map<string, LiveTask> = new Map();
  #seq = 0;
  #sweeper: ReturnType<typeof setInterval> | undefined;

  /** @param options the store, the bounds and the numbering */
  constructor(options: RegistryOptions) {
    this.#store = options.store;
    this.#census = new Census(options.limits);
    this.#epoch = options.epoch;
    this.#sweepIntervalMs = options.sweepIntervalMs;
  }

  get cursor(): Cursor {
    return { epoch: this.#epoch, seq: this.#seq };
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

  /** The bound that keeps a client from having one more task; `null` where there is room. */
  fullness(client: string): LimitError | null {
    return this.#census.fullness(client);
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
    if (after.epoch !== this.#epoch || after.seq > this.#seq) return undefined;
    return this.#store.changesSince(client, after.seq);
  }

  /**
   * What changed after a position, of all clients.
   *
   * @param after the position
   * @returns the changes of each client; `undefined` where the position is of another numbering, or too old
   */
  allChangesSince(after: Cursor): ReadonlyMap<string, ChangesSince> | undefined {
    if (after.epoch !== this.#epoch || after.seq > this.#seq) return undefined;
    return this.#store.allChangesSince(after.seq);
  }

  /** The newest lines of a task's log, oldest first. */
  log(client: string, id: string): readonly LogLine[] {
    return this.#store.log(client, id);
  }

  /** Resolves when everything that was applied so far is committed. */
  committed(): Promise<void> {
    return this.#store.committed();
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

  /**
   * Removes a task that has ended.
   *
   * @param client the client token
   * @param id the task's id
   * @returns whether there was such a task
   */
  remove(client: string, id: string): boolean {
    const task = this.task(client, id);
    if (task === undefined || !isTerminal(task.state)) return false;
    this.#forget(client, id);
    return true;
  }

  /** Looks for tasks that went silent or stand still. Runs by itself while there are tasks that have not ended. */
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
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
    this.#listeners.clear();
    this.#live.clear();
  }

  #apply(client: string, id: string, change: TaskChange, at: number, reporter: Reporter | null): Task {
    const before = this.#store.get(client, id)?.task;
    const changed = transition(before, id, change, at);
    if (changed === before) return before;

    const key = keyOf(client, id);
    if (before === undefined) this.#begin(client, id, key, reporter);
    const live = this.#live.get(key);
    const after = live === undefined || change.type === "estimate"
      ? changed
      : estimated(changed, live.estimator);
    if (change.type === "log") this.#store.appendLog(client, id, change.lines);
    this.#put(client, after);

    if (live !== undefined && change.type === "update") {
      live.hasOwnProgress ||= change.progress !== undefined || change.current !== undefined;
    }
    if (after.parent_id !== null && change.type !== "roll_up") this.#rollUp(client, after, at);
    if (isTerminal(after.state)) this.#end(client, id, key);
    return after;
  }

  #put(client: string, task: Task): void {
    const seq = ++this.#seq;
    const stored = new Stored(task, seq);
    this.#store.put(client, stored);
    this.#tell({ client, seq, stored });
  }

  #tell(event: RegistryEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #begin(client: string, id: string, key: string, reporter: Reporter | null): void {
    this.#census.begin(client);
    this.#live.set(key, {
      client,
      id,
      estimator: new Estimator(),
      reporter,
      childWeight: 0,
      childProgress: 0,
      hasOwnProgress: false,
      rolledUp: null,
    });
    this.#sweeper ??= startSweeper(() => this.sweep(), this.#sweepIntervalMs);
  }

  #end(client: string, id: string, key: string): void {
    this.#live.delete(key);
    if (this.#live.size === 0) {
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    }
    for (const over of this.#census.end(client, id)) this.#forget(over.client, over.id);
  }

  #forget(client: string, id: string): void {
    this.#census.forget(client, id);
    const seq = ++this.#seq;
    this.#store.remove(client, id, seq);
    this.#tell({ client, seq, removedId: id });
  }

  /** Moves the bars of a task's ancestors by what its own moved; never back, also when another child joins. */
  #rollUp(client: string, child: Task, at: number): void {
    let task = child;
    for (let height = 0; task.parent_id !== null && height < ROLL_UP_HEIGHT; height++) {
      const live = this.#live.get(keyOf(client, task.id));
      const parent = this.#live.get(keyOf(client, task.parent_id));
      const parentTask = this.task(client, task.parent_id);
      if (live === undefined || parent === undefined || parentTask === undefined) return;
      const progress = task.progress ?? 0;
      if (live.rolledUp === null) parent.childWeight += task.weight;
      parent.childProgress += task.weight * (progress - (live.rolledUp ?? 0));
      live.rolledUp = progress;
      if (parent.hasOwnProgress || parent.childWeight === 0) return;
      const rolledUp = parent.childProgress / parent.childWeight;
      if (rolledUp <= (parentTask.progress ?? 0)) return;
      task = this.#apply(client, parentTask.id, { type: "roll_up", progress: rolledUp }, at, null);
    }
  }
}

function estimated(task: Task, estimator: Estimator): Task {
  estimator.observe(task, task.updated_at);
  const estimate: Estimate = estimator.estimate(task, task.updated_at);
  return { ...task, ...estimate };
}

function keyOf(client: string, id: string): string {
  // A slash is in neither grammar.
  return `${client}/${id}`;
}

/** The time, in epoch seconds. */
export function now(): number {
  return Date.now() / 1000;
}

function startSweeper(sweep: () => void, intervalMs: number): ReturnType<typeof setInterval> {
  const timer = setInterval(sweep, intervalMs);
  // Looking at tasks is no reason for the process to live on.
  if (typeof Deno !== "undefined") Deno.unrefTimer(timer as unknown as number);
  return timer;
}
