/**
 * Commits batches to a database, one at a time, while the next batch is collected.
 *
 * @module
 */

import { unrefTimer } from "../../environment.ts";
import { StorageError } from "../../errors.ts";
import type { SideRow } from "../side_tables.ts";
import type { ClientMemory } from "../client_tasks.ts";
import type { Degradation, StoreFigures } from "../store.ts";
import { Batch, type BatchMessage } from "./batch.ts";
import type { Database } from "./database.ts";

/** Options of a {@linkcode Writer}. */
export interface WriterOptions {
  readonly database: Pick<
    Database,
    "name" | "isSeparate" | "onLoss" | "write" | "check" | "finish" | "close"
  >;
  /** The maximum time that a change waits to be committed together with others, in milliseconds. */
  readonly commitIntervalMs: number;
  /** The sequence number of the last committed change. */
  readonly seq: number;
  /** Returns the current {@linkcode ClientMemory} of a client. */
  readonly memoryOf: (client: string) => ClientMemory | undefined;
  /** Called with every batch after its commit. */
  readonly onCommit: (batch: Batch) => void;
}

/** The delay before a failed commit is retried, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * The time without a response from the database after which the store counts as degraded, in milliseconds. This time is
 * longer than any wait for a lock.
 */
const STALL_MS = 10_000;

/** A commit in progress. */
interface Commit {
  readonly batch: Batch;
  readonly message: BatchMessage;
  /** The sequence number up to which every change is in this commit or an earlier one. */
  readonly seq: number;
}

