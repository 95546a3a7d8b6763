/**
 * A simulated process of a cluster: the code of `lib/cluster/` with a small registry.
 *
 * @module
 */

import type { Changes } from "../../../lib/cluster/cluster_database.ts";
import { ClusterNode, type LeaseTimes } from "../../../lib/cluster/cluster_node.ts";
import type { OwnedShard } from "../../../lib/cluster/owned_shard.ts";
import type { Change, Ledger } from "./ledger.ts";
import { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import { type Answer, SimAuthority } from "./sim_authority.ts";
import type { Mutation, SimDatabase } from "./sim_database.ts";
import { type FeedMessage, SimFeed } from "./sim_feed.ts";
import { SimLink } from "./sim_link.ts";
import type { World } from "./world.ts";

/** The times of SCALE.md: lease, renewal, margin. */
export const TIMES: LeaseTimes = { leaseMs: 10_000, renewMs: 3_000, marginMs: 2_000 };

/** How long a report waits for an owner, and for the answer of another node, in milliseconds. */
const HOLD_MS = 5_000;
const PEER_MS = 2_000;

/** The wait before a node tries again to load a shard, or to find its owner, in milliseconds. */
const RETRY_MS = 300;

/** What all nodes of a simulated cluster share. */
export interface SimCluster {
  readonly world: World;
  readonly network: Network;
  readonly database: SimDatabase;
  readonly ledger: Ledger;
  readonly without: Mutation | null;
  /** Every node that was ever started, by id. */
  readonly nodes: Map<string, SimNode>;
}

/** A report on its way. */
export interface SimReport {
  readonly shard: number;
  readonly key: string;
  readonly report: number;
}

/** A process. */
export class SimNode {
  readonly id: string;
  readonly machine: Machine;
  readonly node: ClusterNode<readonly Change[]>;
  readonly #cluster: SimCluster;
  readonly #link: SimLink;
  /** The authorities that are loaded. */
  readonly #authorities: Map<number, SimAuthority> = new Map();
  readonly #feeds: Set<SimFeed> = new Set();

  constructor(cluster: SimCluster, id: string) {
    this.id = id;
    this.#cluster = cluster;
    this.machine = new Machine(cluster.world);
    this.#link = new SimLink(id, this.machine, cluster.network, cluster.database);
    cluster.nodes.set(id, this);
    this.node = new ClusterNode({
      node: id,
      database: this.#link,
      clock: this.machine,
      times: TIMES,
      onTaken: (owned) => void this.#load(owned),
      onLost: (owned, reason) => this.#lost(owned, reason),
      onHandOver: (owned) => this.#authorities.get(owned.grant.shard)?.end() ?? Promise.resolve(),
    });
    this.node.wake();
  }

  /** The shards that the node owns and has loaded. */
  get served(): readonly number[] {
    return [...this.#authorities.keys()];
  }

  /** Receives a report from a reporter, or from another node. */
  report(report: SimReport, isForwarded: boolean, answer: (answer: Answer) => void): void {
    this.#route(report, isForwarded, answer, this.#cluster.world.nowMs + HOLD_MS);
  }

  /** Receives a request to read a record. */
  read(shard: number, key: string, answer: (record: Change | undefined) => void): void {
    const authority = this.#serving(shard);
    if (authority !== undefined) return answer(authority.committed.get(key));
    this.#readAll(shard).then((records) => answer(records.find((record) => record.key === key)), () => {});
  }

  /** Receives a request to watch a shard from a cursor. */
  watch(
    shard: number,
    cursor: { readonly epoch: string; readonly seq: number },
    send: (message: FeedMessage) => void,
  ): () => void {
    const feed = new SimFeed(
      shard,
      cursor,
      { changes: (...args) => this.#pull(...args) },
      this.machine,
      send,
    );
    this.#feeds.add(feed);
    const authority = this.#serving(shard);
    if (authority === undefined) feed.follow();
    else feed.lead(authority);
    return () => {
      feed.close();
      this.#feeds.delete(feed);
    };
  }

  /** Receives a notification of the database. */
  notify(shard: number, seq: number): void {
    if (seq === 0) this.node.wake();
    for (const feed of this.#feeds) if (feed.shard === shard) feed.hint(seq);
  }

  /** Returns the authority of a shard if this node may answer from its memory. */
  #serving(shard: number): SimAuthority | undefined {
    const authority = this.#authorities.get(shard);
    if (authority === undefined) return undefined;
    const isServing = authority.owned.isServing ||
      this.#cluster.without === "the end of the lease of an owner";
    return isServing ? authority : undefined;
  }

  #route(report: SimReport, isForwarded: boolean, answer: (answer: Answer) => void, untilMs: number): void {
    const { shard, key, report: number } = report;
    // Refusing a report needs a valid lease, too: a deposed owner may refuse a report that its successor
    // accepts.
    const authority = this.#serving(shard);
    if (authority !== undefined) return authority.report(key, number, answer);
    const owner = this.node.lastHeartbeat?.shards[shard]?.owner ?? null;
    if (!isForwarded && owner !== null && owner !== this.id) return this.#forward(report, owner, answer);
    if (this.#cluster.world.nowMs > untilMs) return answer("busy");
    this.machine.after(RETRY_MS, () => this.#route(report, isForwarded, answer, untilMs));
  }

  #forward(report: SimReport, owner: string, answer: (answer: Answer) => void): void {
    const { network, nodes } = this.#cluster;
    const peer = nodes.get(owner)!;
    const cancel = this.machine.after(PEER_MS, () => answer("busy"));
    network.send(
      this.machine,
      "peers",
      () =>
        peer.machine.run(() =>
          peer.report(
            report,
            true,
            (result) =>
              network.send(peer.machine, "peers", () =>
                this.machine.run(() => {
                  cancel();
                  answer(result);
                })),
          )
        ),
    );
  }

  /**
   * Loads a shard that this node has taken, page by page. The pages are consistent, because no earlier owner
   * can commit any more.
   */
  async #load(owned: OwnedShard<readonly Change[]>): Promise<void> {
    const { shard } = owned.grant;
    while (this.node.owned.get(shard) === owned) {
      try {
        const records = await this.#readAll(shard);
        if (this.node.owned.get(shard) !== owned) return;
        this.#serve(owned, records);
        return;
      } catch {
        await new Promise<void>((resolve) => void this.machine.after(RETRY_MS, resolve));
      }
    }
  }

  #serve(owned: OwnedShard<readonly Change[]>, records: readonly Change[]): void {
    const { ledger, without } = this.#cluster;
    const { shard } = owned.grant;
    const authority = new SimAuthority(owned, records, this.machine, ledger, without);
    this.#authorities.set(shard, authority);
    authority.onCommit = (changes) => {
      for (const feed of this.#feeds) {
        if (feed.shard === shard && !feed.isFollowing) feed.publish(changes, changes.at(-1)!.seq);
      }
    };
  }

  #lost(owned: OwnedShard<readonly Change[]>, reason: string): void {
    const { shard } = owned.grant;
    this.#cluster.world.log(() => `${this.id} has lost shard ${shard}: ${reason}`);
    const authority = this.#authorities.get(shard);
    if (authority?.owned !== owned) return;
    this.#authorities.delete(shard);
    authority.drop();
    for (const feed of this.#feeds) if (feed.shard === shard && !feed.isFollowing) feed.follow();
  }

  /** Pulls changes for a follower. */
  async #pull(shard: number, afterSeq: number): Promise<Changes<Change>> {
    const pulled = await this.#link.changes(shard, afterSeq);
    const { world, without } = this.#cluster;
    const isOneLost = without === "one pulled change" && world.random() < 0.05;
    return isOneLost ? { ...pulled, changes: pulled.changes.slice(1) } : pulled;
  }

  async #readAll(shard: number): Promise<Change[]> {
    const records: Change[] = [];
    let seq = 0;
    for (;;) {
      const page = await this.#link.changes(shard, seq);
      records.push(...page.changes);
      if (!page.hasMore) return records;
      ({ seq } = page);
    }
  }
}
