/**
 * The clock of a node.
 *
 * @module
 */

/** A moment, as both clocks of a node show it, in milliseconds. */
export interface Moment {
  /** By the monotonic clock, which nobody sets, but which stops while the machine is suspended. */
  readonly monotonicMs: number;
  /** By the wall clock, which goes on while the machine is suspended, but which may be set. */
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