/** Commits batches. A failed commit is retried unchanged until it succeeds. */
export class Writer implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #listeners: Set<(degradation: Degradation | null) => void> = new Set();
  #pending = new Batch();
  #commit: Commit | null = null;
  #committedSeq: number;
  /** The newest sequence number that waits to be committed. */
  #seq: number;
  #degradation: Degradation | null = null;
  /** The timer of the next commit, or one that was set for an earlier commit and was not needed. */
  #commitTimer: ReturnType<typeof setTimeout> | undefined;
  /** When the pending batch must be committed, in milliseconds of the monotonic clock; `null` if it need not yet. */
  #dueMs: number | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** When the first change of the pending batch was added, in milliseconds of the monotonic clock. */
  #pendingSinceMs = 0;
  /** Whether a caller waits for the pending batch. */
  #isDue = false;
  #stallTimer: ReturnType<typeof setTimeout> | undefined;
  #characters = 0;
  /** When the current commit was passed to the database, in milliseconds of the monotonic clock. */
  #writtenAtMs = 0;
  /** Whether the database has not responded yet. */
  #isWriting = false;
  #isClosed = false;
  readonly #figures = { commits: 0, failedCommits: 0, commitMs: 0 };

  /** @param options the database and the callbacks */
  constructor(options: WriterOptions) {
    this.#options = options;
    this.#committedSeq = this.#seq = options.seq;
    options.database.onLoss = (error) => {
      // If a commit is in progress, its result will show whether the database can be used.
      if (this.#commit === null && this.#degradation === null) this.#failed(error);
    };
  }

  /** Whether everything is committed. */
  get isIdle(): boolean {
    return this.#commit === null && this.#pending.isEmpty;
  }

  /** The sequence number up to which every change is committed. */
  get committedSeq(): number {
    return this.isIdle ? this.#seq : this.#committedSeq;
  }

  /** Notes that another node has committed everything up to a sequence number. */
  followedTo(seq: number): void {
    this.#committedSeq = this.#seq = seq;
  }

  /** The reason why nothing can be committed at present; `null` if commits succeed. */
  get degradation(): Degradation | null {
    return this.#degradation;
  }

  /** The figures of the commits, for metrics. */
  get figures(): Pick<StoreFigures, "commits" | "failedCommits" | "commitMs"> {
    return this.#figures;
  }

  /**
   * Schedules a commit.
   *
   * @param seq the newest sequence number in the batch once the caller has added its changes
   * @returns the batch, to which the caller must add its changes in the same turn of the event loop
   */
  batch(seq: number): Batch {
    this.#seq = seq;
    if (this.#pending.isEmpty) {
      this.#pendingSinceMs = performance.now();
      if (this.#commit === null) this.#commitAfter(this.#options.commitIntervalMs);
    }
    return this.#pending;
  }

  /** Starts the commit of the pending batch at once, and waits until it is committed. */
  committed(): Promise<void> {
    if (this.#degradation !== null) {
      return Promise.reject(this.#degradation.error);
    }
    if (this.#pending.isEmpty) return this.#commit?.batch.settled ?? Promise.resolve();
    const { settled } = this.#pending;
    if (this.#commit === null && !this.#isDue) {
      this.#isDue = true;
      // The commit starts at the end of the turn of the event loop, so that one commit serves all callers of
      // the turn.
      queueMicrotask(() => this.#next());
    }
    this.#isDue = true;
    return settled;
  }

  /**
   * Reserves space for entries that wait to be written; returns `false` if less than that is left. Both the space and
   * the maximum are numbers of characters.
   */
  takeRoom(characters: number, most: number): boolean {
    if (this.#characters + characters > most) return false;
    this.#characters += characters;
    return true;
  }

  /** Returns the rows of a task in a side table whose commit is not confirmed yet, oldest first. */
  unsavedRows(table: string, place: number): readonly SideRow[] {
    return this.unsaved.flatMap((batch) => batch.rows(table, place));
  }

  /** The batches whose commit is not confirmed yet, oldest first. */
  get unsaved(): readonly Batch[] {
    return this.#commit === null ? [this.#pending] : [this.#commit.batch, this.#pending];
  }

  /**
   * Adds a listener that is called whenever the store becomes degraded or recovers; returns a function that
   * unsubscribes.
   */
  onDegradation(listener: (degradation: Degradation | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Commits the pending batch and closes the database. If the commit fails, the database is still closed, and
   * the promise rejects.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#degradation !== null && !this.isIdle) await this.#retryNow();
      while (!this.isIdle) await this.committed();
      this.#clearTimers();
      await this.#options.database.finish();
    } finally {
      this.#clearTimers();
      this.#isClosed = true;
      this.#options.database.onLoss = null;
      this.#listeners.clear();
      await this.#options.database.close();
    }
  }

  /** Closes the database without committing pending changes; callers that wait for their commit get the error. */
  async abandon(error: StorageError): Promise<void> {
    this.#isClosed = true;
    this.#options.database.onLoss = null;
    this.#listeners.clear();
    this.#clearTimers();
    this.#degrade(error);
    await this.#options.database.close();
  }

  #clearTimers(): void {
    for (const timer of [this.#commitTimer, this.#retryTimer, this.#stallTimer]) clearTimeout(timer);
  }

  /**
   * Starts the next commit after a time, in milliseconds, unless the commit starts earlier. The timer is then kept for
   * the commit after it, because clearing and setting a timer for each commit takes longer.
   */
  #commitAfter(waitMs: number): void {
    if (this.#retryTimer !== undefined) return;
    this.#dueMs ??= performance.now() + waitMs;
    this.#commitTimer ??= setTimeout(() => {
      this.#commitTimer = undefined;
      const leftMs = this.#dueMs === null ? null : this.#dueMs - performance.now();
      if (leftMs === null) return;
      if (leftMs <= 0) this.#next();
      else this.#commitAfter(leftMs);
    }, waitMs);
  }

  /** Starts the next commit, unless one is in progress. */
  #next(): void {
    this.#dueMs = null;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (this.#commit !== null || this.#pending.isEmpty || this.#isClosed) return;
    this.#isDue = false;
    const batch = this.#pending;
    this.#pending = new Batch();
    this.#characters = 0;
    this.#commit = { batch, message: batch.message(this.#options.memoryOf), seq: this.#seq };
    this.#write(this.#commit);
  }

  #write({ batch, message }: Commit): void {
    this.#writtenAtMs = performance.now();
    this.#isWriting = true;
    if (this.#stallTimer === undefined) this.#watch(STALL_MS);
    this.#options.database.write(message, batch.tasks).then(
      () => this.#written(),
      (error) => this.#notWritten(error),
    );
  }

  /**
   * Checks after a time, in milliseconds, whether the database responds. The timer is kept after a commit,
   * because clearing and setting a timer for each commit takes longer.
   */
  #watch(waitMs: number): void {
    this.#stallTimer = setTimeout(() => {
      this.#stallTimer = undefined;
      const leftMs = this.#writtenAtMs + STALL_MS - performance.now();
      if (!this.#isWriting) return;
      if (leftMs > 0) this.#watch(leftMs);
      else this.#stalled();
    }, waitMs);
    unrefTimer(this.#stallTimer);
  }

  /**
   * Called if the database does not respond: rejects the waiting callers, although the commit may still succeed.
   */
  #stalled(): void {
    const { database } = this.#options;
    this.#degrade(new StorageError(database.name, `nothing has been written for ${STALL_MS / 1_000} s`));
  }

  #written(): void {
    this.#isWriting = false;
    if (this.#commit !== null && !this.#isClosed) this.#succeeded(this.#commit);
  }

  #notWritten(error: StorageError): void {
    this.#isWriting = false;
    this.#figures.failedCommits++;
    this.#failed(error);
  }

  /** Checks whether the database can be used again while there is nothing to write. */
  #check(): void {
    this.#options.database.check().then(
      () => {
        if (this.isIdle) this.#setDegradation(null);
      },
      (error) => {
        // If a commit is in progress, its result will show whether the database can be used.
        if (this.#commit === null) this.#failed(error);
      },
    );
  }

  #succeeded(commit: Commit): void {
    this.#commit = null;
    this.#committedSeq = commit.seq;
    this.#figures.commits++;
    this.#figures.commitMs += performance.now() - this.#writtenAtMs;
    this.#options.onCommit(commit.batch);
    commit.batch.succeeded();
    if (this.#degradation !== null) this.#setDegradation(null);
    if (this.#pending.isEmpty) return;
    // A separate database would be idle during a pause, so the interval counts from the first pending change. SQLite
    // shares this process: without a pause, it would write records that change often more times than necessary.
    const { database, commitIntervalMs } = this.#options;
    const waitMs = database.isSeparate
      ? this.#pendingSinceMs + commitIntervalMs - performance.now()
      : commitIntervalMs;
    if (this.#isDue || waitMs <= 0) this.#next();
    else this.#commitAfter(waitMs);
  }

  #failed(error: StorageError): void {
    if (this.#isClosed) return;
    this.#degrade(error);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#retry(), RETRY_MS);
  }

  #degrade(error: StorageError): void {
    const since = this.#degradation?.since ?? Date.now() / 1000;
    if (this.#degradation?.error.message !== error.message) this.#setDegradation({ error, since });
    this.#commit?.batch.failed(error);
    this.#pending.failed(error);
  }

  /**
   * Retries a failed commit at once, because the cause of the failure may be gone. Does nothing if the commit is
   * already being retried.
   */
  #retryNow(): Promise<void> {
    if (this.#retryTimer !== undefined) this.#retry();
    return (this.#commit?.batch ?? this.#pending).settled;
  }

  #retry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (this.#commit !== null) this.#write(this.#commit);
    else if (this.#pending.isEmpty) this.#check();
    else this.#next();
  }

  #setDegradation(degradation: Degradation | null): void {
    this.#degradation = degradation;
    for (const listener of this.#listeners) listener(degradation);
  }
}
