/**
 * Tasks in the memory of the process, gone when it ends.
 *
 * @module
 */

import type { HistoryEntry, LogLine, ProgressPoint, Task, TaskSummary } from "../../task/task.ts";
import { HistoryBook, type HistoryLimits } from "./history_book.ts";
import { LogBook, type LogLimits } from "./log_book.ts";
import { SeriesBook, type SeriesLimits } from "./series_book.ts";
import type {
  ChangesSince,
  Delivery,
  EndedTask,
  Launch,
  LogSlice,
  StoredTask,
  StoreFigures,
  TaskKey,
  TaskStore,
} from "../store.ts";
import { type IndexedTask, TaskIndex, type TaskIndexLimits } from "../task_index.ts";

/** The bounds of a {@linkcode MemoryStore}. */
export interface MemoryStoreLimits extends LogLimits, HistoryLimits, SeriesLimits, TaskIndexLimits {}

/** Keeps tasks in memory. What is put is as durable as it will ever be. */
export class MemoryStore implements TaskStore {
  readonly epoch: string;
  readonly committedSeq = Infinity;
  readonly degradation = null;
  readonly #index: TaskIndex;
  readonly #logs: LogBook;
  readonly #histories: HistoryBook;
  readonly #series: SeriesBook;
  readonly #launches: Map<string, Launch> = new Map();
  readonly #removed: Map<string, IndexedTask> = new Map();
  readonly #deliveries: Map<string, { readonly delivery: Delivery; readonly text: string }> = new Map();
  #seq = 0;

  /**
   * @param limits the bounds to keep
   * @param epoch names the numbering of the changes
   */
  constructor(limits: MemoryStoreLimits, epoch: string) {
    this.epoch = epoch;
    this.#index = new TaskIndex(limits);
    this.#logs = new LogBook(limits);
    this.#histories = new HistoryBook(limits);
    this.#series = new SeriesBook(limits);
  }

  get seq(): number {
    return this.#seq;
  }

  get figures(): StoreFigures {
    return { tasks: this.#index.states, commits: 0, failedCommits: 0, commitMs: 0, leftOut: 0 };
  }

  takeSeq(): number {
    return ++this.#seq;
  }

  put(client: string, stored: StoredTask): void {
    this.purge(client, stored.id);
    this.#index.put(client, stored);
  }

  remove(client: string, id: string, seq: number): void {
    const removed = this.#index.remove(client, id, seq);
    if (removed !== undefined) this.#removed.set(keyOf(client, id), removed.node);
  }

  removed(client: string, id: string): Task | undefined {
    return this.#removed.get(keyOf(client, id))?.stored.task;
  }

  restore(client: string, stored: StoredTask): boolean {
    const key = keyOf(client, stored.id);
    const node = this.#removed.get(key);
    if (node === undefined) return false;
    this.#removed.delete(key);
    this.#index.restore(client, node.place, stored);
    return true;
  }

  purge(client: string, id: string): void {
    const key = keyOf(client, id);
    if (!this.#removed.delete(key)) return;
    this.#logs.delete(client, id);
    this.#histories.delete(client, id);
    this.#series.delete(client, id);
    this.#launches.delete(key);
  }

  get(client: string, id: string): StoredTask | undefined {
    return this.#index.get(client, id)?.stored;
  }

  *list(client: string): Generator<StoredTask> {
    for (const { stored } of this.#index.list(client)) yield stored;
  }

  count(client: string): number {
    return this.#index.count(client);
  }

  pastRuns(client: string, name: string, most: number): readonly TaskSummary[] {
    return this.#index.pastRuns(client, name, most);
  }

  lastSeq(client: string): number {
    return this.#index.memory(client)?.lastSeq ?? 0;
  }

  changesSince(client: string, seq: number): ChangesSince | undefined {
    return this.#index.changesSince(client, seq);
  }

  allChangesSince(seq: number): ReadonlyMap<string, ChangesSince> | undefined {
    return this.#index.allChangesSince(seq);
  }

  openedLive(): Iterable<TaskKey> {
    return [];
  }

  openedEnded(): Iterable<EndedTask> {
    return [];
  }

  appendLog(client: string, id: string, first: number, lines: readonly LogLine[]): void {
    if (this.#has(client, id)) this.#logs.append(client, id, first, lines);
  }

  log(client: string, id: string, from: number, to: number, most: number = to - from): LogSlice {
    return this.#has(client, id) ? this.#logs.read(client, id, from, to, most) : { first: from, lines: [] };
  }

  appendHistory(client: string, id: string, entry: HistoryEntry, isState: boolean): void {
    if (this.#has(client, id)) this.#histories.append(client, id, entry, isState);
  }

  history(client: string, id: string): readonly HistoryEntry[] {
    return this.#has(client, id) ? this.#histories.read(client, id) : [];
  }

  putSeries(client: string, id: string, points: readonly ProgressPoint[]): void {
    if (this.#has(client, id)) this.#series.put(client, id, points);
  }

  series(client: string, id: string): readonly ProgressPoint[] {
    return this.#has(client, id) ? this.#series.read(client, id) : [];
  }

  putLaunch(client: string, id: string, launch: Launch): void {
    if (this.#has(client, id)) this.#launches.set(keyOf(client, id), launch);
  }

  launch(client: string, id: string): Launch | undefined {
    return this.#has(client, id) ? this.#launches.get(keyOf(client, id)) : undefined;
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

  deliveryText(id: string): string | undefined {
    return this.#deliveries.get(id)?.text;
  }

  committed(): Promise<void> {
    return Promise.resolve();
  }

  onDegradation(): () => void {
    return () => {};
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#index.clear();
    this.#logs.clear();
    this.#histories.clear();
    this.#series.clear();
    this.#launches.clear();
    this.#removed.clear();
    this.#deliveries.clear();
    return Promise.resolve();
  }

  /** What belongs to a removed task is kept for its return, and not shown. */
  #has(client: string, id: string): boolean {
    return this.#index.get(client, id) !== undefined;
  }
}

function keyOf(client: string, id: string): string {
  // A slash is in neither grammar.
  return `${client}/${id}`;
}
