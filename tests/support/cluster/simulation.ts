/**
 * Simulates a cluster under faults that a seed determines, and checks the guarantees of the cluster.
 *
 * @module
 */

import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { SimReader, SimReporter, SimWatcher } from "./sim_clients.ts";
import { type Mutation, SimDatabase } from "./sim_database.ts";
import { type SimCluster, SimNode, TIMES } from "./sim_node.ts";
import { World } from "./world.ts";

const SHARDS = 3;
const NODES = 3;
/** How long faults happen, and how long the cluster then has to recover, in milliseconds. */
const FAULTS_MS = 30_000;
const RECOVERY_MS = 25_000;
const END_MS = FAULTS_MS + RECOVERY_MS;
/** The longest duration of a fault; more than twice a lease. */
const LONGEST_MS = 22_000;

const CALM = { loss: 0, slow: 0 };
const STORM = { loss: 0.05, slow: 0.05 };

/** How long a process has to end by itself, in milliseconds. */
const STOP_MS = 4_000;

/** The share of notifications that are lost without a fault. */
const LOST_HINTS = 0.1;

/**
 * The faults. Of a node: its process is paused for a while, its machine is suspended, it is killed or shut
 * down and then replaced, it is cut off from the database or from everything, its wall clock is set. Of the
 * database: it crashes, or a standby is promoted that has all commits, or that lacks the last ones.
 */
type Fault =
  | ("freeze" | "suspend" | "kill" | "stop" | "cut off" | "isolate" | "set clock")
  | ("crash" | "promote" | "promote late");
const FAULTS: readonly Fault[] = [
  ...[
    "freeze",
    "freeze",
    "suspend",
    "kill",
    "kill",
    "stop",
    "cut off",
    "cut off",
    "isolate",
    "set clock",
  ] as const,
  ...["crash", "promote", "promote late"] as const,
];

/** Options of a {@linkcode Simulation}. */
export interface SimulationOptions {
  /** The part of the protocol that is removed; `null` by default. */
  readonly without?: Mutation | null;
  /** Whether to record what happens; `false` by default. */
  readonly isTraced?: boolean;
  /** Whether there are no faults but those that a test causes; `false` by default. */
  readonly isCalm?: boolean;
}

/** A simulation. */
export class Simulation implements SimCluster {
  readonly world: World;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly database: SimDatabase;
  readonly without: Mutation | null;
  readonly nodes: Map<string, SimNode> = new Map();
  readonly quietAtMs = FAULTS_MS + RECOVERY_MS / 2;
  /** The nodes that should run. */
  readonly #slots: SimNode[];
  readonly #reporters: SimReporter[] = [];
  readonly #watchers: SimWatcher[] = [];

  /**
   * @param seed determines the schedule
   * @param options what to simulate
   */
  constructor(seed: number, { without = null, isTraced = false, isCalm = false }: SimulationOptions = {}) {
    const world = this.world = new World(seed, isTraced);
    this.without = without;
    this.ledger = new Ledger(world, SHARDS);
    const isStormy = world.random() < 0.5 && !isCalm;
    this.network = new Network(world, isStormy ? STORM : CALM);
    this.database = new SimDatabase(world, this.ledger, TIMES.leaseMs, without);
    this.database.onNotify = (shard, seq) => this.#notify(shard, seq);
    this.#slots = Array.from({ length: NODES }, (_, slot) => new SimNode(this, `n${slot}`));
    for (let shard = 0; shard < SHARDS; shard++) {
      // Some shards have more records than a page of changes.
      for (let record = 0; record <= (shard % 2) * 2; record++) {
        const key = `${shard}-${record}`;
        this.#reporters.push(new SimReporter(this, shard, key));
        if (record === 0) new SimReader(this, shard, key);
      }
      this.#watchers.push(new SimWatcher(this, shard));
    }
    const faults = isCalm ? 0 : 1 + Math.floor(world.random() * 5);
    for (let fault = 0; fault < faults; fault++) {
      world.at(world.between(1_000, FAULTS_MS - 1_000), () => {
        const durationMs = Math.min(world.between(500, LONGEST_MS), FAULTS_MS - world.nowMs);
        this.strike(world.pick(FAULTS), Math.floor(world.random() * NODES), durationMs);
      });
    }
    world.at(FAULTS_MS, () => this.network.weather = CALM);
  }

