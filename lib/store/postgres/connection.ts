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

/** How long a query whose rows are streamed may send none, in milliseconds. */
const SILENCE_MS = 60_000;

/** The object ids of the types "bigint" and "json". */
const INT8 = 20;
const JSON_TEXT = 114;

/**
 * Settings of a session that writes. A server that loses its connection must notice before long, because it
 * holds locks until then; a commit is on disk before it is confirmed; and no query is worth the time to compile it.
 */
const SETTINGS = `SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '3s';
  SET tcp_user_timeout = 5000; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2;
  SET tcp_keepalives_count = 3; SET extra_float_digits = 1; SET jit = off;
  SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')`;

/** Returns how to connect to a database. */
export function configOf({ config }: PostgresAddress): ClientConfig {
  return {
    ...config,
    application_name: "taskscope",
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: {
      // Numbers are far below 2⁵³, and JSON stays a text.
      getTypeParser: (oid, format) =>
        oid === INT8 ? Number : oid === JSON_TEXT ? String : pg.types.getTypeParser(oid, format),
    },
  };
}

/** A connection on which statements are sent without waiting for the results of earlier ones. */
export class Connection {
  readonly #client: Client;
  #isLost = false;
  /** Called when the connection is lost although no statement waits for a result. */
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
   * @param connectMs how long that may take, in milliseconds
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

  /** The number of the server's process, as the server, or a pooler, told it on connecting. */
  get processId(): number {
    return this.#client.processID ?? 0;
  }

  /** Runs a statement. */
  query(query: string | QueryConfig): Promise<QueryResult> {
    const config = typeof query === "string" ? { text: query } : query;
    return this.#client.query({ query_timeout: STATEMENT_MS, ...config });
  }

  /**
   * Runs a query, and passes each row to a function as soon as it is there, so that they are never in memory together.
   *
   * @param text the query
   * @param onRow the function
   * @param silenceMs how long the server may send no row, before the connection is cut, in milliseconds
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
        // The rows after an error are on their way, and cannot be refused.
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

  /** Closes the connection at once. */
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
