/**
 * Decides for how long the owner of a shard may answer reads from its own memory.
 *
 * @module
 */

import type { ClusterClock, Moment } from "./cluster_clock.ts";

/**
 * The lease of a shard, as its owner measures it: from the time at which the owner sent the renewal, which is earlier
 * than the time from which the database measures it. The lease ends as soon as one of the two clocks says so, because
 * the monotonic clock stops while the machine is suspended, and the wall clock may be set.
 *
 * A valid lease permits reads from memory. A lease does not permit commits, which are fenced.
 */
export class Lease {
  readonly #clock: ClusterClock;
  readonly #validMs: number;
  #renewedAt: Moment;

  /**
   * @param clock the clock of the node
   * @param validMs how long a renewal is valid, in milliseconds; less than the lease in the database
   * @param sentAt when the request that took the shard was sent
   */
  constructor(clock: ClusterClock, validMs: number, sentAt: Moment) {
    this.#clock = clock;
    this.#validMs = validMs;
    this.#renewedAt = sentAt;
  }

  /** Whether no other node can have taken the shard yet. */
  get isValid(): boolean {
    const { monotonicMs, wallMs } = this.#clock.now();
    const passedMs = wallMs - this.#renewedAt.wallMs;
    // After the wall clock was set back, it no longer shows how much time has passed.
    return monotonicMs - this.#renewedAt.monotonicMs < this.#validMs && passedMs >= 0 &&
      passedMs < this.#validMs;
  }

  /** Records that the database has granted a renewal which was sent at the given moment. */
  renewed(sentAt: Moment): void {
    if (sentAt.monotonicMs >= this.#renewedAt.monotonicMs) this.#renewedAt = sentAt;
  }
}