  anyNode(): SimNode {
    return this.world.pick(this.#slots);
  }

  /** Runs the next event; returns `false` at the given time, or at the end. */
  step(untilMs = Infinity): boolean {
    if (this.world.step(Math.min(untilMs, END_MS))) return true;
    if (untilMs >= END_MS && this.world.violation === null) this.#checkEnd();
    return false;
  }

  /** Returns the shards that the process in a slot serves. */
  servedBy(slot: number): readonly number[] {
    const { machine, served } = this.#slots[slot]!;
    return machine.isAlive ? served : [];
  }

  /**
   * Causes a fault.
   *
   * @param fault what happens
   * @param slot the slot of the affected node, for faults of nodes
   * @param durationMs how long it lasts, in milliseconds
   */
  strike(fault: Fault, slot: number, durationMs: number): void {
    const { world, network, database } = this;
    const { machine, id, node } = this.#slots[slot]!;
    world.log(() => `${fault} ${id} for ${durationMs.toFixed()} ms`);
    if (fault === "freeze" || fault === "suspend") machine.freeze(durationMs, fault === "suspend");
    else if (fault === "cut off") network.cut(machine, "database", durationMs);
    else if (fault === "isolate") network.cut(machine, "peers", durationMs);
    else if (fault === "set clock") {
      machine.wallOffsetMs += world.pick([-3_600_000, -5_000, 5_000, 3_600_000]);
    } else if (fault === "kill") this.#replace(slot, 0, Math.max(5_000, durationMs / 2));
    else if (fault === "stop") {
      machine.run(() => void node.stop());
      this.#replace(slot, STOP_MS, STOP_MS);
    } else if (fault === "promote late") {
      // The standby lags behind by up to some seconds.
      const failover = database.copy();
      world.at(world.nowMs + world.between(10, 3_000), () => this.#failover(failover, durationMs / 5));
    } else if (fault === "promote") this.#failover(() => database.promote(), durationMs / 5);
    else this.#failover(() => {}, durationMs / 3);
  }

  /** Ends a process after a time, and starts another one in its place. */
  #replace(slot: number, endMs: number, startMs: number): void {
    const { world } = this;
    const old = this.#slots[slot]!;
    world.at(world.nowMs + endMs, () => {
      old.machine.isAlive = false;
      for (const watcher of this.#watchers) if (watcher.node === old) watcher.reconnect();
    });
    world.at(world.nowMs + startMs, () => {
      if (this.#slots[slot] === old) this.#slots[slot] = new SimNode(this, `${old.id}'`);
    });
  }

  #failover(change: () => void, durationMs: number): void {
    const { world, database } = this;
    database.isDown = true;
    world.at(world.nowMs + durationMs, () => {
      change();
      database.isDown = false;
    });
  }

  #notify(shard: number, seq: number): void {
    for (const node of this.#slots) {
      if (this.world.random() < LOST_HINTS) continue;
      this.network.send(node.machine, "database", () => node.machine.run(() => node.notify(shard, seq)));
    }
  }

  /** Checks what must hold after all faults have ended. */
  #checkEnd(): void {
    const { world } = this;
    for (const { key, isDone } of this.#reporters) {
      if (!isDone) world.fail(`a report about ${key} is not done`);
    }
    for (const watcher of this.#watchers) {
      if (!watcher.isComplete) world.fail(`a watcher of ${watcher.node?.id} is not complete`);
    }
    const counts = this.#slots.map(({ served }) => served.length);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total !== SHARDS || Math.max(...counts) - Math.min(...counts) > 1) {
      world.fail(`the nodes own ${counts.join(", ")} of ${SHARDS} shards`);
    }
  }
}
