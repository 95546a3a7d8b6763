/**
 * The shards of a cluster as one node has loaded them.
 *
 * @module
 */

import { shardOf } from "../../cluster/shard_of.ts";
import type { MonitorLimits } from "../../config/limits.ts";
import type { LiveHistories } from "../../registry/registry_options.ts";
import type { FollowerStore } from "../../store/postgres/follower_store.ts";
import type { NodeDatabase } from "../../store/postgres/node_database.ts";
import { SHARDS } from "../../store/postgres/schema.ts";
import type { CoreOptions } from "../monitor_core.ts";
import { ShardedTasks } from "../sharded_tasks.ts";
import { delay } from "./delay.ts";
import { Engine } from "./engine.ts";
import type { Owner, TaskGate } from "./task_gate.ts";

/** The wait before another attempt to load a shard after a failed one, in milliseconds. */
const RETRY_MS = 500;

/** The numbers of all shards. */
const ALL: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard);

/** Options of {@linkcode Engines}. */
export interface EnginesOptions {
  readonly database: NodeDatabase;
  /** Creates the gate of a shard that was loaded. */
  readonly gate: () => TaskGate;
  /** Reads the histories of running tasks that only their owners have in memory. */
  readonly histories: LiveHistories;
  /** Called when a shard has no owner. */
  readonly onFree: () => void;
  /** Called after each query of the database with the owner of a shard; `null` if there is none. */
  readonly onOwner: (shard: number, owner: Owner | null) => void;
  /** Called before a shard is reloaded: the watchers of its tasks must reconnect. */
  readonly onReload: (shard: number) => void;
  readonly onError: (error: unknown) => void;
  /** Aborted when the node begins to shut down. */
  readonly ending: AbortSignal;
}

/** Loads the shards, and reloads a shard if its state in memory is no longer valid. */
export class Engines {
  /** The tasks of all shards. */
  readonly tasks: ShardedTasks = new ShardedTasks(SHARDS, (client) => shardOf(client, SHARDS));
  readonly #options: EnginesOptions;
  readonly #engines: (Engine | null)[] = ALL.map(() => null);
  /** The options that all shards have in common. */
  #core: CoreOptions | null = null;
  /** Resolves when everything is loaded. */
  #loading: Promise<void> = Promise.resolve();
  /** How many hints have been missed by engines that were replaced. */
  #missedHints = 0;

  /** @param options the database and the callbacks */
  constructor(options: EnginesOptions) {
    this.#options = options;
  }

  /** The shards that are loaded. */
  get all(): readonly Engine[] {
    return this.#engines.filter((engine) => engine !== null);
  }

  /** Whether every shard is loaded. */
  get isLoaded(): boolean {
    return this.#engines.every((engine) => engine !== null);
  }

  /** How many regular queries of the database have found changes whose hint had not arrived. */
  get missedHints(): number {
    return this.all.reduce((sum, { missedHints }) => sum + missedHints, this.#missedHints);
  }

  /** Returns the engine of a shard; `null` while the shard is being loaded. */
  of(shard: number): Engine | null {
    return this.#engines[shard] ?? null;
  }

  /** Resolves once every shard is loaded, or when the node shuts down. */
  loaded(): Promise<void> {
    return this.#loading;
  }

  /**
   * Loads all shards for the first time.
   *
   * @param core the options that all shards have in common
   * @throws {StorageError} if the database cannot be used
   */
  async open(core: CoreOptions): Promise<void> {
    await this.#load(ALL, core);
  }

  /** Drops the engine of a shard, and loads the shard again. */
  reload(shard: number): void {
    const old = this.#engines[shard];
    if (old === null || old === undefined) return;
    this.#engines[shard] = null;
    this.tasks.detach(shard);
    this.#options.onReload(shard);
    this.#missedHints += old.missedHints;
    this.#loading = this.#loading
      .then(() => old[Symbol.asyncDispose]())
      .catch(this.#options.onError)
      .then(() => this.#loadAgain(shard));
  }

  /** Waits until every shard is loaded, then drops all of them. */
  async close(): Promise<void> {
    await this.#loading;
    for (const { shard } of this.all) this.tasks.detach(shard);
    await Promise.all(this.all.map((engine) => engine[Symbol.asyncDispose]()));
    this.#engines.fill(null);
  }

  async #loadAgain(shard: number): Promise<void> {
    const { ending, onError } = this.#options;
    while (!ending.aborted) {
      try {
        return await this.#load([shard], this.#core!);
      } catch (error) {
        onError(error);
        await delay(RETRY_MS, ending);
      }
    }
  }

  async #load(shards: readonly number[], core: CoreOptions): Promise<void> {
    this.#core = core;
    const limits = limitsOfShard(core.limits);
    for (const store of await this.#options.database.load(shards)) this.#put(store, { ...core, limits });
  }

  #put(store: FollowerStore, core: CoreOptions): void {
    const { gate, histories, onFree, onOwner } = this.#options;
    const { shard } = store;
    const engine = new Engine({
      ...{ store, core, histories, onFree, gate: gate() },
      onOwner: (owner) => onOwner(shard, owner),
      onGap: () => this.reload(shard),
    });
    this.#engines[shard] = engine;
    this.tasks.attach(shard, engine.core);
  }
}

/** Returns the limits of one shard: each limit on all tasks is divided among the shards. */
function limitsOfShard(limits: MonitorLimits): MonitorLimits {
  const part = (limit: number) => Math.ceil(limit / SHARDS);
  return { ...limits, clients: part(limits.clients), endedTasks: part(limits.endedTasks) };
}
