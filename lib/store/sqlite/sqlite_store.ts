/**
 * Stores tasks in an SQLite database: unfinished tasks are also in memory, ended tasks only on disk. A worker
 * writes to the database.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import { isFinal, summaryOf, type Task } from "../../task/task.ts";
import type { Batch } from "./batch.ts";
import { DatabaseFile } from "./database_file.ts";
import { loadIndex } from "./load_index.ts";
import { Deliveries } from "./deliveries.ts";
import { PastRuns } from "./past_runs.ts";
import { TASK_TABLES } from "./schema.ts";
import { SideRows, type SideRowsLimits } from "./side_rows.ts";
import { TaskOnDisk } from "./task_on_disk.ts";
import { Writer } from "./writer.ts";
import { LogSearcher } from "./log_searcher.ts";
import { type LogMatches, type LogQuery, LogSearch } from "../log_search.ts";
import { type KeyRange, LOG_LINES, type SideTable } from "../side_tables.ts";
import type { PastRunLimits, PastRunStore } from "../past_run_store.ts";
import type {
  Degradation,
  Delivery,
  Durability,
  OpenedTasks,
  StoredTask,
  StoreFigures,
  TaskIndexReader,
  TaskStore,
} from "../store.ts";
import { TaskIndex, type TaskIndexLimits } from "../task_index.ts";

/** The limits of a {@linkcode SqliteStore}: how many removals, side table entries and past runs it keeps. */
export interface SqliteStoreLimits extends SideRowsLimits, TaskIndexLimits, PastRunLimits {}

/** Options of a {@linkcode SqliteStore}. */
export interface SqliteStoreOptions {
  /** The path of the database. */
  readonly file: string;
  readonly durability: Durability;
  /** The epoch of a new database. */
  readonly epoch: string;
  readonly limits: SqliteStoreLimits;
  /** The maximum time that a change waits to be committed together with others, in milliseconds. */
  readonly commitIntervalMs: number;
  /** Called with a sentence for the person who operates the server. */
  readonly notice: (text: string) => void;
}

/**
 * The number of sequence numbers that are reserved at a time. Numbers that are reserved when the process
 * crashes are never used, so that a number that was seen but not committed never gets another meaning.
 * Cursors have up to 15 digits, which is enough for 59 million crashes.
 */
const SEQ_BLOCK = 2 ** 24;

/** A removed task that can still be restored. */
interface SetAside {
  readonly place: number;
  readonly stored: StoredTask;
}

/** Stores tasks in an SQLite database. */
export class SqliteStore implements TaskStore {
  readonly epoch: string;
  readonly pastRuns: PastRunStore;
  readonly #file: DatabaseFile;
  readonly #writer: Writer;
  readonly #side: SideRows;
  readonly #searcher: LogSearcher;
  readonly #deliveries: Deliveries;
  readonly #index: TaskIndex;
  readonly #setAside: Map<string, SetAside> = new Map();
  readonly #notice: (text: string) => void;
  /** The places of tasks whose records are damaged. */
  readonly #damaged: Set<number> = new Set();
  #opened: OpenedTasks;
  #seq: number;
  #reservedSeq: number;
  #askedSeq: number;
  #closed: Promise<void> | undefined;

