/**
 * The clock of a node.
 *
 * @module
 */

/** The readings of both clocks of a node at the same moment, in milliseconds. */
export interface Moment {
  /** The time of the monotonic clock, which is never set, but which stops while the machine is suspended. */
  readonly monotonicMs: number;
  /** The time of the wall clock, which continues while the machine is suspended, but which may be set. */
  readonly wallMs: number;
}

/** The clock of a node. */
export interface ClusterClock {
  /** Returns the current time. */
  now(): Moment;
  /**
   * Calls a function once, after a delay.
   *
   * @param delayMs the delay by the monotonic clock, in milliseconds
   * @param run the function; must not throw
   * @returns cancels the call
   */
  after(delayMs: number, run: () => void): () => void;
}
