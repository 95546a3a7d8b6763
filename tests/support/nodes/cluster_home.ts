/**
 * Several nodes on one PostgreSQL database, behind a load balancer.
 *
 * @module
 */

import { PostgresCluster } from "../postgres_cluster.ts";
import { Balancer } from "./balancer.ts";
import { HealthChecks } from "./health_checks.ts";
import { Member } from "./member.ts";

/** Options of {@linkcode ClusterHome.start}. */
export interface ClusterHomeOptions {
  readonly nodes?: number;
  /** The length of a lease, in milliseconds. */
  readonly leaseMs?: number;
  /** How long a node that ends keeps accepting requests, in milliseconds. */
  readonly leaveMs?: number;
  /** Whether the connections to the database and between the nodes pass proxies. */
  readonly isProxied?: boolean;
  /** Whether the balancer learns by health checks which nodes to use; by default, it knows which ones run. */
  readonly checksHealth?: boolean;
  /** Further arguments of every node. */
  readonly args?: readonly string[];
  /** Environment variables of every node. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A database, its nodes and a balancer; disposal removes all of them. */
export class ClusterHome implements AsyncDisposable {
  #postgres: PostgresCluster;
  /** The servers of the database that were replaced. */
  readonly #formerly: PostgresCluster[] = [];
  readonly members: readonly Member[];
  readonly balancer: Balancer;
  #checks: HealthChecks | null = null;
  /** The client whose tasks {@linkcode ClusterHome.owner} is asked about. */
  client = "default";

  private constructor(
    { nodes = 3, leaseMs = 1_000, leaveMs = 300, isProxied = true, args = [] }: ClusterHomeOptions,
  ) {
    this.#postgres = PostgresCluster.start();
    this.balancer = new Balancer(() => this.#checks?.ports ?? this.up.map(({ port }) => port));
    this.members = Array.from({ length: nodes }, (_, index) => {
      return new Member({
        index,
        data: this.#postgres.url,
        isProxied,
        publicUrl: this.balancer.url,
        args: ["--limit", `leaseMs=${leaseMs}`, "--limit", `leaveMs=${leaveMs}`, ...args],
      });
    });
  }

  /** Starts everything, and waits until every node is ready. */
  static async start(options: ClusterHomeOptions = {}): Promise<ClusterHome> {
    const home = new ClusterHome(options);
    try {
      await Promise.all(home.members.map((member) => member.start(options.env)));
      if (options.checksHealth) home.#checks = new HealthChecks(home.members);
      return home;
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The server of the database. */
  get postgres(): PostgresCluster {
    return this.#postgres;
  }

  /** Lets another server take over behind the address of the database, which must be proxied. */
  moveTo(postgres: PostgresCluster): void {
    this.#formerly.push(this.#postgres);
    this.#postgres = postgres;
    for (const { database } of this.members) database!.cut(postgres.port);
  }

  /** The nodes that run and are not frozen. */
  get up(): readonly Member[] {
    return this.members.filter(({ isUp }) => isUp);
  }

  /** Waits until a node other than `before` owns the tasks of the client, and returns it; the database says which. */
  async owner(before: Member | null = null): Promise<Member> {
    const text = "SELECT address FROM taskscope.cluster_shards s JOIN taskscope.nodes n ON n.id = s.owner " +
      "WHERE s.expires > clock_timestamp() AND s.id = taskscope.shard_of($1)";
    for (const end = performance.now() + 60_000; performance.now() < end;) {
      const rows = await this.postgres.query(text, [this.client]);
      const owner = this.members.find(({ address }) => address === rows[0]?.address);
      if (owner !== undefined && owner !== before) return owner;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error("No node took the tasks over");
  }

  /** Waits until the nodes that are up share the shards evenly. */
  async shared(): Promise<void> {
    const text =
      "SELECT count(*) AS n FROM taskscope.cluster_shards WHERE expires > clock_timestamp() GROUP BY owner";
    const isShared = (counts: readonly number[]) =>
      counts.length === this.up.length && Math.max(...counts) - Math.min(...counts) <= 1;
    while (!isShared((await this.postgres.query(text)).map(({ n }) => Number(n)))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Returns a node that does not own the tasks of the client. */
  async follower(): Promise<Member> {
    const owner = await this.owner();
    return this.up.find((member) => member !== owner)!;
  }

  /** Waits until every node that is up says that it is ready. */
  async ready(): Promise<void> {
    await Promise.all(this.up.map((member) => member.ready()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#checks?.[Symbol.asyncDispose]();
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()));
    await this.balancer[Symbol.asyncDispose]();
    for (const postgres of [this.#postgres, ...this.#formerly]) postgres[Symbol.dispose]();
  }
}
