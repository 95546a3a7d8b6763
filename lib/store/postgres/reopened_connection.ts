/**
 * A connection that is reopened after it was lost.
 *
 * @module
 */

import { FenceError } from "../../cluster/cluster_database.ts";
import { withTimeout } from "../../timeout.ts";
import { Connection } from "./connection.ts";
import type { PostgresAddress } from "./postgres_address.ts";

/** A connection that is opened when it is first used, and reopened after any error or timeout. */
export class ReopenedConnection {
  readonly #address: PostgresAddress;
  readonly #limitMs: number;
  readonly #first: string | null;
  #connection: Promise<Connection> | null = null;

  /**
   * @param address the database
   * @param limitMs how long each use may take, including connecting, in milliseconds
   * @param first a statement to begin every session with
   */
  constructor(address: PostgresAddress, limitMs: number, first: string | null = null) {
    this.#address = address;
    this.#limitMs = limitMs;
    this.#first = first;
  }

  /**
   * Uses the connection.
   *
   * @param run sends statements; after any error but a {@linkcode FenceError} the connection is closed, because it is
   *   unknown what the server has done
   * @param limitMs how long this use may take, in milliseconds, if not the usual time
   * @throws {Error} of `run`, of `pg`, or after the timeout
   */
  async use<Result>(
    run: (connection: Connection) => Promise<Result>,
    limitMs: number = this.#limitMs,
  ): Promise<Result> {
    const opening = this.#connection ??= this.#open();
    try {
      const result = await withTimeout(this.#run(opening, run), limitMs);
      if (result === undefined) throw new Error("the database does not respond");
      return result.value;
    } catch (error) {
      if (!(error instanceof FenceError)) this.#drop(opening);
      throw error;
    }
  }

  /** Closes the connection once all statements have their results. */
  async close(): Promise<void> {
    const opening = this.#connection;
    this.#connection = null;
    await opening?.then((connection) => connection.end()).catch(() => {});
  }

  async #run<Result>(
    opening: Promise<Connection>,
    run: (connection: Connection) => Promise<Result>,
  ): Promise<{ readonly value: Result }> {
    return { value: await run(await opening) };
  }

  #open(): Promise<Connection> {
    const opening = Connection.open(this.#address, this.#limitMs).then((connection) => {
      connection.onLoss = () => this.#drop(opening);
      // The error is ignored, because the next statement fails, too.
      if (this.#first !== null) connection.query(this.#first).catch(() => {});
      return connection;
    });
    return opening;
  }

  #drop(opening: Promise<Connection>): void {
    if (this.#connection === opening) this.#connection = null;
    opening.then((connection) => connection.cut(), () => {});
  }
}
