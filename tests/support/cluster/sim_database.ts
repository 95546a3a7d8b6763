/**
 * A simulated database with the transactions of leases, commits and changes.
 *
 * @module
 */

import {
  type Changes,
  type Fence,
  FenceError,
  type Grant,
  type Heartbeat,
  type ShardState,
  type Tenure,
} from "../../../lib/cluster/cluster_database.ts";
import type { Change, Ledger } from "./ledger.ts";
import type { World } from "./world.ts";

/** The parts of the protocol that a test can remove; the simulation must then detect a violation. */
export type Mutation =
  | "the owner and the term in the fence"
  | "the term in the fence"
  | "the number of commits in the fence"
  | "the owner in the fence"
  | "one pulled change"
  | "the end of the lease of an owner"
  | "the reserved numbers"
  | "the repetition of the same batch"
  | "the deduplication of reports"
  | "waiting for the commit"
  | "a steady clock of the database";

/** The row of a shard. */
interface Row {
  term: number;
  owner: string | null;
  commits: number;
  seq: number;
  reservedSeq: number;
  expiresMs: number;
  committedMs: number;
}

/** How many numbers an owner reserves, and how many changes are returned at a time. */
const BLOCK = 100_000;
const PAGE = 2;

/** How long a commit locks a row, in milliseconds. */
const LOCKED_MS = 30;

/** A database. Every method is one transaction. */
export class SimDatabase {
  /** Whether the database accepts connections. */
  isDown = false;
  /** Called after each commit with the payload of the notification. */
  onNotify: ((shard: number, seq: number) => void) | null = null;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #leaseMs: number;
  readonly #without: Mutation | null;
  #rows: Row[];
  #nodes: Map<string, number> = new Map();
  #timeline = 1;
  #offsetMs = 0;

  constructor(world: World, ledger: Ledger, leaseMs: number, without: Mutation | null) {
    this.#world = world;
    this.#ledger = ledger;
    this.#leaseMs = leaseMs;
    this.#without = without;
    this.#rows = ledger.shards.map(() => ({
      term: 0,
      owner: null,
      commits: 0,
      seq: 0,
      reservedSeq: 0,
      expiresMs: -Infinity,
      committedMs: -Infinity,
    }));
    if (without !== "a steady clock of the database") return;
    world.at(world.between(5_000, 20_000), () => this.#offsetMs = 2 * leaseMs);
  }

  /** The time by the clock of the database, in milliseconds. */
  get #nowMs(): number {
    return this.#world.nowMs + this.#offsetMs;
  }

  get epoch(): string {
    return `t${this.#timeline}`;
  }

  /** The state of every shard. */
  get shards(): readonly ShardState[] {
    return this.#rows.map((_, shard) => this.shardState(shard));
  }

  shardState(shard: number): ShardState {
    const { term, owner, commits, expiresMs } = this.#rows[shard]!;
    const isFree = expiresMs < this.#nowMs;
    return { shard, term, owner, commits, epoch: this.epoch, isFree };
  }

  heartbeat(node: string, held: readonly Tenure[]): Heartbeat {
    const nowMs = this.#nowMs;
    this.#nodes.set(node, nowMs + this.#leaseMs);
    const renewed = held.filter(({ shard, term }) => {
      const row = this.#rows[shard]!;
      // A commit, which renews the lease itself, may have locked the row.
      const isLocked = nowMs < row.committedMs + LOCKED_MS;
      if (row.owner !== node || row.term !== term || isLocked) return false;
      row.expiresMs = nowMs + this.#leaseMs;
      return true;
    });
    const nodes = [...this.#nodes].filter(([, expiresMs]) => expiresMs >= nowMs).map(([id]) => id).sort();
    return { shards: this.shards, renewed, nodes };
  }

  take(node: string, shards: readonly number[]): Grant[] {
    return shards.flatMap((shard) => {
      const row = this.#rows[shard]!;
      if (row.owner !== node && row.expiresMs >= this.#nowMs) return [];
      const seq = this.#without === "the reserved numbers" ? row.seq : row.reservedSeq;
      row.term++;
      row.owner = node;
      row.expiresMs = this.#nowMs + this.#leaseMs;
      row.reservedSeq = seq + BLOCK;
      const { term, commits, reservedSeq } = row;
      this.#world.log(() => `${node} takes shard ${shard}: term ${term}, commits ${commits}`);
      return [{ shard, term, commits, epoch: this.epoch, seq, reservedSeq }];
    });
  }

  release(node: string, held: readonly Tenure[]): void {
    for (const { shard, term } of held) {
      const row = this.#rows[shard]!;
      if (row.owner !== node || row.term !== term) continue;
      this.#world.log(() => `${node} frees shard ${shard}`);
      row.owner = null;
      row.expiresMs = -Infinity;
      this.onNotify?.(shard, 0);
    }
  }

  leave(node: string): void {
    this.#nodes.delete(node);
  }

  commit(node: string, { shard, term, commits }: Fence, batch: readonly Change[]): void {
    const row = this.#rows[shard]!;
    const without = (...mutations: Mutation[]) => this.#without !== null && mutations.includes(this.#without);
    const both = "the owner and the term in the fence";
    if (row.owner !== node && !without("the owner in the fence", both)) throw new FenceError("another owner");
    if (row.term !== term && !without("the term in the fence", both)) throw new FenceError("another term");
    if (row.commits !== commits && !without("the number of commits in the fence")) {
      throw new FenceError("another commit");
    }
    row.commits++;
    row.committedMs = this.#nowMs;
    row.expiresMs = this.#nowMs + this.#leaseMs;
    row.seq = batch.at(-1)?.seq ?? row.seq;
    this.#world.log(() =>
      `${node} commits ${row.commits} of shard ${shard} in term ${term}: ${JSON.stringify(batch)}`
    );
    this.#ledger.committed(shard, batch);
    this.onNotify?.(shard, row.seq);
  }

  changes(shard: number, afterSeq: number): Changes<Change> {
    const all = [...this.#ledger.shards[shard]!.records.values()].filter(({ seq }) => seq > afterSeq)
      .sort((a, b) => a.seq - b.seq);
    const hasMore = all.length > PAGE;
    const page = all.slice(0, PAGE);
    const seq = hasMore ? page.at(-1)!.seq : Math.max(afterSeq, this.#rows[shard]!.seq);
    return { epoch: this.epoch, changes: page, seq, hasMore };
  }

  /** Lets the lease of a shard expire. */
  expire(shard: number): void {
    Object.assign(this.#rows[shard]!, { expiresMs: -Infinity, committedMs: -Infinity });
  }

  /** Copies the present state, as a standby has it; returns a function that promotes this standby later. */
  copy(): () => void {
    const rows = this.#rows.map((row) => ({ ...row }));
    const nodes = new Map(this.#nodes);
    const lengths = this.#ledger.shards.map(({ history }) => history.length);
    const timeline = this.#timeline;
    return () => {
      // Another failover has happened in the meantime.
      if (timeline !== this.#timeline) return;
      this.#rows = rows;
      this.#nodes = nodes;
      this.#ledger.lost(lengths);
      this.promote();
    };
  }

  /** Replaces the primary by a standby that has every commit. */
  promote(): void {
    this.#timeline++;
    this.#world.log(() => `promoted: ${this.epoch}`);
  }
}
