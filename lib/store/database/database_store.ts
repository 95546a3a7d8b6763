/**
 * Stores tasks in a database. Unfinished tasks, and the summaries of ended tasks, are also in memory.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { MaybePromise } from "../../task/maybe_promise.ts";
import { isFinal } from "../../task/task.ts";
import { type LogMatches, type LogQuery, LogSearch } from "../log_search.ts";
import { type KeyRange, LOG_LINES, type SideTable } from "../side_tables.ts";
import type { FollowedRemoval, FollowedStore, FollowedTask } from "../followed.ts";
import type { PastRunLimits, PastRunStore } from "../past_run_store.ts";
import { RemovedTasks } from "../removed_tasks.ts";
import type {
  Degradation,
  Delivery,
  OpenedTasks,
  StoredTask,
  StoreFigures,
  TaskIndexReader,
  TaskRecord,
} from "../store.ts";
import type { TaskIndex, TaskIndexLimits } from "../task_index.ts";
import type { Batch } from "./batch.ts";
import type { Database, Opened } from "./database.ts";
import { Deliveries } from "./deliveries.ts";
import { PastRuns } from "./past_runs.ts";
import { SideRows, type SideRowsLimits } from "./side_rows.ts";
import { Writer } from "./writer.ts";

/** The limits of a {@linkcode DatabaseStore}: how many removals, side table entries and past runs it keeps. */
export interface DatabaseStoreLimits extends SideRowsLimits, TaskIndexLimits, PastRunLimits {}

/** Options of a {@linkcode DatabaseStore}. */
export interface DatabaseStoreOptions {
  readonly limits: DatabaseStoreLimits;
  /** The maximum time that a change waits to be committed together with others, in milliseconds. */
  readonly commitIntervalMs: number;
}

/**
 * The number of sequence numbers that are reserved at a time. After a crash, the rest of the reserved numbers is never
 * used, so that a number that watchers saw, but that was not committed, never gets another meaning. Cursors have up to
 * 15 digits, which is enough for 59 million crashes.
 */
export const SEQ_BLOCK = 2 ** 24;

/** Stores tasks in a database. */
export class DatabaseStore implements FollowedStore {
  readonly epoch: string;
  readonly pastRuns: PastRunStore;
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #side: SideRows;
  readonly #deliveries: Deliveries;
  readonly #index: TaskIndex;
  readonly #removed: RemovedTasks = new RemovedTasks();
  #opened: OpenedTasks;
  #seq: number;
  /** The end of the reserved block of sequence numbers; `null` while another node owns the tasks. */
  #reservedSeq: number | null;
  #askedSeq: number;
  #closed: Promise<void> | undefined;

