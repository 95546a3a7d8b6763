/**
 * The reading half of a registry.
 *
 * @module
 */

import type { Cursor } from "../task/cursor.ts";
import type { ChangesSince, Degradation, StoredTask, StoreFigures, TaskStore } from "../store/store.ts";
import {
  HISTORY,
  type Launch,
  LAUNCHES,
  LOG_LINES,
  type NumberedLine,
  PROGRESS_HISTORY,
} from "../store/side_tables.ts";
import type { HistoryEntry, LogLine, ProgressPoint, Task } from "../task/task.ts";

/** A part of a task's log, without gaps. */
export interface LogSlice {
  /** The number of the first line. */
  readonly first: number;
  readonly lines: readonly LogLine[];
}

/**
 * The first lines up to a gap: lines that could not be stored leave one, and what follows it is another slice.
 *
 * @param lines lines of one task, oldest first
 * @param from the number of the first line that was asked for
 */
export function logSlice(lines: readonly NumberedLine[], from: number): LogSlice {
  const first = lines[0]?.number ?? from;
  const gap = lines.findIndex(({ number }, index) => number !== first + index);
  const together = gap === -1 ? lines : lines.slice(0, gap);
  return { first, lines: together.map(({ at, text }) => ({ at, text })) };
}

/** Reads the current state of the tasks, and the side tables. */
export class RegistryReader {
  readonly #store: TaskStore;
  readonly #unsavedEpoch: string;

  /**
   * @param store the store to read
   * @param unsavedEpoch the epoch of cursors while nothing can be committed
   */
  constructor(store: TaskStore, unsavedEpoch: string) {
    this.#store = store;
    this.#unsavedEpoch = unsavedEpoch;
  }

  /**
   * The cursor of the last change. While nothing can be committed, cursors have another epoch, so that a server started
   * later, which knows only committed changes, does not accept them.
   */
  get cursor(): Cursor {
    const epoch = this.#store.degradation === null ? this.#store.epoch : this.#unsavedEpoch;
    return { epoch, seq: this.#store.seq };
  }

  /** The number of changes that are not committed yet. */
  get uncommitted(): number {
    return Math.max(0, this.#store.seq - this.#store.committedSeq);
  }

  /** Figures of the store, for metrics. */
  get storeFigures(): StoreFigures {
    return this.#store.figures;
  }

  /** Why nothing can be committed at present; `null` if commits succeed. */
  get degradation(): Degradation | null {
    return this.#store.degradation;
  }

  task(client: string, id: string): Task | undefined {
    return this.#store.index.get(client, id)?.task;
  }

  tasks(client: string): Task[] {
    return Array.from(this.#store.index.list(client), (stored) => stored.task).reverse();
  }

  /** The record of a removed task that may still be restored. */
  removed(client: string, id: string): Task | undefined {
    return this.#store.removed(client, id);
  }

  /** A task with its JSON. */
  stored(client: string, id: string): StoredTask | undefined {
    return this.#store.index.get(client, id);
  }

  /** The tasks of a client with their JSON, in the order of creation. */
  list(client: string): Iterable<StoredTask> {
    return this.#store.index.list(client);
  }

  /** The number of tasks of a client. */
  count(client: string): number {
    return this.#store.index.count(client);
  }

  /** The sequence number of the last change to a client's tasks. */
  lastSeq(client: string): number {
    return this.#store.index.lastSeq(client);
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
   * @param after the cursor
   * @returns the changes of each client; `undefined` if the cursor has another epoch, is in the future, or is too old
   */
  allChangesSince(after: Cursor): ReadonlyMap<string, ChangesSince> | undefined {
    return this.#knows(after) ? this.#store.index.allChangesSince(after.seq) : undefined;
  }

  /**
   * Reads a part of a task's log.
   *
   * @param client the client token
   * @param id the task's id
   * @param from the number of the first line wanted
   * @param to the number after the last line wanted
   * @param most the number of lines wanted at most, the oldest of those that are kept
   * @returns the lines that are kept, oldest first
   * @throws {StorageError} if they cannot be read; so do the other reads below
   */
  async log(client: string, id: string, from: number, to: number, most = Infinity): Promise<LogSlice> {
    return logSlice(await this.#store.readEntries(LOG_LINES, client, id, { from, to, most }), from);
  }

  /** A task's history, oldest first. */
  async history(client: string, id: string): Promise<readonly HistoryEntry[]> {
    return (await this.#store.readEntries(HISTORY, client, id)).map(({ entry }) => entry);
  }

  /** The progress history of a task, oldest first. */
  async progress(client: string, id: string): Promise<readonly ProgressPoint[]> {
    const [points] = await this.#store.readEntries(PROGRESS_HISTORY, client, id);
    return points ?? [];
  }

  /** What a task was started with; `undefined` if it was not started by name. */
  async launch(client: string, id: string): Promise<Launch | undefined> {
    const [launch] = await this.#store.readEntries(LAUNCHES, client, id);
    return launch;
  }

  /** Resolves when everything applied so far is committed; rejects with a `StorageError` if it cannot be. */
  committed(): Promise<void> {
    return this.#store.committed();
  }

  /** Calls a listener whenever the store becomes degraded or recovers; returns a function that unsubscribes. */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    return this.#store.onDegradation(listener);
  }

  #knows({ epoch, seq }: Cursor): boolean {
    return (epoch === this.#store.epoch || epoch === this.#unsavedEpoch) && seq <= this.#store.seq;
  }
}
