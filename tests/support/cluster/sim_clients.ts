/**
 * Simulated clients of a cluster, which report, read and watch.
 *
 * @module
 */

import type { Change } from "./ledger.ts";
import type { FeedMessage } from "./sim_feed.ts";
import type { SimCluster, SimNode } from "./sim_node.ts";

/** How long a reporter waits for an answer, in milliseconds. */
const ANSWER_MS = 2_500;

/** A world with clients. */
export interface SimClients extends SimCluster {
  /** Returns a random node of those that clients believe to run. */
  anyNode(): SimNode;
  /** The time after which nothing new is reported, read or watched, in milliseconds. */
  readonly quietAtMs: number;
}

/** Reports about a record, one report after another, and each until it is acknowledged. */
export class SimReporter {
  readonly #cluster: SimClients;
  readonly shard: number;
  readonly key: string;
  #report = 1;
  #attempt = 0;

  constructor(cluster: SimClients, shard: number, key: string) {
    this.#cluster = cluster;
    this.shard = shard;
    this.key = key;
    this.#later();
  }

  /** Whether the last report of this reporter is acknowledged. */
  get isDone(): boolean {
    return this.#cluster.ledger.acknowledgedOf(this.key) === this.#report - 1;
  }

  #later(): void {
    const { world, quietAtMs } = this.#cluster;
    if (world.nowMs < quietAtMs) world.at(world.nowMs + world.between(50, 4_000), () => this.#send());
  }

  #send(): void {
    const { world, network } = this.#cluster;
    const report = this.#report;
    const attempt = ++this.#attempt;
    const node = this.#cluster.anyNode();
    network.send(
      node.machine,
      "peers",
      () =>
        node.machine.run(() =>
          node.report(
            { shard: this.shard, key: this.key, report },
            false,
            (answer) =>
              network.send(node.machine, "peers", () => {
                if (answer !== "busy") {
                  this.#answered(report, attempt, answer);
                }
              }),
          )
        ),
    );
    world.at(world.nowMs + ANSWER_MS, () => {
      if (attempt === this.#attempt) this.#send();
    });
  }

  #answered(
    report: number,
    attempt: number,
    answer: { readonly done: number } | { readonly due: number },
  ): void {
    const { ledger } = this.#cluster;
    if (report !== this.#report) return;
    if ("done" in answer) {
      this.#attempt++;
      ledger.acknowledged(this.shard, this.key, report);
      this.#report = report + 1;
      this.#later();
      return;
    }
    if (attempt !== this.#attempt) return;
    ledger.wanted(this.key, answer.due);
    this.#report = Math.min(report, answer.due);
    this.#send();
  }
}

/**
 * Reads a record again and again, and expects each read to return at least what was acknowledged before it.
 */
export class SimReader {
  constructor(cluster: SimClients, shard: number, key: string) {
    const { world, network, ledger, quietAtMs } = cluster;
    const read = () => {
      if (world.nowMs > quietAtMs) return;
      world.at(world.nowMs + world.between(200, 5_000), read);
      const acknowledged = ledger.acknowledgedOf(key);
      const node = cluster.anyNode();
      network.send(node.machine, "peers", () =>
        node.machine.run(() =>
          node.read(shard, key, (record) => {
            ledger.read(key, record?.report ?? 0, acknowledged);
            if (record !== undefined) ledger.shown(record);
          })
        ));
    };
    read();
  }
}

/** Watches a shard, reconnects to another node now and then, and resumes with its cursor. */
export class SimWatcher {
  readonly #cluster: SimClients;
  readonly #shard: number;
  /** The newest change of each record that the watcher has received. */
  readonly #seen: Map<string, Change> = new Map();
  #epoch = "";
  #seq = 0;
  #connection = 0;
  #node: SimNode | null = null;
  #close: (() => void) | null = null;

  constructor(cluster: SimClients, shard: number) {
    this.#cluster = cluster;
    this.#shard = shard;
    this.#connect();
  }

  /** The node to which the watcher is connected. */
  get node(): SimNode | null {
    return this.#node;
  }

  /** Whether the watcher has received the newest change of every record. */
  get isComplete(): boolean {
    const { ledger, database } = this.#cluster;
    const { records } = ledger.shards[this.#shard]!;
    return this.#epoch === database.epoch &&
      [...records.values()].every(({ key, seq }) => this.#seen.get(key)?.seq === seq);
  }

  /** Connects again, soon, because the connection is lost. */
  reconnect(): void {
    const { world } = this.#cluster;
    const connection = ++this.#connection;
    this.#node?.machine.run(this.#close ?? (() => {}));
    this.#node = this.#close = null;
    world.at(world.nowMs + world.between(10, 1_000), () => {
      if (connection === this.#connection) this.#connect();
    });
  }

  #connect(): void {
    const { world, network, quietAtMs } = this.#cluster;
    const connection = ++this.#connection;
    const node = this.#node = this.#cluster.anyNode();
    // A connection delivers messages in order, and loses none before it ends.
    let arrivalMs = 0;
    const send = (message: FeedMessage) => {
      arrivalMs = Math.max(arrivalMs, world.nowMs + network.delayMs());
      world.at(arrivalMs, () => {
        if (connection === this.#connection) this.#receive(message);
      });
    };
    world.at(world.nowMs + network.delayMs(), () =>
      node.machine.run(() => {
        if (connection !== this.#connection) return;
        this.#close = node.watch(this.#shard, { epoch: this.#epoch, seq: this.#seq }, send);
      }));
    const lifeMs = world.between(500, 15_000);
    const isLast = world.nowMs + lifeMs > quietAtMs && node.machine.isRunning;
    if (isLast) return;
    world.at(world.nowMs + lifeMs, () => {
      if (connection === this.#connection) this.reconnect();
    });
  }

  #receive({ epoch, isReset, changes, seq }: FeedMessage): void {
    const { world, ledger, database } = this.#cluster;
    if (isReset) {
      this.#epoch = epoch;
      this.#seq = 0;
      this.#seen.clear();
      return;
    }
    for (const change of changes) {
      ledger.shown(change);
      if (change.seq <= this.#seq) world.fail(`a watcher at ${this.#seq} got change ${change.seq}`);
      if (change.report < (this.#seen.get(change.key)?.report ?? 0)) {
        world.fail(`a watcher saw ${change.key} go back to ${change.report}`);
      }
      this.#seq = change.seq;
      this.#seen.set(change.key, change);
    }
    if (seq < this.#seq) world.fail(`the cursor of a watcher went back to ${seq}`);
    this.#seq = seq;
    if (epoch === database.epoch) {
      ledger.complete(
        this.#shard,
        seq,
        new Map(Array.from(this.#seen, ([key, change]) => [key, change.seq])),
      );
    }
  }
}
