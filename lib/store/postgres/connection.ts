/**
 * Connections to PostgreSQL.
 *
 * @module
 */

// @ts-types="./pg.d.ts"
import pg, { type Client, type ClientConfig, type QueryConfig, type QueryResult } from "pg";
import type { SideRow } from "../side_tables.ts";
import type { PostgresAddress } from "./postgres_address.ts";

/** The time limit of connecting, in milliseconds. */
const CONNECT_MS = 5_000;
/** The time limit of each statement, in milliseconds. */
export const STATEMENT_MS = 10_000;

/** The maximum time without a row from a query whose rows are streamed, in milliseconds. */
const SILENCE_MS = 60_000;

/** The object ids of the types "bigint" and "json". */
const INT8 = 20;
const JSON_TEXT = 114;

/**
 * Settings of a session that writes. PostgreSQL must detect a lost connection soon, because the session holds its locks
 * until then. A commit is confirmed only once it is on disk. JIT compilation is off, because it takes longer than any
 * of these queries.
 */
const SETTINGS = `SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '3s';
  SET tcp_user_timeout = 5000; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2;
  SET tcp_keepalives_count = 3; SET extra_float_digits = 1; SET jit = off;
  SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')`;

/** Returns the settings with which to connect to a database. */
export function configOf({ config }: PostgresAddress): ClientConfig {
  return {
    ...config,
    application_name: "taskscope",
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: {
      // A "bigint" is read as a number, because all values are far below 2⁵³; "json" stays text.
      getTypeParser: (oid, format) =>
        oid === INT8 ? Number : oid === JSON_TEXT ? String : pg.types.getTypeParser(oid, format),
    },
  };
}

/** A connection on which statements are sent without waiting for the results of earlier ones. */
export class Connection {
  readonly #client: Client;
  #isLost = false;
  /** Called if the connection is lost while no statement waits for a result. */
  onLoss: ((error: Error) => void) | null = null;
  /** Called with the payload of every notification on a channel that the session listens to. */
  onNotification: ((payload: string) => void) | null = null;

  private constructor(client: Client) {
    this.#client = client;
    client.on("error", (error) => this.#lost(error));
    client.on("end", () => this.#lost(new Error("Connection terminated")));
    client.on("notification", ({ payload = "" }) => this.onNotification?.(payload));
  }

  /**
   * Connects. The errors are those of `pg`.
   *
   * @param address where to connect to
   * @param connectMs the time limit of connecting, in milliseconds
   */
  static async open(address: PostgresAddress, connectMs = CONNECT_MS): Promise<Connection> {
    const client = new pg.Client({
      ...configOf(address),
      connectionTimeoutMillis: connectMs,
      pipeline: true,
    });
    const connection = new Connection(client);
    try {
      await client.connect();
      await connection.query(SETTINGS);
      return connection;
    } catch (error) {
      connection.cut();
      throw error;
    }
  }

  /** Whether the connection is known to be unusable. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * The id of the server's process, which the server, or a pooler in front of it, stated when the connection was
   * opened.
   */
  get processId(): number {
    return this.#client.processID ?? 0;
  }

  /** Runs a statement. */
  query(query: string | QueryConfig): Promise<QueryResult> {
    const config = typeof query === "string" ? { text: query } : query;
    return this.#client.query({ query_timeout: STATEMENT_MS, ...config });
  }

  /**
   * Runs a query, and passes each row to a function as soon as it arrives, so that the rows are never in memory
   * together.
   *
   * @param text the query
   * @param onRow the function
   * @param silenceMs the maximum time without a row before the connection is closed, in milliseconds
   * @throws {Error} what the function throws, or of `pg`
   */
  async stream<Row extends SideRow>(
    text: string,
    onRow: (row: Row) => void,
    silenceMs = SILENCE_MS,
  ): Promise<void> {
    const ended = Promise.withResolvers<void>();
    let [rows, rowsBefore] = [0, -1];
    let isFailed = false;
    const fail = (error: unknown) => {
      isFailed = true;
      ended.reject(error);
    };
    const query = new pg.Query({ text, rowMode: "array" })
      .on("row", (row) => {
        rows++;
        // After an error, further rows are already on their way and are ignored.
        if (isFailed) return;
        try {
          onRow(row as Row);
        } catch (error) {
          fail(error);
        }
      })
      .on("end", () => ended.resolve())
      .on("error", fail);
    const timer = setInterval(() => {
      if (rows === rowsBefore) this.#client.connection.stream.destroy(new Error("Query read timeout"));
      rowsBefore = rows;
    }, silenceMs);
    try {
      this.#client.query(query);
      await ended.promise;
    } finally {
      clearInterval(timer);
    }
  }

  /** Closes the connection in order, once all statements have their results. */
  async end(): Promise<void> {
    this.onLoss = null;
    await this.#client.end();
  }

  /** Closes the connection at once, without waiting for results. */
  cut(): void {
    this.onLoss = null;
    this.#isLost = true;
    this.#client.connection.stream.destroy();
  }

  #lost(error: Error): void {
    this.#isLost = true;
    const { onLoss } = this;
    this.onLoss = null;
    onLoss?.(error);
  }
}
