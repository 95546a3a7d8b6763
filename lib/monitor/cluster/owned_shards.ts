/**
 * The shards that a node owns: takes them over, and hands them over to other nodes.
 *
 * @module
 */

import type { OwnedShard } from "../../cluster/owned_shard.ts";
import type { ShardBatch } from "../../store/postgres/postgres_leases.ts";
import { delay } from "./delay.ts";
import type { Engines } from "./engines.ts";
import type { ShardedGate } from "./sharded_gate.ts";

/** The wait before another attempt to take a shard over after a failed one, in milliseconds. */
const RETRY_MS = 500;

/** Options of {@linkcode OwnedShards}. */
export interface OwnedShardsOptions {
  readonly engines: Engines;
  readonly gate: ShardedGate;
  readonly onNotice: (text: string) => void;
  readonly onError: (error: unknown) => void;
  /** Aborted when the node begins to hand all shards over, because it shuts down. */
  readonly ending: AbortSignal;
}

/** The shards whose leases a node has. */
export class OwnedShards {
  readonly #options: OwnedShardsOptions;
  readonly #shards: Map<number, OwnedShard<ShardBatch>> = new Map();
  /** The owned shards that are being handed over to other nodes. */
  readonly #leaving: Set<OwnedShard<ShardBatch>> = new Set();
  /** The shards that are being taken over, each with a promise that resolves when this is done. */
  readonly #taking: Map<OwnedShard<ShardBatch>, Promise<void>> = new Map();
  #losses = 0;

  /** @param options the shards as they are loaded, and the callbacks */
  constructor(options: OwnedShardsOptions) {
    this.#options = options;
  }

  /** The number of shards that this node owns. */
  get size(): number {
    return this.#shards.size;
  }

  /** How often this node lost a shard without having handed it over. */
  get losses(): number {
    return this.#losses;
  }

  /** Takes over the tasks of a shard. Call this method once this node has the lease of the shard. */
  take(owned: OwnedShard<ShardBatch>): void {
    this.#taking.set(owned, this.#takeOver(owned).finally(() => this.#taking.delete(owned)));
  }

  /** Makes this node a follower of a shard that it no longer owns; changes that are not committed are dropped. */
  lost(owned: OwnedShard<ShardBatch>, reason: string): void {
    const { engines, gate, onNotice, ending } = this.#options;
    const { shard } = owned.grant;
    if (this.#shards.get(shard) !== owned) return;
    this.#shards.delete(shard);
    if (ending.aborted) return;
    onNotice(`This node no longer owns shard ${shard}: ${reason}`);
    gate.note(shard, null);
    const isHandedOver = this.#leaving.delete(owned) && !this.#taking.has(owned);
    if (isHandedOver && engines.of(shard)?.stepDown() === true) return;
    this.#losses++;
    engines.reload(shard);
  }

  /**
   * Commits everything of a shard before it is handed over. If the node shuts down, this first ends the tasks that run
   * in this process.
   *
   * @param graceMs how long these tasks have to end, in milliseconds
   */
  async handOver(owned: OwnedShard<ShardBatch>, graceMs: number | undefined): Promise<void> {
    const { engines, onError, ending } = this.#options;
    await this.#taking.get(owned);
    const { shard } = owned.grant;
    // This node may have lost the shard during the wait, and may already own it in another term.
    if (this.#shards.get(shard) !== owned) return;
    const engine = engines.of(shard);
    if (!ending.aborted) this.#leaving.add(owned);
    else {
      await engine?.gate.whenIdle();
      await engine?.core.settle(graceMs).catch(onError);
    }
    // From here on, not even a sweep may change a task, because the next owner may get the shard before this node has
    // shut down.
    await engine?.prepareToStepDown().catch(onError);
  }

  /** Resolves once this node is not taking over any shard. */
  async whenTaken(): Promise<void> {
    await Promise.all(this.#taking.values());
  }

  async #takeOver(owned: OwnedShard<ShardBatch>): Promise<void> {
    const { engines, gate, onNotice, onError, ending } = this.#options;
    const { shard, term } = owned.grant;
    this.#shards.set(shard, owned);
    const isOurs = () => this.#shards.get(shard) === owned && !ending.aborted;
    while (isOurs()) {
      await engines.loaded();
      if (!isOurs()) return;
      const engine = engines.of(shard);
      try {
        await engine?.takeOver(owned);
        if (engine !== null) break;
      } catch (error) {
        if (this.#shards.get(shard) === owned) onError(error);
        if (!ending.aborted && engine === engines.of(shard)) engines.reload(shard);
      }
      await delay(RETRY_MS, ending);
    }
    if (!isOurs()) return;
    gate.note(shard, "");
    onNotice(`This node owns shard ${shard} now (term ${term})`);
  }
}
