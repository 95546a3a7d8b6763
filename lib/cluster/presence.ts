/**
 * Detects from missing heartbeats which nodes of a cluster are gone.
 *
 * @module
 */

/**
 * Detects from missing heartbeats which nodes are gone. After an outage of the database, or of this node, the other
 * nodes have a whole lease to resume their heartbeats before they count as gone.
 */
export class Presence {
  readonly #leaseMs: number;
  /**
   * When the current series of this node's heartbeats began, in which none failed or was late; `null` if the last one
   * failed.
   */
  #steadySince: number | null = null;
  #lastAt = 0;
  /** The nodes that ran tasks at the time of the last heartbeat. */
  #running: ReadonlySet<string> = new Set();

  /** @param leaseMs how long a node counts as present after its heartbeat, in milliseconds */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /**
   * Returns which of the nodes that run tasks are gone. Call this after each heartbeat of this node.
   *
   * @param present the ids of the nodes that are present; `null` if the heartbeat failed
   * @param running the ids of the nodes that run tasks
   * @param at the time, in milliseconds of a monotonic clock
   */
  ended(present: readonly string[] | null, running: ReadonlySet<string>, at: number): readonly string[] {
    // A node that has just begun to run tasks may have sent its first heartbeat after the database gave this answer, so
    // it counts only from the next heartbeat on.
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
