/**
 * What the two ends of a link exchange.
 *
 * @module
 */

/** What one side of a link sends to the other. */
export interface Packet {
  /** One more with every packet of this side, repeats included; from 1. */
  readonly transmission: number;
  /** The number of the first of `messages`; 0 where there are none. */
  readonly first: number;
  readonly messages: readonly string[];
  /** The number of the first message that this side waits for. */
  readonly next: number;
  /** The highest `transmission` that this side has received. */
  readonly seen: number;
  /** The first numbers of the batches that this side keeps beyond a gap. */
  readonly held: readonly number[];
}
