/**
 * A simulated connection of a node to the database, which loses and delays requests and answers.
 *
 * @module
 */

import {
  type ChangeDatabase,
  type Changes,
  type CommitDatabase,
  type Fence,
  FenceError,
  type Grant,
  type Heartbeat,
  type LeaseDatabase,
  type ShardState,
  type Tenure,
} from "../../../lib/cluster/cluster_database.ts";
import type { Change } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import type { SimDatabase } from "./sim_database.ts";

/** The time limit of a request, in milliseconds. */
const TIMEOUT_MS = 3_000;

/** The connection of a node. */
export class SimLink implements LeaseDatabase, CommitDatabase<readonly Change[]>, ChangeDatabase<Change> {
  readonly #node: string;
  readonly #machine: Machine;
  readonly #network: Network;
  readonly #database: SimDatabase;

  constructor(node: string, machine: Machine, network: Network, database: SimDatabase) {
    this.#node = node;
    this.#machine = machine;
    this.#network = network;
    this.#database = database;
  }

  heartbeat(held: readonly Tenure[]): Promise<Heartbeat> {
    return this.#call((database) => database.heartbeat(this.#node, held));
  }

  take(shards: readonly number[]): Promise<readonly Grant[]> {
    return this.#call((database) => database.take(this.#node, shards));
  }

  release(held: readonly Tenure[]): Promise<void> {
    return this.#call((database) => database.release(this.#node, held));
  }

  leave(): Promise<void> {
    return this.#call((database) => database.leave(this.#node));
  }

  commit(fence: Fence, batch: readonly Change[]): Promise<void> {
    return this.#call((database) => database.commit(this.#node, fence, batch));
  }

  shardState(shard: number): Promise<ShardState> {
    return this.#call((database) => database.shardState(shard));
  }

  changes(shard: number, afterSeq: number): Promise<Changes<Change>> {
    return this.#call((database) => database.changes(shard, afterSeq));
  }

  /** Executes a transaction immediately, later or never; its answer may be lost. */
  #call<Result>(transaction: (database: SimDatabase) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const cancel = this.#machine.after(TIMEOUT_MS, () => reject(new Error("timeout")));
      const settle = (answer: () => void) =>
        this.#network.send(this.#machine, "database", () =>
          this.#machine.run(() => {
            cancel();
            answer();
          }));
      this.#network.send(this.#machine, "database", () => {
        if (this.#database.isDown) return settle(() => reject(new Error("the database is down")));
        try {
          const result = transaction(this.#database);
          settle(() => resolve(result));
        } catch (error) {
          if (!(error instanceof FenceError)) throw error;
          settle(() => reject(error));
        }
      });
    });
  }
}