  /**
   * @param database the database, which this store closes
   * @param opened what the database holds
   * @param options the limits
   */
  constructor(database: Database, opened: Opened, options: DatabaseStoreOptions) {
    const { limits, commitIntervalMs } = options;
    this.#database = database;
    this.epoch = opened.epoch;
    this.#index = opened.index;
    this.#opened = opened.tasks;
    this.#seq = opened.seq;
    this.#reservedSeq = opened.reservedSeq;
    this.#askedSeq = opened.reservedSeq ?? 0;
    this.#writer = new Writer({
      database,
      commitIntervalMs,
      seq: this.#seq,
      memoryOf: (client) => this.#index.memory(client),
      onCommit: (batch) => this.#committed(batch),
    });
    this.#side = new SideRows(database, this.#writer, limits);
    this.pastRuns = new PastRuns(database, this.#writer, limits, () => this.#seq);
    this.#deliveries = new Deliveries(database, this.#writer);
  }

  /** The path or the URL of the database, without a password. */
  get name(): string {
    return this.#database.name;
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
      damaged: this.#database.damaged,
    };
  }

  get index(): TaskIndexReader {
    return this.#index;
  }

  takeSeq(): number {
    if (this.#reservedSeq === null) throw new StorageError(this.#database.name, FOLLOWS);
    if (this.#seq >= this.#reservedSeq) {
      throw new StorageError(
        this.#database.name,
        this.#closed === undefined ? NO_SEQ_LEFT : "the store is closed",
      );
    }
    if (this.#askedSeq - this.#seq < SEQ_BLOCK / 2) {
      this.#askedSeq += SEQ_BLOCK;
      this.#writer.batch(this.#seq).setMeta("reserved_seq", this.#askedSeq);
    }
    return ++this.#seq;
  }

  put(client: string, stored: TaskRecord): void {
    // Only a new task can have the id of a removed one.
    if (this.#index.get(client, stored.id) === undefined) this.purge(client, stored.id);
    const { place } = this.#index.put(client, stored);
    this.#writer.batch(stored.seq).put(client, place, stored);
    if (!stored.active && isFinal(stored.task.state)) this.#side.ended(place);
  }

  remove(client: string, id: string, seq: number, isExpired: boolean = false): void {
    const removed = this.#index.remove(client, id, seq);
    if (removed === undefined) return;
    const { node, forgotten } = removed;
    this.#removed.add(client, node);
    const batch = this.#writer.batch(seq);
    // The row of an expired task is about to be deleted. Marking it first would write three more pages, and if the process
    // crashes before, the removal shows that the task is gone. But other nodes may read a separate database at any time,
    // and must not find tasks that were removed.
    const isMarked = !isExpired || this.#database.isSeparate;
    batch.remove(client, isMarked ? node.place : null, id, seq);
    if (forgotten !== null) {
      batch.forgetClient(forgotten);
      batch.setMeta("forgotten_seq", this.#index.forgottenSeq);
    }
  }

  removed(client: string, id: string): StoredTask | undefined {
    return this.#removed.get(client, id);
  }

  atHand(stored: StoredTask): TaskRecord | null {
    return this.#database.atHand(stored);
  }

  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    return this.#database.records(tasks);
  }

  restore(client: string, stored: TaskRecord): boolean {
    const removed = this.#removed.take(client, stored.id);
    if (removed === undefined) return false;
    this.#index.restore(client, removed.place, stored);
    this.#writer.batch(stored.seq).put(client, removed.place, stored);
    return true;
  }

  purge(client: string, id: string): void {
    const removed = this.#removed.take(client, id);
    if (removed !== undefined) this.#writer.batch(this.#seq).purge(removed.place);
  }

  /**
   * Adds or replaces a task that another node has changed. Apply changes in the order of their sequence numbers,
   * removals first, and then call {@linkcode DatabaseStore.followedTo}.
   */
  followTask({ client, place, stored, endedAt }: FollowedTask): void {
    this.#index.follow(client, place, endedAt === null ? stored : this.#database.ended(place, stored));
  }

  /** Removes a task that another node has removed. */
  followRemoval({ client, id, seq }: FollowedRemoval): void {
    this.#index.followRemoval(client, id, seq);
  }

  /** Notes that all changes of the other node up to a sequence number were applied. */
  followedTo(seq: number): void {
    this.#seq = seq;
    this.#writer.followedTo(seq);
  }

  /**
   * Makes this store the one that changes the tasks, after it has followed another node.
   *
   * @param seq the last sequence number that another node has, or may have, used
   * @param reservedSeq the end of the block of sequence numbers that are reserved
   * @param opened the tasks that {@linkcode DatabaseStore.takeOpened} returns next
   */
  takeOver(seq: number, reservedSeq: number, opened: OpenedTasks): void {
    this.followedTo(seq);
    this.#reservedSeq = this.#askedSeq = reservedSeq;
    this.#opened = opened;
  }

  /**
   * Follows another node again.
   *
   * @returns `false`, without an effect, if not everything is committed
   */
  stepDown(): boolean {
    if (!this.#writer.isIdle || this.#writer.degradation !== null) return false;
    this.#reservedSeq = null;
    this.#removed.clear();
    return true;
  }

  /** Closes the database without committing pending changes; callers that wait for their commit get an error. */
  abandon(): Promise<void> {
    this.#reservedSeq = null;
    return this.#closed ??= this.#writer.abandon(new StorageError(this.#database.name, FOLLOWS));
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
    const node = this.#index.node(client, id);
    return node === undefined ? Promise.resolve([]) : this.#side.read(table, node.place, range);
  }

  searchLog(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    const node = this.#index.node(client, id);
    if (node === undefined) return Promise.resolve(new LogSearch(query).result());
    const { place } = node;
    return this.#database.searchLog({ client, place, unsaved: this.#side.unsaved(LOG_LINES, place), query });
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.#writer.batch(this.#seq).putDelivery(delivery, text);
  }

  removeDelivery(id: string): void {
    // The request to the webhook was in flight when another node took over; that node sends the request again.
    if (this.#reservedSeq === null) return;
    this.#writer.batch(this.#seq).removeDelivery(id);
  }

  deliveries(): readonly Delivery[] {
    return this.#deliveries.deliveries();
  }

  deliveryText(id: string): Promise<string | undefined> {
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
    return this.#reservedSeq === null ? this.abandon() : this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    // Closing the store in order releases the reserved numbers, so no further number may be used.
    this.#reservedSeq = this.#seq;
    this.#writer.batch(this.#seq).setMeta("reserved_seq", this.#seq);
    await this.#writer[Symbol.asyncDispose]();
  }

  /** Drops the records of committed ended tasks from memory. */
  #committed(batch: Batch): void {
    if (this.#closed === undefined) {
      this.#reservedSeq = Math.max(this.#reservedSeq ?? 0, batch.meta("reserved_seq") ?? 0);
    }
    for (const [place, { client, id, stored }] of batch.tasks) {
      const node = this.#index.node(client, id);
      if (node?.stored !== stored || !isFinal(stored.task.state)) continue;
      node.stored = this.#database.ended(place, stored);
    }
  }
}

const FOLLOWS = "another node owns the tasks";

const NO_SEQ_LEFT =
  "no sequence numbers are left, because nothing could be written for too long; fix the storage error";
