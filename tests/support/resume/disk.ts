/**
 * Simulates a disk whose commits can be held back, made to fail and lost in a crash.
 *
 * @module
 */

import type { MaybePromise } from "../../../lib/task/maybe_promise.ts";
import type { MonitorLimits } from "../../../lib/config/limits.ts";
import { StorageError } from "../../../lib/errors.ts";
import { MemoryStore } from "../../../lib/store/memory/memory_store.ts";
import type { LogMatches, LogQuery } from "../../../lib/store/log_search.ts";
import type { PastRunStore } from "../../../lib/store/past_run_store.ts";
import type { KeyRange, SideTable } from "../../../lib/store/side_tables.ts";
import type {
  Degradation,
  Delivery,
  OpenedTasks,
  StoredTask,
  StoreFigures,
  TaskIndexReader,
  TaskRecord,
  TaskStore,
} from "../../../lib/store/store.ts";
import { isFinal } from "../../../lib/task/task.ts";

/** Whether the commits of a {@linkcode ResumeDisk} succeed, are held back or fail. */
export type DiskMood = "well" | "holding" | "failing";

/** A disk that keeps tasks while stores on it are opened one after the other. */
export interface ResumeDisk extends AsyncDisposable {
  /** Whether commits currently succeed, are held back or fail. */
  readonly mood: DiskMood;
  /** Opens a store with the tasks that earlier stores committed. */
  open(): TaskStore;
  /** Holds all commits back from now on. */
  hold(): void;
  /** Makes all commits fail from now on. */
  fail(): void;
  /** Makes commits succeed again; resolves when those that were held back or failed have succeeded. */
  heal(): Promise<void>;
  /** Waits until all commits that can succeed have succeeded. */
  settle(): Promise<void>;
  /** Commits as much as possible and closes the store; resolves with the sequence number of the last committed change. */
  close(): Promise<number>;
  /**
   * Drops the store as in a crash, after which the disk has only the changes that are committed now.
   *
   * @returns the sequence number of the last committed change
   */
  crash(): Promise<number>;
}

/** A change, which is replayed when the next store is opened. */
interface Entry {
  readonly apply: (tasks: MemoryStore) => void;
  readonly client: string;
  readonly removed?: string;
}

/** The changes of one commit. */
class Commit {
  readonly entries: Entry[] = [];
  settled = Promise.withResolvers<void>();
  seq = 0;

  constructor() {
    this.settled.promise.catch(() => {});
  }

  failed(error: StorageError): void {
    this.settled.reject(error);
    this.settled = Promise.withResolvers();
    this.settled.promise.catch(() => {});
  }
}

/** The number of sequence numbers that a store reserves at a time; after a crash, the rest of them stays unused. */
const SEQ_BLOCK = 1_000;

/** The time that a change waits to be committed together with others, in milliseconds. */
const COMMIT_INTERVAL_MS = 50;

/** A disk in memory, which is a journal of the committed changes. */
export class JournalDisk implements ResumeDisk {
  readonly epoch = "kept";
  readonly limits: MonitorLimits;
  /** Whether the records of ended tasks must be read, as those in a database server. */
  readonly readsRecords: boolean;
  readonly journal: Entry[] = [];
  mood: DiskMood = "well";
  reservedSeq = 0;
  committedSeq = 0;
  #store: JournalStore | null = null;

  /**
   * @param limits the limits of the stores
   * @param options whether the records of ended tasks must be read
   */
  constructor(limits: MonitorLimits, { readsRecords = false }: { readonly readsRecords?: boolean } = {}) {
    this.limits = limits;
    this.readsRecords = readsRecords;
  }

  open(): TaskStore {
    return this.#store = new JournalStore(this);
  }

  hold(): void {
    this.mood = "holding";
  }

  fail(): void {
    this.mood = "failing";
    this.#store?.commit();
  }

  async heal(): Promise<void> {
    // The commit that failed is not retried immediately.
    await this.settle();
    this.mood = "well";
    this.#store?.commit();
    await this.settle();
  }

  async settle(): Promise<void> {
    // As with a real disk, commits complete one after the other, and callers are notified in between.
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  }

