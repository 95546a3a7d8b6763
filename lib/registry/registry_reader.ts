/**
 * Reads the tasks of a registry and their logs, histories and past changes.
 *
 * @module
 */

import { andThen, type MaybePromise } from "../task/maybe_promise.ts";
import type { Cursor } from "../task/cursor.ts";
import type {
  ChangesSince,
  Degradation,
  StoredTask,
  StoreFigures,
  TaskRecord,
  TaskStore,
} from "../store/store.ts";
import type { LogMatches, LogQuery } from "../store/log_search.ts";
import {
  HISTORY,
  LAUNCHES,
  LOG_LINES,
  type NumberedLine,
  PROGRESS_HISTORY,
  VALUES,
} from "../store/side_tables.ts";
import type { RunSummary } from "../task/run_summary.ts";
import {
  type HistoryEntry,
  isFinal,
  type Launch,
  type LogLine,
  type ProgressPoint,
  type Task,
} from "../task/task.ts";
import { NO_VALUES, type TaskValues } from "../task/value_book.ts";

import type { LiveHistories } from "./registry_options.ts";

/** A part of a task's log, without gaps. */
export interface LogSlice {
  /** The number of the first line of the slice. */
  readonly first: number;
  readonly lines: readonly LogLine[];
}

/**
 * Returns the given lines up to the first gap. Lines that could not be stored leave a gap; the lines after a gap belong
 * to another slice.
 *
 * @param lines lines of one task, oldest first
 * @param from the number of the first requested line
 */
export function logSlice(lines: readonly NumberedLine[], from: number): LogSlice {
  const first = lines[0]?.number ?? from;
  const gap = lines.findIndex(({ number }, index) => number !== first + index);
  const together = gap === -1 ? lines : lines.slice(0, gap);
  return { first, lines: together.map(({ number: _, ...line }) => line) };
}

/** Reads the current records of tasks, and their side tables such as logs. */
export class RegistryReader {
  readonly #store: TaskStore;
  readonly #unsavedEpoch: string;
  readonly #histories: LiveHistories | null;

  /**
   * @param store the store to read
   * @param unsavedEpoch the epoch of cursors while nothing can be committed
   * @param histories reads the data that only the authority on another node has in memory; `null` if there is no other
   * node
   */
  constructor(store: TaskStore, unsavedEpoch: string, histories: LiveHistories | null = null) {
    this.#store = store;
    this.#unsavedEpoch = unsavedEpoch;
    this.#histories = histories;
  }