  /**
   * Opens a database, and creates it if it does not exist.
   *
   * @param options the file, the durability and the limits
   * @throws {StorageError} if the file cannot be used
   */
  constructor(options: SqliteStoreOptions) {
    const { file, durability, limits, commitIntervalMs, notice } = options;
    this.#notice = notice;
    this.#index = new TaskIndex(limits);
    this.#file = new DatabaseFile(file);
    this.#file.onDamage = (place) => this.#leaveOut(place);
    try {
      const known = this.#file.get("SELECT value FROM meta WHERE name = 'epoch'");
      this.epoch = known === undefined ? options.epoch : String(known.value);
      this.#seq = this.#meta("reserved_seq");
      this.#reservedSeq = this.#askedSeq = this.#seq + SEQ_BLOCK;
      this.#file.write([
        ["INSERT OR IGNORE INTO meta (name, value) VALUES ('epoch', ?)", this.epoch],
        [
          "INSERT OR REPLACE INTO meta (name, value) VALUES ('reserved_seq', CAST(? AS INTEGER))",
          this.#reservedSeq,
        ],
        ...PURGES,
      ]);
      this.#opened = loadIndex(this.#file, this.#index);
      this.#index.sortByChange(this.#meta("forgotten_seq"));
      if (this.#file.loss !== null) notice(this.#file.loss);
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
    this.#writer = new Writer({
      file,
      durability,
      pastRuns: pastRunLimitsOf(limits),
      commitIntervalMs,
      seq: this.#seq,
      memoryOf: (client) => this.#index.memory(client),
      onCommit: (batch) => this.#committed(batch),
    });
    this.#side = new SideRows(this.#file, this.#writer, limits);
    this.pastRuns = new PastRuns(this.#file, this.#writer, limits, () => this.#seq);
    this.#searcher = new LogSearcher(file);
    this.#deliveries = new Deliveries(this.#file, this.#writer);
  }

  get seq(): number {
    return this.#seq;
  }

  get committedSeq(): number {
    return this.#writer.committedSeq;
  }

  get degradation(): Degradation | null {
    return this.#writer.degradation;
  }

  get figures(): StoreFigures {
    return {
      tasks: this.#index.states,
      ...this.#writer.figures,
      leftOut: this.#side.dropped,
      damaged: this.#damaged.size,
    };
  }

  get index(): TaskIndexReader {
    return this.#index;
  }

  takeSeq(): number {
    if (this.#seq >= this.#reservedSeq) {
      throw new StorageError(
        this.#file.path,
        this.#closed === undefined ? NO_SEQ_LEFT : "the store is closed",
      );
    }
    if (this.#askedSeq - this.#seq < SEQ_BLOCK / 2) {
      this.#askedSeq += SEQ_BLOCK;
      this.#writer.batch(this.#seq).setMeta("reserved_seq", this.#askedSeq);
    }
    return ++this.#seq;
  }

  put(client: string, stored: StoredTask): void {
    this.purge(client, stored.id);
    const { place } = this.#index.put(client, stored);
    this.#writer.batch(stored.seq).put(client, place, stored);
    if (!stored.active && isFinal(stored.task.state)) this.#side.ended(place);
  }

  remove(client: string, id: string, seq: number): void {
    const removed = this.#index.remove(client, id, seq);
    if (removed === undefined) return;
    const { node: { place, stored }, forgotten } = removed;
    this.#setAside.set(keyOf(client, id), { place, stored });
    const batch = this.#writer.batch(seq);
    batch.remove(client, place, id, seq);
    if (forgotten !== null) {
      batch.forgetClient(forgotten);
      batch.setMeta("forgotten_seq", this.#index.forgottenSeq);
    }
  }

  removed(client: string, id: string): Task | undefined {
    return this.#setAside.get(keyOf(client, id))?.stored.task;
  }

  restore(client: string, stored: StoredTask): boolean {
    const key = keyOf(client, stored.id);
    const aside = this.#setAside.get(key);
    if (aside === undefined) return false;
    this.#setAside.delete(key);
    this.#index.restore(client, aside.place, stored);
    this.#writer.batch(stored.seq).put(client, aside.place, stored);
    return true;
  }

  purge(client: string, id: string): void {
    const key = keyOf(client, id);
    const aside = this.#setAside.get(key);
    if (aside === undefined) return;
    this.#setAside.delete(key);
    this.#writer.batch(this.#seq).purge(aside.place);
  }

  takeOpened(): OpenedTasks {
    const opened = this.#opened;
    this.#opened = { live: [], ended: [] };
    return opened;
  }

  putEntries<Entry>(table: SideTable<Entry>, client: string, id: string, entries: readonly Entry[]): void {
    const node = this.#index.node(client, id);
    if (node !== undefined) this.#side.put(table, node.place, entries, this.#seq);
  }

  readEntries<Entry>(
    table: SideTable<Entry>,
    client: string,
    id: string,
    range?: KeyRange,
  ): Promise<readonly Entry[]> {
    // `Promise.try()` reads in the current turn, but rejects instead of throwing.
    return Promise.try(() => {
      const node = this.#index.node(client, id);
      return node === undefined ? [] : this.#side.read(table, node.place, range);
    });
  }

  searchLog(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    const node = this.#index.node(client, id);
    if (node === undefined) return Promise.resolve(new LogSearch(query).result());
    const { place } = node;
    return this.#searcher.search({ place, unsaved: this.#side.unsaved(LOG_LINES, place), query });
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.#writer.batch(this.#seq).putDelivery(delivery, text);
  }

  removeDelivery(id: string): void {
    this.#writer.batch(this.#seq).removeDelivery(id);
  }

  deliveries(): readonly Delivery[] {
    return this.#deliveries.deliveries();
  }

  deliveryText(id: string): string | undefined {
    return this.#deliveries.text(id);
  }

  committed(): Promise<void> {
    return this.#writer.committed();
  }

  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    return this.#writer.onDegradation(listener);
  }

  /** Commits all changes and closes the database. Rejects if the commit fails; earlier commits are kept. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    // An orderly end releases the reserved numbers, so no further number may be used.
    this.#reservedSeq = this.#seq;
    this.#writer.batch(this.#seq).setMeta("reserved_seq", this.#seq);
    try {
      await this.#writer[Symbol.asyncDispose]();
    } finally {
      this.#searcher[Symbol.dispose]();
      this.#file[Symbol.dispose]();
    }
  }

  /**
   * Leaves out a task whose record is damaged. Its rows stay in the file: another task of the same id gets a place of its
   * own.
   */
  #leaveOut(place: number): void {
    const row = this.#file.get("SELECT client, id FROM tasks WHERE place = ?", place);
    if (row === undefined || this.#damaged.has(place)) return;
    this.#damaged.add(place);
    const [client, id] = [String(row.client), String(row.id)];
    this.#index.leaveOut(client, id, place);
    this.#notice(
      `The record of task "${id}" of client "${client}" is damaged: the task is left out, and its data stays in ` +
        `"${this.#file.path}" as it is; restore a backup if you need it`,
    );
  }

  /** Drops the records of committed ended tasks from memory. */
  #committed(batch: Batch): void {
    if (this.#closed === undefined) {
      this.#reservedSeq = Math.max(this.#reservedSeq, batch.meta("reserved_seq") ?? 0);
    }
    for (const [place, { client, id, stored }] of batch.tasks) {
      const node = this.#index.node(client, id);
      if (node?.stored !== stored || !isFinal(stored.task.state)) continue;
      node.stored = new TaskOnDisk(this.#file, place, summaryOf(stored.task), stored.seq);
    }
  }

  #meta(name: string): number {
    return Number(this.#file.get("SELECT value FROM meta WHERE name = ?", name)?.value ?? 0);
  }
}

const NO_SEQ_LEFT =
  "no sequence numbers are left, because nothing could be written for too long; fix the storage error";

/**
 * The statements that delete the tasks that were removed before the store was last closed, which can no
 * longer be restored.
 */
const PURGES: readonly (readonly [string])[] = [
  ...TASK_TABLES.filter((table) => table !== "tasks").map((table) =>
    [`DELETE FROM ${table} WHERE place IN (SELECT place FROM tasks WHERE removed = 1)`] as const
  ),
  ["DELETE FROM tasks WHERE removed = 1"],
];

/** Returns only the limits that the worker needs, because the others need not be copied to it. */
function pastRunLimitsOf({ pastRunsPerName, pastRuns, pastRunAgeMs }: PastRunLimits): PastRunLimits {
  return { pastRunsPerName, pastRuns, pastRunAgeMs };
}

function keyOf(client: string, id: string): string {
  // The slash is unambiguous, because neither client tokens nor task ids can contain one.
  return `${client}/${id}`;
}