  async close(): Promise<number> {
    if (this.mood === "holding") this.mood = "well";
    const closed = this.#store?.[Symbol.asyncDispose]();
    this.#store?.commit();
    await closed?.catch(() => {});
    this.#store = null;
    this.mood = "well";
    return this.committedSeq;
  }

  crash(): Promise<number> {
    this.#store?.stop();
    this.#store = null;
    this.mood = "well";
    return Promise.resolve(this.committedSeq);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A store on a {@linkcode JournalDisk}; only its committed changes survive a crash. */
class JournalStore implements TaskStore {
  readonly epoch: string;
  readonly #disk: JournalDisk;
  readonly #tasks: MemoryStore;
  readonly #clients: Set<string> = new Set();
  readonly #listeners: Set<(degradation: Degradation | null) => void> = new Set();
  #seq: number;
  #committedSeq: number;
  #pending = new Commit();
  #commit: Commit | null = null;
  #isAwaited = false;
  #degradation: Degradation | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(disk: JournalDisk) {
    this.#disk = disk;
    this.epoch = disk.epoch;
    this.#tasks = new MemoryStore(disk.limits, disk.epoch);
    for (const { apply, client } of disk.journal) {
      apply(this.#tasks);
      this.#clients.add(client);
    }
    for (const { client, removed } of disk.journal) {
      if (removed !== undefined) this.#tasks.purge(client, removed);
    }
    this.#seq = this.#committedSeq = disk.reservedSeq;
    disk.reservedSeq += SEQ_BLOCK;
  }

  get seq(): number {
    return this.#seq;
  }

  get committedSeq(): number {
    return this.#commit === null && this.#pending.entries.length === 0 ? this.#seq : this.#committedSeq;
  }

  get degradation(): Degradation | null {
    return this.#degradation;
  }

  get figures(): StoreFigures {
    return this.#tasks.figures;
  }

  get index(): TaskIndexReader {
    return this.#tasks.index;
  }

  get pastRuns(): PastRunStore {
    const { pastRuns } = this.#tasks;
    return {
      add: (client, run) => this.#do({ client, apply: (tasks) => tasks.pastRuns.add(client, run) }),
      newest: (client, name, most) => pastRuns.newest(client, name, most),
      names: (client, after, most) => pastRuns.names(client, after, most),
    };
  }

  takeSeq(): number {
    if (this.#seq >= this.#disk.reservedSeq) this.#disk.reservedSeq += SEQ_BLOCK;
    return ++this.#seq;
  }

  put(client: string, stored: TaskRecord): void {
    this.#do({ client, apply: (tasks) => tasks.put(client, stored) });
  }

  remove(client: string, id: string, seq: number): void {
    this.#do({ client, removed: id, apply: (tasks) => tasks.remove(client, id, seq) });
  }

  restore(client: string, stored: TaskRecord): boolean {
    if (this.#tasks.removed(client, stored.id) === undefined) return false;
    this.#do({ client, apply: (tasks) => tasks.restore(client, stored) });
    return true;
  }

  purge(client: string, id: string): void {
    this.#do({ client, apply: (tasks) => tasks.purge(client, id) });
  }

  putEntries<Entry>(table: SideTable<Entry>, client: string, id: string, entries: readonly Entry[]): void {
    this.#do({ client, apply: (tasks) => tasks.putEntries(table, client, id, entries) });
  }

  searchLog(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    return this.#tasks.searchLog(client, id, query);
  }

  readEntries<Entry>(
    table: SideTable<Entry>,
    client: string,
    id: string,
    range?: KeyRange,
  ): Promise<readonly Entry[]> {
    return this.#tasks.readEntries(table, client, id, range);
  }

  putDelivery(delivery: Delivery, text: string): void {
    this.#do({ client: delivery.task.client, apply: (tasks) => tasks.putDelivery(delivery, text) });
  }

  removeDelivery(id: string): void {
    const known = this.deliveries().find((delivery) => delivery.id === id);
    if (known !== undefined) {
      this.#do({ client: known.task.client, apply: (tasks) => tasks.removeDelivery(id) });
    }
  }

  deliveries(): readonly Delivery[] {
    return this.#tasks.deliveries();
  }

  deliveryText(id: string): Promise<string | undefined> {
    return this.#tasks.deliveryText(id);
  }

  removed(client: string, id: string): StoredTask | undefined {
    return this.#tasks.removed(client, id);
  }

  atHand(stored: StoredTask): TaskRecord | null {
    const isRead = this.#disk.readsRecords && isFinal(stored.summary.state) &&
      stored.seq <= this.#committedSeq;
    return isRead ? null : this.#tasks.atHand(stored);
  }

  records(tasks: readonly StoredTask[]): MaybePromise<readonly TaskRecord[]> {
    const records = this.#tasks.records(tasks);
    if (tasks.every((stored) => this.atHand(stored) !== null)) return records;
    // The records arrive in a later microtask, after the caller has continued.
    return Promise.resolve().then(() => Promise.resolve()).then(() => records);
  }

  takeOpened(): OpenedTasks {
    const all = this.#all();
    const live = all.filter(({ stored }) => !isFinal(stored.summary.state))
      .map(({ client, stored }) => ({ client, id: stored.id, progress: [] }));
    const ended = all.filter(({ stored }) => isFinal(stored.summary.state))
      .sort((a, b) => a.stored.seq - b.stored.seq)
      .map(({ client, stored: { id, summary } }) => ({
        client,
        id,
        endedAt: summary.finished_at ?? summary.updated_at,
      }));
    return { live, ended };
  }

  committed(): Promise<void> {
    if (this.#degradation !== null) return Promise.reject(this.#degradation.error);
    if (this.#pending.entries.length === 0) return this.#commit?.settled.promise ?? Promise.resolve();
    const { promise } = this.#pending.settled;
    if (!this.#isAwaited && this.#commit === null) queueMicrotask(() => this.#next());
    this.#isAwaited = true;
    return promise;
  }

  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Completes the current commit or makes it fail; if there is none, starts one for the pending changes. */
  commit(): void {
    if (this.#commit === null) this.#next();
    else if (this.#disk.mood === "well") this.#succeeded(this.#commit);
    else if (this.#disk.mood === "failing") this.#failed(this.#commit);
  }

  /** Stops all commits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#isStopped = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      while (this.#commit !== null || this.#pending.entries.length > 0) await this.committed();
      // A store that is closed properly releases its unused sequence numbers.
      this.#disk.reservedSeq = this.#seq;
    } finally {
      this.stop();
    }
  }

  #all(): { readonly client: string; readonly stored: StoredTask }[] {
    return [...this.#clients].flatMap((client) =>
      Array.from(this.#tasks.index.list(client), (stored) => ({ client, stored }))
    );
  }

  #do(entry: Entry): void {
    entry.apply(this.#tasks);
    this.#clients.add(entry.client);
    this.#pending.entries.push(entry);
    if (this.#commit === null) this.#timer ??= setTimeout(() => this.#next(), COMMIT_INTERVAL_MS);
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isStopped || this.#commit !== null || this.#pending.entries.length === 0) return;
    this.#isAwaited = false;
    this.#commit = this.#pending;
    this.#commit.seq = this.#seq;
    this.#pending = new Commit();
    // The commit completes in a later microtask, because it takes time on a real disk.
    queueMicrotask(() => queueMicrotask(() => this.commit()));
  }

  #succeeded(commit: Commit): void {
    if (this.#isStopped) return;
    this.#commit = null;
    this.#disk.journal.push(...commit.entries);
    this.#committedSeq = this.#disk.committedSeq = commit.seq;
    commit.settled.resolve();
    if (this.#degradation !== null) this.#setDegradation(null);
    if (this.#pending.entries.length === 0) return;
    if (this.#isAwaited) this.#next();
    else this.#timer ??= setTimeout(() => this.#next(), COMMIT_INTERVAL_MS);
  }

  #failed(commit: Commit): void {
    if (this.#isStopped || this.#degradation !== null) return;
    const error = new StorageError("tasks.db", "the disk is full");
    this.#setDegradation({ error, since: Date.now() / 1_000 });
    commit.failed(error);
    this.#pending.failed(error);
    this.#isAwaited = false;
  }

  #setDegradation(degradation: Degradation | null): void {
    this.#degradation = degradation;
    for (const listener of this.#listeners) listener(degradation);
  }
}
