/**
 * Follows the committed changes of a shard.
 *
 * @module
 */

import type { ClusterClock } from "./cluster_clock.ts";
import type { ChangeDatabase, Changes } from "./cluster_database.ts";

/**
 * Options of a {@linkcode Follower}.
 *
 * @typeParam Change a change
 */
export interface FollowerOptions<Change> {
  readonly database: ChangeDatabase<Change>;
  readonly clock: ClusterClock;
  readonly shard: number;
  /** The epoch of the cursor to start at. */
  readonly epoch: string;
  /** The sequence number of the last change that is already known. */
  readonly seq: number;
  /** The interval between regular pulls, in milliseconds. A regular pull finds changes whose hints were lost. */
  readonly pollMs: number;
  /** Called with changes that follow the previous ones without a gap. */
  readonly onChanges: (changes: Changes<Change>) => void;
  /** Called if the cursor belongs to another epoch: the follower has stopped, and watchers must resync. */
  readonly onReset: (epoch: string) => void;
}

/**
 * Pulls the changes of a shard from the database, after every hint that there are some, and also at regular intervals,
 * because hints may be lost.
 *
 * @typeParam Change a change
 */
export class Follower<Change> {
  readonly #options: FollowerOptions<Change>;
  #seq: number;
  #pull: Promise<void> | null = null;
  #isDue = false;
  #isStopped = false;
  #cancelTimer: (() => void) | null = null;
  #missedHints = 0;
  /** Settles with the next pull, for the callers that wait for it. */
  #next: PromiseWithResolvers<void> | null = null;
  #current: PromiseWithResolvers<void>[] = [];

  /** @param options the shard, the cursor and the callbacks */
  constructor(options: FollowerOptions<Change>) {
    this.#options = options;
    this.#seq = options.seq;
  }

  /** The sequence number up to which changes were passed on. */
  get seq(): number {
    return this.#seq;
  }

  /** How many regular pulls found changes whose hint had not arrived. */
  get missedHints(): number {
    return this.#missedHints;
  }

  /**
   * Pulls now, and then at regular intervals. Call this method on every hint, too.
   *
   * @param seq the sequence number of the hint, if it is one
   */
  wake(seq: number = Infinity): void {
    if (this.#isStopped || seq <= this.#seq) return;
    this.#isDue = true;
    this.#pull ??= this.#run().finally(() => {
      this.#pull = null;
      if (this.#isDue) this.wake();
    });
  }

  /**
   * Pulls, and resolves once all changes that were committed before the call have been passed on.
   *
   * @throws the error of the database, or an error if the follower was stopped
   */
  current(): Promise<void> {
    if (this.#isStopped) return Promise.reject(stopped());
    // The pull in progress may have begun before the call, so only the next one counts.
    if (this.#next === null) {
      this.#next = Promise.withResolvers();
      // All calls of one turn of the event loop share a pull.
      queueMicrotask(() => this.wake());
    }
    return this.#next.promise;
  }

  /** Stops. No more changes are passed on. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#takeNext();
    this.#settle(stopped());
  }

  async #run(): Promise<void> {
    this.#cancelTimer?.();
    while (this.#isDue && !this.#isStopped) {
      this.#isDue = false;
      await this.#pullOnce();
    }
    if (!this.#isStopped) {
      this.#cancelTimer = this.#options.clock.after(this.#options.pollMs, () => this.#poll());
    }
  }

  #poll(): void {
    const before = this.#seq;
    this.wake();
    void this.#pull?.then(() => {
      if (this.#seq > before) this.#missedHints++;
    });
  }

  async #pullOnce(): Promise<void> {
    const { database, shard, epoch, onChanges, onReset } = this.#options;
    this.#takeNext();
    let found: Changes<Change>;
    try {
      found = await database.changes(shard, this.#seq);
    } catch (error) {
      // The next regular pull tries again.
      this.#settle(error);
      return;
    }
    if (this.#isStopped) return;
    if (found.epoch !== epoch) {
      this.stop();
      onReset(found.epoch);
      return;
    }
    this.#seq = found.seq;
    this.#isDue ||= found.hasMore;
    if (found.changes.length > 0) onChanges(found);
    if (!found.hasMore) this.#settle();
  }

  #takeNext(): void {
    if (this.#next !== null) this.#current.push(this.#next);
    this.#next = null;
  }

  /** Ends the waits for the pull in progress: with an error, if one is given. */
  #settle(error?: unknown): void {
    for (const { resolve, reject } of this.#current.splice(0)) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }
}

function stopped(): Error {
  return new Error("The follower has stopped");
}
