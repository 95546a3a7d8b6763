/**
 * An SQLite database: reads in this thread, writes and searches in workers.
 *
 * @module
 */

import { summaryOf } from "../../task/task.ts";
import type { BatchMessage } from "../database/batch.ts";
import type { Database, LogSearchRequest, Opened } from "../database/database.ts";
import { TaskOnDisk } from "./task_on_disk.ts";
import type { LogMatches } from "../log_search.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { KeyRange, SideRow, SideTable } from "../side_tables.ts";
import type { Delivery, Durability, StoredTask, TaskRecord } from "../store.ts";
import type { StorageError } from "../../errors.ts";
import type { TaskIndex } from "../task_index.ts";
import { DatabaseFile } from "./database_file.ts";
import { LogSearcher } from "./log_searcher.ts";
import { SqliteRecords } from "./sqlite_records.ts";
import { WriterThread } from "./writer_thread.ts";

/** Options of a {@linkcode SqliteDatabase}. */
export interface SqliteDatabaseOptions {
  /** The path of the database. */
  readonly path: string;
  readonly durability: Durability;
  /** How many past runs to keep, and how long. */
  readonly limits: PastRunLimits;
  /** The index of the tasks, from which tasks with damaged records are removed. */
  readonly index: TaskIndex;
  /** Called with a message for the operator. */
  readonly notice: (text: string) => void;
}

/** The database of an SQLite store. */
export class SqliteDatabase implements Database {
  readonly name: string;
  readonly isSeparate = false;
  onLoss: ((error: StorageError) => void) | null = null;
  readonly #file: DatabaseFile;
  readonly #records: SqliteRecords;
  readonly #index: TaskIndex;
  readonly #durability: Durability;
  readonly #limits: PastRunLimits;
  readonly #notice: (text: string) => void;
  /** The places of tasks whose records are damaged. */
  readonly #damaged: Set<number> = new Set();
  #thread: WriterThread | undefined;
  readonly #searcher: LogSearcher;

  /**
   * Opens a database, and creates it if it does not exist.
   *
   * @param options the path, the durability and the index
   * @throws {StorageError} if the file cannot be used
   */
  constructor({ path, durability, limits, index, notice }: SqliteDatabaseOptions) {
    this.name = path;
    this.#durability = durability;
    this.#limits = limits;
    this.#index = index;
    this.#notice = notice;
    this.#file = new DatabaseFile(path);
    this.#records = new SqliteRecords(this.#file);
    this.#file.onDamage = (place) => this.#leaveOut(place);
    this.#searcher = new LogSearcher(path);
  }

  /**
   * Loads the tasks, and starts the thread that writes.
   *
   * @param load loads the tasks; if it throws, the file is closed
   */
  opened(load: (file: DatabaseFile) => Opened): Opened {
    try {
      // The loss is reported first, because the next start will not know of it, even if this one fails.
      if (this.#file.loss !== null) this.#notice(this.#file.loss);
      const opened = load(this.#file);
      this.#thread = new WriterThread(
        this.name,
        this.#durability,
        this.#limits,
        (error) => this.onLoss?.(error),
      );
      return opened;
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  get damaged(): number {
    return this.#damaged.size;
  }

  write(batch: BatchMessage): Promise<void> {
    return this.#thread!.request({ type: "write", batch });
  }

  check(): Promise<void> {
    return this.#thread!.request({ type: "check" });
  }

  finish(): Promise<void> {
    return this.#thread!.request({ type: "close" });
  }

  close(): void {
    this.#thread?.[Symbol.dispose]();
    this.#searcher[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }

  ended(place: number, { task, seq }: TaskRecord): StoredTask {
    return new TaskOnDisk(this.#records, place, summaryOf(task), seq);
  }

  atHand(stored: StoredTask): TaskRecord {
    // The cast is safe: records that are not in memory are read from the file on access.
    return stored as TaskRecord;
  }

  records(tasks: readonly StoredTask[]): readonly TaskRecord[] {
    return tasks as readonly TaskRecord[];
  }

  sideRows<Entry>(table: SideTable<Entry>, place: number, range?: KeyRange): readonly SideRow[] {
    const { name, columns, keyOf } = table;
    const select = `SELECT ${columns.join(", ")} FROM ${name} WHERE place = ?`;
    if (keyOf === null) return this.#file.rows(select, place) as readonly SideRow[];
    const { from = 0, to = Infinity, most = Infinity } = range ?? {};
    const [key] = columns;
    return this.#file.rows(
      `${select} AND ${key} >= ? AND ${key} < ? ORDER BY ${key} LIMIT ?`,
      place,
      from,
      to,
      // In SQLite, a negative LIMIT means no limit.
      Number.isFinite(most) ? most : -1,
    ) as readonly SideRow[];
  }

  pastRunRows(
    _client: string,
    _name: string | null,
    sql: string,
    values: readonly (string | number)[],
  ): readonly SideRow[] {
    return this.#file.rows(sql, ...values) as readonly SideRow[];
  }

  searchLog({ client, ...request }: LogSearchRequest): Promise<LogMatches> {
    return this.#searcher.search(client, request);
  }

  deliveries(): readonly Delivery[] {
    const rows = this.#file.rows(
      `SELECT id, receiver, event, client, task_id, seq, at, size FROM deliveries ORDER BY seq, rowid`,
    );
    return rows.map(([id, receiver, event, client, taskId, seq, at, size]) => {
      const task = { client, id: taskId };
      return { id, receiver, event, task, seq, at, size } as unknown as Delivery;
    });
  }

  deliveryText(id: string): Promise<string | undefined> {
    return Promise.try(() => {
      const row = this.#file.row("SELECT text FROM deliveries WHERE id = ?", id);
      return row === undefined ? undefined : String(row[0]);
    });
  }

  /**
   * Removes a task with a damaged record from the index. The rows of the task can stay in the file, because another
   * task with the same id gets a different place.
   */
  #leaveOut(place: number): void {
    const row = this.#file.row("SELECT client, id FROM tasks WHERE place = ?", place);
    if (row === undefined || this.#damaged.has(place)) return;
    this.#damaged.add(place);
    const [client, id] = row.map(String) as [string, string];
    this.#index.leaveOut(client, id, place);
    this.#notice(
      `The record of task "${id}" of client "${client}" is damaged: the task is left out, and its data stays in ` +
        `"${this.name}" as it is; restore a backup if you need it`,
    );
  }
}
