/** Declares the parts of the package `pg` that this program uses. */

export interface QueryResult {
  readonly command: string;
  readonly rowCount: number | null;
  // deno-lint-ignore no-explicit-any -- the types of the columns depend on the query
  readonly rows: any[];
}

export interface QueryConfig {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
  readonly rowMode?: "array";
  /** In milliseconds. */
  readonly query_timeout?: number;
}

export interface ClientConfig {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
  readonly password?: string;
  readonly ssl?: false | Readonly<Record<string, unknown>>;
  readonly sslnegotiation?: "postgres" | "direct";
  readonly application_name?: string;
  readonly connectionTimeoutMillis?: number;
  readonly query_timeout?: number;
  readonly keepAlive?: boolean;
  readonly pipeline?: boolean;
  readonly types?: { getTypeParser(oid: number, format?: string): (text: string) => unknown };
}

export interface PoolConfig extends ClientConfig {
  readonly max?: number;
  readonly idleTimeoutMillis?: number;
}

declare class Client {
  constructor(config: ClientConfig);
  readonly processID: number | null;
  connect(): Promise<unknown>;
  query(query: string | QueryConfig): Promise<QueryResult>;
  query(query: Query): Query;
  end(): Promise<void>;
  on(event: "error" | "end", listener: (error: Error) => void): this;
  on(event: "notification", listener: (notification: { readonly payload?: string }) => void): this;
  readonly connection: { readonly stream: { destroy(error?: Error): void } };
}

declare class Pool {
  constructor(config: PoolConfig);
  query(query: string | QueryConfig): Promise<QueryResult>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): this;
}

/**
 * A query that emits an event for each row. Without a listener for these events, or with a time limit, all rows are
 * kept in memory until the end.
 */
declare class Query {
  constructor(config: QueryConfig);
  on(event: "row", listener: (row: readonly unknown[]) => void): this;
  on(event: "end", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
}

declare const pg: {
  readonly Client: typeof Client;
  readonly Pool: typeof Pool;
  readonly Query: typeof Query;
  readonly types: { getTypeParser(oid: number, format?: string): (text: string) => unknown };
};
export type { Client, Pool };
export default pg;
