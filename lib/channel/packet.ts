/**
 * The packets that the two ends of a link exchange.
 *
 * @module
 */

/** One packet of a link: a batch of messages, an acknowledgement, or both. */
export interface Packet {
  /**
   * The sender's transmission number, which starts at 1 and is incremented with every packet, including
   * resent ones.
   */
  readonly transmission: number;
  /** The number of the first message in `messages`; 0 if there are none. */
  readonly first: number;
  readonly messages: readonly string[];
  /** The number of the next message that the sender expects. */
  readonly next: number;
  /** The highest `transmission` that the sender has received. */
  readonly seen: number;
  /** The first message numbers of the batches that the sender holds beyond a gap. */
  readonly held: readonly number[];
}
