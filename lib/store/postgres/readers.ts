/**
 * Connections for reading on demand.
 *
 * @module
 */

// @ts-types="./pg.d.ts"
import pg, { type Pool, type QueryConfig, type QueryResult } from "pg";
import { configOf, STATEMENT_MS } from "./connection.ts";
import type { PostgresAddress } from "./postgres_address.ts";

/** The maximum number of connections. */
export const CONNECTIONS = 4;

/** The idle time after which a connection is closed, in milliseconds. */
const IDLE_MS = 30_000;

/** A pool of connections that are opened when needed. Beyond the maximum, queries wait for a connection. */
export class Readers {
  readonly #pool: Pool;
  readonly #running: Set<Promise<QueryResult>> = new Set();
  #isClosed = false;

  /** @param address the database */
  constructor(address: PostgresAddress) {
    this.#pool = new pg.Pool({
      ...configOf(address),
      query_timeout: STATEMENT_MS,
      max: CONNECTIONS,
      idleTimeoutMillis: IDLE_MS,
    });
    // The error of an idle connection is ignored, because the next query opens another one.
    this.#pool.on("error", () => {});
  }

  /**
   * Runs a query.
   *
   * @throws {Error} of `pg`, or if the connections are closed
   */
  async query(query: string | QueryConfig): Promise<QueryResult> {
    if (this.#isClosed) throw new Error("the connections for reading are closed");
    const running = this.#pool.query(query);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * Closes the connections once all queries have their results: when the pool of `pg` ends, it never runs queries that
   * still wait for a connection.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
    await this.#pool.end();
  }
}
