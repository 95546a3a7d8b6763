/**
 * A store whose commits a test can hold back, fail and release.
 *
 * @module
 */

import { atHand } from "./at_hand.ts";
import { DEFAULT_LIMITS, type MonitorLimits } from "../../lib/config/limits.ts";
import { StorageError } from "../../lib/errors.ts";
import { MemoryStore } from "../../lib/store/memory/memory_store.ts";
import type { Degradation, StoredTask, TaskIndexReader, TaskRecord } from "../../lib/store/store.ts";
import { ForwardingIndex } from "./forwarding_index.ts";
import { isFinal } from "../../lib/task/task.ts";

type TroubleListener = (degradation: Degradation | null) => void;

/** The path in the errors of a {@linkcode HeldStore}; only the operator may see it, so no response may contain it. */
export const SECRET_PATH = "/home/somebody/secret/tasks.db";

/** An index that passes every task that it returns through the function `asFound`. */
class HeldIndex extends ForwardingIndex {
  readonly #asFound: (stored: StoredTask) => StoredTask;

  constructor(index: TaskIndexReader, asFound: (stored: StoredTask) => StoredTask) {
    super(index);
    this.#asFound = asFound;
  }

  override get(client: string, id: string): StoredTask | undefined {
    const stored = super.get(client, id);
    return stored === undefined ? undefined : this.#asFound(stored);
  }

  override *list(client: string): Generator<StoredTask> {
    for (const stored of super.list(client)) yield this.#asFound(stored);
  }
}

/** A store in memory that commits immediately until a test holds its commits back. */
export class HeldStore extends MemoryStore {
  #committedSeq = Infinity;
  #degradation: Degradation | null = null;
  #waiting: PromiseWithResolvers<void>[] = [];
  #index: TaskIndexReader | undefined;
  readonly #listeners: Set<TroubleListener> = new Set();
  /** Whether reading the record of an ended task throws, as with a broken disk. */
  isBroken = false;

  /**
   * @param limits limits that differ from the defaults
   * @param epoch the epoch of sequence numbers
   */
  constructor(limits: Partial<MonitorLimits> = {}, epoch = "first") {
    super({ ...DEFAULT_LIMITS, ...limits }, epoch);
    // The base class has fields of these names, which an accessor cannot override.
    Object.defineProperties(this, {
      committedSeq: { get: () => this.#committedSeq },
      degradation: { get: () => this.#degradation },
    });
  }

  /** The number of callers that wait for a commit. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Holds all commits back from now on. */
  hold(): void {
    if (this.#committedSeq === Infinity) this.#committedSeq = this.seq;
  }

  /** Commits all changes so far and holds later ones back; resolves once the waiting callers are notified. */
  async commit(): Promise<void> {
    await this.#committedUpTo(this.seq);
  }

  /** Commits all changes so far, and later ones immediately. */
  async release(): Promise<void> {
    await this.#committedUpTo(Infinity);
  }

  /** Makes all commits fail: notifies the listeners, then rejects the waiting callers. */
  async fail(reason = "the disk is full"): Promise<void> {
    this.hold();
    const error = new StorageError(SECRET_PATH, reason);
    this.#degradation = { error, since: Date.now() / 1000 };
    for (const listener of this.#listeners) listener(this.#degradation);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    await turns();
  }

  /** Ends the failure and commits everything. */
  async recover(): Promise<void> {
    this.#committedSeq = Infinity;
    this.#degradation = null;
    for (const listener of this.#listeners) listener(null);
    await turns();
  }

  override get index(): TaskIndexReader {
    return this.#index ??= new HeldIndex(super.index, (stored) => this.#asFound(stored));
  }

  override committed(): Promise<void> {
    if (this.#degradation !== null) return Promise.reject(this.#degradation.error);
    if (this.seq <= this.#committedSeq) return Promise.resolve();
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  override onDegradation(listener: TroubleListener = () => {}): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Returns the task; if the store is broken and the task has ended, reading its record throws. */
  #asFound(stored: StoredTask): StoredTask {
    if (!this.isBroken || !isFinal(stored.summary.state)) return stored;
    return new Proxy(atHand(stored), {
      get(target, name: keyof TaskRecord) {
        if (name === "json" || name === "task") throw new StorageError(SECRET_PATH, "the file is damaged");
        return target[name];
      },
    });
  }

  async #committedUpTo(seq: number): Promise<void> {
    this.#committedSeq = seq;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await turns();
  }
}

/** Waits until all pending microtasks have run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
