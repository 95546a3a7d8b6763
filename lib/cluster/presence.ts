/**
 * Decides which nodes of a cluster have ended.
 *
 * @module
 */

/**
 * Decides by heartbeats which nodes have ended. After an outage of the database, or of this node, the others get a whole
 * lease to send heartbeats again.
 */
export class Presence {
  readonly #leaseMs: number;
  /** When the current series of heartbeats began, none of which failed or was late; `null` if the last one failed. */
  #steadySince: number | null = null;
  #lastAt = 0;
  /** The nodes that ran tasks as of the last heartbeat. */
  #running: ReadonlySet<string> = new Set();

  /** @param leaseMs how long a node is present after a heartbeat, in milliseconds */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /**
   * Returns which of the nodes that run tasks have ended. Call this after each heartbeat of this node.
   *
   * @param present the ids of the nodes that are present; `null` if the heartbeat failed
   * @param running the ids of the nodes that run tasks
   * @param at the time, in milliseconds of a monotonic clock
   */
  ended(present: readonly string[] | null, running: ReadonlySet<string>, at: number): readonly string[] {
    // The answer to this heartbeat may be older than the first heartbeat of a node that is new among them.
    const before = this.#running;
    this.#running = running;
    if (present === null) {
      this.#steadySince = null;
      return [];
    }
    if (this.#steadySince === null || at - this.#lastAt > this.#leaseMs) this.#steadySince = at;
    this.#lastAt = at;
    if (at - this.#steadySince < this.#leaseMs) return [];
    return [...running].filter((node) => before.has(node) && !present.includes(node));
  }
}
