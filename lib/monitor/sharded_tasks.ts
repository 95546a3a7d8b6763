/**
 * The tasks of all shards of a cluster, as one node knows them.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { ShardedHub } from "../hub/sharded_hub.ts";
import type { DeliveryCounts } from "../notify/receiver_queue.ts";
import { ShardedRegistry } from "../registry/sharded_registry.ts";
import type { MonitorCore, MonitorTasks } from "./monitor_core.ts";

/** The maximum number of clients whose shards are cached. */
const REMEMBERED_CLIENTS = 10_000;

/** Combines the loaded shards into one set of tasks: each call is passed to the shard of its client. */
export class ShardedTasks implements MonitorTasks {
  readonly registry: ShardedRegistry;
  readonly hub: ShardedHub;
  readonly #cores: (MonitorCore | null)[];
  readonly #shardOf: (client: string) => number;
  /** The shards of clients. */
  readonly #shards: Map<string, number> = new Map();

  /**
   * @param shards the number of shards
   * @param shardOf returns the shard of a client
   */
  constructor(shards: number, shardOf: (client: string) => number) {
    this.#shardOf = shardOf;
    this.#cores = Array.from({ length: shards }, () => null);
    this.registry = new ShardedRegistry(shards, (client) => this.shardOf(client));
    this.hub = new ShardedHub((client) => this.#coreOf(client).hub, () => this.#loaded.map(({ hub }) => hub));
  }

  get deliveries(): DeliveryCounts {
    const sum = { waiting: 0, delivered: 0, refused: 0, dropped: 0, expired: 0 };
    for (const { deliveries } of this.#loaded) {
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += deliveries[name];
    }
    return sum;
  }

  /** Returns the shard of a client. */
  shardOf(client: string): number {
    if (this.#cores.length === 1) return 0;
    let shard = this.#shards.get(client);
    if (shard !== undefined) return shard;
    if (this.#shards.size >= REMEMBERED_CLIENTS) this.#shards.clear();
    this.#shards.set(client, shard = this.#shardOf(client));
    return shard;
  }

  /** Adds a shard that was loaded. */
  attach(shard: number, core: MonitorCore): void {
    this.#cores[shard] = core;
    this.registry.attach(shard, core.registry);
  }

  /** Removes a shard that is to be reloaded. */
  detach(shard: number): void {
    this.#cores[shard] = null;
    this.registry.detach(shard);
  }

  async settle(graceMs?: number): Promise<void> {
    await Promise.all(this.#loaded.map((core) => core.settle(graceMs)));
  }

  /** Does nothing: the shards end with the node. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  get #loaded(): readonly MonitorCore[] {
    return this.#cores.filter((core) => core !== null);
  }

  #coreOf(client: string): MonitorCore {
    const core = this.#cores[this.shardOf(client)];
    if (core === null || core === undefined) throw new ClosedError("The tasks are being loaded");
    return core;
  }
}
