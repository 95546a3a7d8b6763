/**
 * Records what was acknowledged, committed and sent to watchers, and detects violated guarantees.
 *
 * @module
 */

import type { World } from "./world.ts";

/** A change of a record, and the record after it. */
export interface Change {
  /** The record. */
  readonly key: string;
  readonly seq: number;
  /** The number of the last report that was applied. */
  readonly report: number;
  /** How many reports were applied. */
  readonly applied: number;
}

/** A shard's part of the ledger. */
interface ShardLedger {
  /** Every committed change, ordered as committed. */
  readonly history: Change[];
  /** The newest committed change of each record. */
  readonly records: Map<string, Change>;
}

/**
 * How long reads may return less than was acknowledged after a failover that has lost commits, in
 * milliseconds.
 */
const AFTER_LOSS_MS = 20_000;

/** The ledger of a simulated cluster. */
export class Ledger {
  readonly #world: World;
  readonly #acknowledged: Map<string, number> = new Map();
  readonly #used: Set<string> = new Set();
  readonly #everCommitted: Set<string> = new Set();
  readonly shards: readonly ShardLedger[];
  #lossAtMs = -Infinity;

  /**
   * @param world the world
   * @param shards the number of shards
   */
  constructor(world: World, shards: number) {
    this.#world = world;
    this.shards = Array.from({ length: shards }, () => ({ history: [], records: new Map() }));
  }

  /** Returns the number of the last acknowledged report about a record. */
  acknowledgedOf(key: string): number {
    return this.#acknowledged.get(key) ?? 0;
  }

  /** Records that a node has given a sequence number to a change. */
  numbered(epoch: string, shard: number, seq: number): void {
    const number = `${epoch} ${shard} ${seq}`;
    if (this.#used.has(number)) this.#world.fail(`sequence number ${number} was given twice`);
    this.#used.add(number);
  }

  /** Records that the database has committed changes. */
  committed(shard: number, changes: readonly Change[]): void {
    const { history, records } = this.shards[shard]!;
    for (const change of changes) {
      const last = history.at(-1);
      const { key, seq, report, applied } = change;
      if (last !== undefined && seq <= last.seq) {
        this.#world.fail(`shard ${shard} went back from change ${last.seq} to ${seq}`);
      }
      if (applied !== report) this.#world.fail(`${key} applied ${applied} of ${report} reports`);
      history.push(change);
      records.set(key, change);
      this.#everCommitted.add(textOf(change));
    }
  }

  /** Records that a reporter has received an acknowledgement. */
  acknowledged(shard: number, key: string, report: number): void {
    const stored = this.shards[shard]!.records.get(key)?.report ?? 0;
    if (stored < report && !this.#hasLost) {
      this.#world.fail(`report ${report} about ${key} was acknowledged, but ${stored} is stored`);
    }
    this.#acknowledged.set(key, Math.min(stored, report));
  }

  /** Records that a node requests a report again; that report must not be acknowledged yet. */
  wanted(key: string, report: number): void {
    if (report <= this.acknowledgedOf(key) && !this.#hasLost) {
      this.#world.fail(`report ${report} about ${key} is wanted again, but was acknowledged`);
    }
  }

  /**
   * Records the result of a read that began when reports up to the number `acknowledged` were acknowledged.
   */
  read(key: string, report: number, acknowledged: number): void {
    if (report < Math.min(acknowledged, this.acknowledgedOf(key)) && !this.#hasLost) {
      this.#world.fail(`a read of ${key} returned report ${report} after ${acknowledged} was acknowledged`);
    }
  }

  /** Records that a watcher has received a change. */
  shown(change: Change): void {
    if (!this.#everCommitted.has(textOf(change))) {
      this.#world.fail(`a watcher saw ${textOf(change)}, which is not committed`);
    }
  }

  /**
   * Records that a watcher has reached a cursor: it must have received the newest change of each record up to
   * there, unless a newer change, which it has yet to receive, replaces that one.
   *
   * @param seen the newest sequence number of each record that the watcher has received
   */
  complete(shard: number, cursor: number, seen: ReadonlyMap<string, number>): void {
    const { history, records } = this.shards[shard]!;
    for (const [key, { seq: newest }] of records) {
      if (newest > cursor) continue;
      if (seen.get(key) !== newest) {
        this.#world.fail(`a watcher at ${cursor} of shard ${shard} has missed change ${newest} of ${key}`);
      }
    }
    const last = history.at(-1)?.seq ?? 0;
    if (cursor > last) this.#world.fail(`a watcher is at ${cursor} of shard ${shard}, which is at ${last}`);
  }

  /** Records that a failover has lost all changes of each shard after the given number of them. */
  lost(lengths: readonly number[]): void {
    this.#lossAtMs = this.#world.nowMs;
    for (const [shard, length] of lengths.entries()) {
      const { history, records } = this.shards[shard]!;
      history.length = length;
      records.clear();
      for (const change of history) records.set(change.key, change);
    }
    const records = new Map(this.shards.flatMap((shard) => [...shard.records]));
    for (const [key, report] of this.#acknowledged) {
      this.#acknowledged.set(key, Math.min(report, records.get(key)?.report ?? 0));
    }
  }

  /** Whether commits were lost so recently that nodes may not know it yet. */
  get #hasLost(): boolean {
    return this.#world.nowMs < this.#lossAtMs + AFTER_LOSS_MS;
  }
}

function textOf({ key, seq, report }: Change): string {
  return `${key} ${seq} ${report}`;
}
