/**
 * Listens for notifications about shards.
 *
 * @module
 */

import { UnrefInterval } from "../../unref_interval.ts";
import { Connection } from "./connection.ts";
import { CHANNEL } from "./lease_statements.ts";
import type { PostgresAddress } from "./postgres_address.ts";

/**
 * The interval at which the connection is tested, and the maximum time that it may take to respond, in milliseconds.
 */
const PING_MS = 5_000;

/** The wait before the next attempt to connect, in milliseconds. */
const RETRY_MS = 1_000;

/** The address and the callbacks of a {@linkcode ShardHints}. */
export interface ShardHintsOptions {
  readonly address: PostgresAddress;
  /** Called after a commit to a shard, with the last sequence number of the shard. */
  readonly onCommit: (shard: number, seq: number) => void;
  /** Called when a shard was handed over, so that any node may take it. */
  readonly onFree: (shard: number) => void;
  /** Called whenever the connection was opened, because earlier notifications may have been lost. */
  readonly onOpen: () => void;
}

/** Listens for notifications about shards, on a connection that is reopened whenever it is lost. */
export class ShardHints {
  readonly #options: ShardHintsOptions;
  readonly #ping: UnrefInterval;
  #connection: Connection | null = null;
  #opening: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param options the database and the callbacks */
  constructor(options: ShardHintsOptions) {
    this.#options = options;
    this.#ping = new UnrefInterval(() => this.#try(), PING_MS);
  }

  /** Starts listening. */
  start(): void {
    this.#ping.start();
    this.#opening = this.#open().catch(() => this.#lost(null));
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ping.stop();
    await this.#opening;
    clearTimeout(this.#timer);
    await this.#connection?.end().catch(() => {});
  }

  async #open(): Promise<void> {
    const connection = await Connection.open(this.#options.address);
    connection.onNotification = (payload) => this.#hint(payload);
    try {
      await connection.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      connection.cut();
      throw error;
    }
    this.#connection = connection;
    connection.onLoss = () => this.#lost(connection);
    if (connection.isLost) this.#lost(connection);
    else if (!this.#isClosed) this.#options.onOpen();
  }

  #hint(payload: string): void {
    if (this.#isClosed) return;
    const [shard, seq] = payload.split(" ").map(Number);
    if (!Number.isSafeInteger(shard) || !Number.isSafeInteger(seq)) return;
    if (seq === 0) this.#options.onFree(shard!);
    else this.#options.onCommit(shard!, seq!);
  }

  #lost(connection: Connection | null): void {
    if (this.#isClosed || this.#connection !== connection) return;
    this.#connection = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), RETRY_MS);
  }

  /** Detects a half-open connection. */
  #try(): void {
    const connection = this.#connection;
    connection?.query({ text: "SELECT 1", query_timeout: PING_MS }).catch(() => {
      connection.cut();
      this.#lost(connection);
    });
  }
}
