/**
 * A simulated stream of changes from a node to a watcher.
 *
 * @module
 */

import type { ClusterClock } from "../../../lib/cluster/cluster_clock.ts";
import type { ChangeDatabase } from "../../../lib/cluster/cluster_database.ts";
import { Follower } from "../../../lib/cluster/follower.ts";
import type { Change } from "./ledger.ts";
import type { SimAuthority } from "./sim_authority.ts";

/** A message to a watcher. */
export interface FeedMessage {
  readonly epoch: string;
  /** Whether the watcher must forget what it has seen, because its cursor is of another epoch. */
  readonly isReset: boolean;
  readonly changes: readonly Change[];
  /** The cursor after the changes. */
  readonly seq: number;
}

/** The interval between two regular pulls, in milliseconds. */
const POLL_MS = 1_000;

/** A stream of the changes of a shard, from the memory of its owner or by a follower. */
export class SimFeed {
  readonly shard: number;
  readonly #database: ChangeDatabase<Change>;
  readonly #clock: ClusterClock;
  readonly #send: (message: FeedMessage) => void;
  #epoch: string;
  #seq: number;
  #follower: Follower<Change> | null = null;

  constructor(
    shard: number,
    cursor: { readonly epoch: string; readonly seq: number },
    database: ChangeDatabase<Change>,
    clock: ClusterClock,
    send: (message: FeedMessage) => void,
  ) {
    this.shard = shard;
    this.#epoch = cursor.epoch;
    this.#seq = cursor.seq;
    this.#database = database;
    this.#clock = clock;
    this.#send = send;
  }

  /** Whether a follower feeds the watcher. */
  get isFollowing(): boolean {
    return this.#follower !== null;
  }

  /** Feeds the watcher from the memory of the owner: at first with what it has missed. */
  lead(authority: SimAuthority): void {
    const { epoch } = authority.owned.grant;
    if (epoch !== this.#epoch) this.#reset(epoch);
    const missed = [...authority.committed.values()].filter(({ seq }) => seq > this.#seq);
    this.publish(missed.sort((a, b) => a.seq - b.seq), authority.seq);
  }

  /** Feeds the watcher from the database. */
  follow(): void {
    this.#follower = new Follower<Change>({
      database: this.#database,
      clock: this.#clock,
      shard: this.shard,
      epoch: this.#epoch,
      seq: this.#seq,
      pollMs: POLL_MS,
      onChanges: ({ changes, seq }) => this.publish(changes, seq),
      onReset: (epoch) => {
        this.#reset(epoch);
        this.follow();
      },
    });
    this.#follower.wake();
  }

  /** Sends committed changes, after which the cursor is as given. */
  publish(changes: readonly Change[], seq: number): void {
    // A cursor may be ahead of the owner: a follower has seen a commit whose result the owner still waits for.
    const missed = changes.filter((change) => change.seq > this.#seq);
    this.#seq = Math.max(this.#seq, seq);
    this.#send({ epoch: this.#epoch, isReset: false, changes: missed, seq: this.#seq });
  }

  /** Tells the follower that there are changes up to a sequence number. */
  hint(seq: number): void {
    this.#follower?.wake(seq);
  }

  close(): void {
    this.#follower?.stop();
  }

  #reset(epoch: string): void {
    this.#epoch = epoch;
    this.#seq = 0;
    this.#send({ epoch, isReset: true, changes: [], seq: 0 });
  }
}