  /**
   * The cursor of the last change. While nothing can be committed, cursors have a different epoch. A server that is
   * started later knows only committed changes, and rejects these cursors.
   */
  get cursor(): Cursor {
    const epoch = this.#store.degradation === null ? this.#store.epoch : this.#unsavedEpoch;
    return { epoch, seq: this.#store.seq };
  }

  /** Returns the cursor of the last change that may have affected the tasks of a client. */
  cursorOf(_client: string): Cursor {
    return this.cursor;
  }

  /** Returns the number of uncommitted changes that may affect the tasks of a client. */
  uncommittedOf(_client: string): number {
    return this.uncommitted;
  }

  /** The number of changes that are not committed yet. */
  get uncommitted(): number {
    return Math.max(0, this.#store.seq - this.#store.committedSeq);
  }

  /** The figures of the store, for metrics. */
  get storeFigures(): StoreFigures {
    return this.#store.figures;
  }

  /** The reason why nothing can be committed at present; `null` if commits succeed. */
  get degradation(): Degradation | null {
    return this.#store.degradation;
  }

  /** Returns whether a task with this id was skipped when the store was opened, because its record is damaged. */
  isLeftOut(client: string, id: string): boolean {
    return this.#store.index.isLeftOut(client, id);
  }

  task(client: string, id: string): Task | undefined {
    const stored = this.#store.index.get(client, id);
    return stored && this.#recordOf(stored).task;
  }

  tasks(client: string): Task[] {
    return Array.from(this.#store.index.list(client), (stored) => this.#recordOf(stored).task).reverse();
  }

  async read(client: string, id: string): Promise<Task | undefined> {
    return (await this.record(client, id))?.task;
  }

  async readAll(client: string): Promise<Task[]> {
    const records = await this.records([...this.#store.index.list(client)]);
    return records.map(({ task }) => task).reverse();
  }

  /**
   * Reads the record of a removed task that can still be restored.
   *
   * @throws {StorageError} if it cannot be read
   */
  removed(client: string, id: string): MaybePromise<Task | undefined> {
    const removed = this.#store.removed(client, id);
    return removed && andThen(this.#store.records([removed]), ([record]) => record?.task);
  }

  /** Returns a task. Its summary is in memory, but its record may not be. */
  stored(client: string, id: string): StoredTask | undefined {
    return this.#store.index.get(client, id);
  }

  /** Returns a task with its record; `null` if the record is not in memory and must be read. */
  atHand(stored: StoredTask): TaskRecord | null {
    return this.#store.atHand(stored);
  }

  /**
   * Reads the newest record of a task: at once if it is in memory, as the records of unfinished tasks always are. If
   * the task changes during the read, its new record is returned; if the task is removed, `undefined`.
   *
   * @throws {StorageError} if it cannot be read
   */
  record(client: string, id: string): MaybePromise<TaskRecord | undefined> {
    const stored = this.#store.index.get(client, id);
    if (stored === undefined) return undefined;
    return this.#store.atHand(stored) ?? this.#readRecord(client, stored);
  }

  /**
   * Reads the records of tasks: at once if all are in memory, otherwise together. Tasks that are purged during the read
   * are left out.
   *
   * @throws {StorageError} if they cannot be read
   */
  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    return this.#store.records(tasks);
  }

  /** Returns the tasks of a client, in the order of creation. */
  list(client: string): Iterable<StoredTask> {
    return this.#store.index.list(client);
  }

  /** Returns the number of tasks of a client. */
  count(client: string): number {
    return this.#store.index.count(client);
  }

  /** Returns the sequence number of the last change to a client's tasks. */
  lastSeq(client: string): number {
    return this.#store.index.lastSeq(client);
  }

  /**
   * Returns the past runs of a name, latest end first. The result includes runs whose tasks were removed.
   *
   * @throws {StorageError} if they cannot be read
   */
  pastRuns(client: string, name: string): readonly RunSummary[] {
    return this.#store.pastRuns.newest(client, name);
  }

  /**
   * Returns the names of a client that have past runs, in the order of `SortedNames`.
   *
   * @param client the client token
   * @param after the name after which to begin; `null` to begin with the first
   * @param most the maximum number of names to return
   * @throws {StorageError} if they cannot be read
   */
  pastRunNames(client: string, after: string | null, most: number): readonly string[] {
    return this.#store.pastRuns.names(client, after, most);
  }

  /**
   * Returns the changes after a cursor.
   *
   * @param client the client token
   * @param after the cursor
   * @returns the changes; `undefined` if the cursor has another epoch, is in the future, or is too old
   */
  changesSince(client: string, after: Cursor): ChangesSince | undefined {
    return this.#knows(after) ? this.#store.index.changesSince(client, after.seq) : undefined;
  }

  /**
   * Returns the changes of all clients after a cursor.
   *
   * @param after the cursor; `null` if the caller knows no task
   * @returns the changes of each client; `undefined` if the cursor has another epoch, is in the future, or is too old,
   * so that the caller must read all tasks
   */
  allChangesSince(after: Cursor | null): ReadonlyMap<string, ChangesSince> | undefined {
    return after !== null && this.#knows(after) ? this.#store.index.allChangesSince(after.seq) : undefined;
  }

  /**
   * Reads a part of a task's log.
   *
   * @param client the client token
   * @param id the task's id
   * @param from the number of the first requested line
   * @param to the number after that of the last requested line
   * @param most the maximum number of lines; if more are kept, the oldest are returned
   * @returns the requested lines that are still kept, oldest first
   * @throws {StorageError} if the lines cannot be read; the methods that read the other side tables throw it,
   * too
   */
  async log(client: string, id: string, from: number, to: number, most = Infinity): Promise<LogSlice> {
    return logSlice(await this.#store.readEntries(LOG_LINES, client, id, { from, to, most }), from);
  }

  /**
   * Searches all lines of a task's log that are kept.
   *
   * @param client the client token
   * @param id the task's id
   * @param query what to search for
   * @returns the matches
   * @throws {StorageError} if the log cannot be read
   */
  async searchLog(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    return await this.#store.searchLog(client, id, query);
  }

  /** Returns the history of a task, oldest entry first. */
  async history(client: string, id: string): Promise<readonly HistoryEntry[]> {
    return (await this.#store.readEntries(HISTORY, client, id)).map(({ entry }) => entry);
  }

  /** Returns the progress history of a task, oldest point first. */
  async progress(client: string, id: string): Promise<readonly ProgressPoint[]> {
    const known = await this.#elsewhere(client, id)?.progress(client, id) ?? null;
    if (known !== null) return known;
    const [points] = await this.#store.readEntries(PROGRESS_HISTORY, client, id);
    return points ?? this.#onlyPoint(client, id);
  }

  /** Returns the values of a task over time. */
  async values(client: string, id: string): Promise<TaskValues> {
    const known = await this.#elsewhere(client, id)?.values(client, id) ?? null;
    if (known !== null) return known;
    const [values] = await this.#store.readEntries(VALUES, client, id);
    return values ?? NO_VALUES;
  }

  /**
   * Returns the registered function name and the arguments that a task was started with; `undefined` if it was started
   * in another way.
   */
  async launch(client: string, id: string): Promise<Launch | undefined> {
    const [launch] = await this.#store.readEntries(LAUNCHES, client, id);
    return launch;
  }

  /**
   * Resolves when all changes so far are committed; rejects with a `StorageError` if the commit fails.
   *
   * @param _client the client whose tasks the changes are of; absent for all clients
   */
  committed(_client?: string): Promise<void> {
    return this.#store.committed();
  }

  /**
   * Adds a listener that is called when tasks were replaced without changes, so that the cursors so far are of another
   * epoch; returns a function that unsubscribes. The tasks of a single registry are never replaced.
   */
  onReplaced(_listener: () => void): () => void {
    return () => {};
  }

  /**
   * Adds a listener that is called whenever the store becomes degraded or recovers; returns a function that
   * unsubscribes.
   */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    return this.#store.onDegradation(listener);
  }

  /**
   * Returns how to read the histories of an unfinished task, of which another node may be the authority; `null` if the
   * task has ended.
   */
  #elsewhere(client: string, id: string): LiveHistories | null {
    const state = this.#store.index.get(client, id)?.summary.state;
    return state === undefined || isFinal(state) ? null : this.#histories;
  }

  /**
   * Returns the progress of a task of another node from its record, because a history of a single point is not stored.
   */
  #onlyPoint(client: string, id: string): readonly ProgressPoint[] {
    if (this.#elsewhere(client, id) === null) return [];
    const task = this.atHand(this.#store.index.get(client, id)!)?.task;
    return task === undefined || task.progress === null ? [] : [[task.updated_at, task.progress]];
  }

  #recordOf(stored: StoredTask): TaskRecord {
    const record = this.atHand(stored);
    if (record !== null) return record;
    throw new Error(
      `Cannot return task "${stored.id}" at once: its record is in the database; use read() or readAll()`,
    );
  }

  async #readRecord(client: string, stored: StoredTask): Promise<TaskRecord | undefined> {
    const [record] = await this.#store.records([stored]);
    // During the read, the task may have been removed, restored, or replaced by another task with the same id.
    return this.#store.index.get(client, stored.id) === stored
      ? record
      : await this.record(client, stored.id);
  }

  #knows({ epoch, seq }: Cursor): boolean {
    return (epoch === this.#store.epoch || epoch === this.#unsavedEpoch) && seq <= this.#store.seq;
  }
}
