/**
 * A node of a cluster that runs in the process of the test, as in a program that embeds it.
 *
 * @module
 */

// @ts-types="../../../lib/store/postgres/pg.d.ts"
import type { QueryResult } from "pg";
import { type Monitor, type MonitorOptions, openMonitor } from "../../../lib/mod.ts";
import { freePort } from "../free_port.ts";
import type { PostgresCluster } from "../postgres_cluster.ts";
import { TcpProxy } from "../tcp_proxy.ts";
import { eventually } from "../until.ts";

/** The lease of an {@linkcode EmbeddedNode}, in milliseconds. */
export const LEASE_MS = 1_000;

/** A certificate and its private key, as PEM. */
type Tls = Readonly<Record<"cert" | "key", string>>;

/** A node that serves requests; disposal closes it. */
export class EmbeddedNode implements AsyncDisposable {
  readonly monitor: Monitor;
  readonly url: string;
  /** The proxies between the node and its database, and between the other nodes and this node. */
  readonly database: TcpProxy;
  readonly peers: TcpProxy;
  readonly #server: Deno.HttpServer;
  #isOpen = true;

  private constructor(monitor: Monitor, port: number, database: TcpProxy, peers: TcpProxy, tls: Tls | null) {
    this.monitor = monitor;
    this.url = `${tls === null ? "http" : "https"}://127.0.0.1:${port}`;
    this.database = database;
    this.peers = peers;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {}, ...tls }, monitor.fetch);
  }

  /**
   * Opens a node.
   *
   * @param cluster the database
   * @param options options of its monitor that differ from the usual ones of a test
   * @param tls the certificate of the node; `null` if it serves HTTP
   */
  static async open(
    cluster: PostgresCluster,
    options: MonitorOptions = {},
    tls: Tls | null = null,
  ): Promise<EmbeddedNode> {
    const port = freePort();
    const data = new URL(cluster.url);
    const database = new TcpProxy(Number(data.port));
    const peers = new TcpProxy(port);
    data.port = new URL(database.url).port;
    const monitor = await openMonitor({
      channel: `node-${port}`,
      onNotice: () => {},
      onError: () => {},
      ...options,
      data: data.href,
      advertise: tls === null ? peers.url : peers.url.replace("http:", "https:"),
      limits: { leaseMs: LEASE_MS, leaveMs: 100, ...options.limits },
    });
    return new EmbeddedNode(monitor, port, database, peers, tls);
  }

  /** Opens several nodes, one after the other, so that the first one owns all tasks at first. */
  static async openAll(
    cluster: PostgresCluster,
    all: readonly MonitorOptions[] = [{}, {}, {}],
  ): Promise<EmbeddedNode[]> {
    const nodes: EmbeddedNode[] = [];
    for (const options of all) nodes.push(await EmbeddedNode.open(cluster, options));
    return nodes;
  }

  /** Waits until one of some nodes owns the tasks of a client, and returns it. */
  static async owner(
    cluster: PostgresCluster,
    nodes: readonly EmbeddedNode[],
    client = "default",
  ): Promise<EmbeddedNode> {
    const text = "SELECT address FROM taskscope.cluster_shards s JOIN taskscope.nodes n ON n.id = s.owner " +
      "WHERE s.expires > clock_timestamp() AND s.id = taskscope.shard_of($1)";
    const owner = (rows: QueryResult["rows"]) => nodes.find(({ peers }) => peers.url === rows[0]?.address);
    return owner(await eventually(() => cluster.query(text, [client]), (rows) => owner(rows) !== undefined))!;
  }

  /** Cuts the node off from the database and from the other nodes, as if it had died with its machine. */
  isolate(): void {
    this.database.blackhole();
    this.peers.refuse();
  }

  /** Ends {@linkcode EmbeddedNode.isolate}. */
  async rejoin(): Promise<void> {
    await this.database.restore();
    this.database.cut();
    await this.peers.restore();
  }

  /** Shuts the node down gracefully. */
  async shutdown(graceMs?: number): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.monitor.shutdown(graceMs === undefined ? {} : { graceMs });
    await this.#server.shutdown();
    await this.database[Symbol.asyncDispose]();
    await this.peers[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown(0);
  }
}
