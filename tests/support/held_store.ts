/**
 * A store whose commits are made, held back and broken by a test.
 *
 * @module
 */

import { DEFAULT_LIMITS, type MonitorLimits } from "../../lib/config/limits.ts";
import { StorageError } from "../../lib/errors.ts";
import { MemoryStore } from "../../lib/store/memory/memory_store.ts";
import type { Degradation, StoredTask, TaskIndexReader } from "../../lib/store/store.ts";
import { ForwardingIndex } from "./forwarding_index.ts";
import { isFinal } from "../../lib/task/task.ts";

type TroubleListener = (degradation: Degradation | null) => void;

/** Where a {@linkcode HeldStore} says that its file is; nobody but the operator is to see this. */
export const SECRET_PATH = "/home/somebody/secret/tasks.db";

/** An index whose tasks are given out as `asFound` returns them. */
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

/** Commits at once, until it is told to hold everything back. */
export class HeldStore extends MemoryStore {
  #committedSeq = Infinity;
  #degradation: Degradation | null = null;
  #waiting: PromiseWithResolvers<void>[] = [];
  #index: TaskIndexReader | undefined;
  readonly #listeners: Set<TroubleListener> = new Set();
  /** The records of ended tasks can't be read, as where a disk is broken. */
  isBroken = false;

  /**
   * @param limits the bounds that are to differ from the defaults
   * @param epoch names the numbering
   */
  constructor(limits: Partial<MonitorLimits> = {}, epoch = "first") {
    super({ ...DEFAULT_LIMITS, ...limits }, epoch);
    // The base class has fields of these names.
    Object.defineProperties(this, {
      committedSeq: { get: () => this.#committedSeq },
      degradation: { get: () => this.#degradation },
    });
  }

  /** How many wait for a commit. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Commits nothing from now on. */
  hold(): void {
    if (this.#committedSeq === Infinity) this.#committedSeq = this.seq;
  }

  /** Commits what there is now, and nothing later; resolves once those who waited have heard of it. */
  async commit(): Promise<void> {
    await this.#committedUpTo(this.seq);
  }

  /** Commits everything, now and later. */
  async release(): Promise<void> {
    await this.#committedUpTo(Infinity);
  }

  /** Nothing can be committed any more: the listeners hear of it, then those who wait. */
  async fail(reason = "the disk is full"): Promise<void> {
    this.hold();
    const error = new StorageError(SECRET_PATH, reason);
    this.#degradation = { error, since: Date.now() / 1000 };
    for (const listener of this.#listeners) listener(this.#degradation);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    await turns();
  }

  /** All is well again, and committed. */
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

  /** A task that has ended is on disk alone. */
  #asFound(stored: StoredTask): StoredTask {
    if (!this.isBroken || !isFinal(stored.task.state)) return stored;
    return new Proxy(stored, {
      get(target, name: keyof StoredTask) {
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

/** Lets everything happen that waits for promises alone. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
