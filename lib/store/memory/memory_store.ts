/**
 * Stores tasks in the memory of the process.
 *
 * @module
 */

import type { MaybePromise } from "../../task/maybe_promise.ts";
import { type LogMatches, type LogQuery, LogSearch } from "../log_search.ts";
import {
  type KeyRange,
  LOG_LINES,
  SIDE_TABLES,
  type SideTable,
  type SideTableLimits,
} from "../side_tables.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import { RemovedTasks } from "../removed_tasks.ts";
import { PastRunBook } from "./past_run_book.ts";
import { SideBook } from "./side_book.ts";
import type {
  Delivery,
  OpenedTasks,
  StoredTask,
  StoreFigures,
  TaskIndexReader,
  TaskRecord,
  TaskStore,
} from "../store.ts";
import { TaskIndex, type TaskIndexLimits } from "../task_index.ts";
import { yieldToEventLoop } from "../../reporter/yield.ts";

/** The limits of a {@linkcode MemoryStore}: how many removals, side table entries and past runs it keeps. */
export interface MemoryStoreLimits extends SideTableLimits, TaskIndexLimits, PastRunLimits {}

/** Stores tasks in memory, where every change counts as committed at once. */
export class MemoryStore implements TaskStore {
  readonly epoch: string;
  readonly committedSeq = Infinity;
  readonly degradation = null;
  readonly pastRuns: PastRunBook;
  readonly #index: TaskIndex;
  readonly #books: ReadonlyMap<string, SideBook<unknown>>;
  readonly #removed: RemovedTasks = new RemovedTasks();
  readonly #deliveries: Map<string, { readonly delivery: Delivery; readonly text: string }> = new Map();
  #seq = 0;

  /**
   * @param limits how many removals, side table entries and past runs to keep
   * @param epoch the epoch of the sequence numbers
   */
  constructor(limits: MemoryStoreLimits, epoch: string) {
    this.epoch = epoch;
    this.#index = new TaskIndex(limits);
    this.pastRuns = new PastRunBook(limits);
    this.#books = new Map(
      SIDE_TABLES.map((table) => [table.name, new SideBook(table, table.boundsInMemory(limits))]),
    );
  }

  get seq(): number {
    return this.#seq;
  }

  get figures(): StoreFigures {
    return { tasks: this.#index.states, commits: 0, failedCommits: 0, commitMs: 0, leftOut: 0, damaged: 0 };
  }

  get index(): TaskIndexReader {
    return this.#index;
  }

  takeSeq(): number {
    return ++this.#seq;
  }

  put(client: string, stored: TaskRecord): void {
    // Only a new task can have the id of a removed one.
    if (this.#index.get(client, stored.id) === undefined) this.purge(client, stored.id);
    this.#index.put(client, stored);
  }

  remove(client: string, id: string, seq: number): void {
    const removed = this.#index.remove(client, id, seq);
    if (removed !== undefined) this.#removed.add(client, removed.node);
  }

  removed(client: string, id: string): StoredTask | undefined {
    return this.#removed.get(client, id);
  }

  atHand(stored: StoredTask): TaskRecord | null {
    // The cast is safe, because only tasks with records are put into this index.
    return stored as TaskRecord;
  }

  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    return tasks as readonly TaskRecord[];
  }

  restore(client: string, stored: TaskRecord): boolean {
    const removed = this.#removed.take(client, stored.id);
    if (removed === undefined) return false;
    this.#index.restore(client, removed.place, stored);
    return true;
  }

  purge(client: string, id: string): void {
    const removed = this.#removed.take(client, id);
    if (removed === undefined) return;
    for (const book of this.#books.values()) book.delete(removed.place);
  }

  takeOpened(): OpenedTasks {
    return { live: [], ended: [] };
  }

  putEntries<Entry>(table: SideTable<Entry>, client: string, id: string, entries: readonly Entry[]): void {
    const node = this.#index.node(client, id);
    if (node !== undefined) this.#bookOf(table).put(node.place, entries);
  }

  readEntries<Entry>(
    table: SideTable<Entry>,
    client: string,
    id: string,
    range?: KeyRange,
  ): Promise<readonly Entry[]> {
    // The entries are copied, because the book will add further entries to its own list.
    return Promise.resolve([...this.#read(table, client, id, range)]);
  }

  async searchLog(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    const search = new LogSearch(query);
    for (const line of this.#read(LOG_LINES, client, id, { from: search.start, to: Infinity })) {
      if (search.isDone) break;
      if (search.add(line)) await yieldToEventLoop(Date.now());
    }
    return search.result();
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.#deliveries.set(delivery.id, { delivery, text });
  }

  removeDelivery(id: string): void {
    this.#deliveries.delete(id);
  }

  deliveries(): readonly Delivery[] {
    return Array.from(this.#deliveries.values(), ({ delivery }) => delivery);
  }

  deliveryText(id: string): Promise<string | undefined> {
    return Promise.resolve(this.#deliveries.get(id)?.text);
  }

  committed(): Promise<void> {
    return Promise.resolve();
  }

  onDegradation(): () => void {
    return () => {};
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#index.clear();
    this.pastRuns.clear();
    for (const book of this.#books.values()) book.clear();
    this.#removed.clear();
    this.#deliveries.clear();
    return Promise.resolve();
  }

  /** Returns the entries of a task; none if it was removed, because they are kept only in case it is restored. */
  #read<Entry>(table: SideTable<Entry>, client: string, id: string, range?: KeyRange): readonly Entry[] {
    const node = this.#index.node(client, id);
    return node === undefined ? [] : this.#bookOf(table).read(node.place, range);
  }

  #bookOf<Entry>(table: SideTable<Entry>): SideBook<Entry> {
    // The cast is safe, because the book of a table holds entries of that table's type.
    return this.#books.get(table.name) as SideBook<Entry>;
  }
}
