/**
 * The receiving half of a link: restores the order of batches and tracks gaps, without timers or a transport.
 *
 * @module
 */

import type { Packet } from "./packet.ts";

/** Reorders received batches and delivers their messages. */
export class Inbox {
  readonly #maxHeld: number;
  // Received batches by the number of their first message. The peer's window limits the number of these
  // batches.
  readonly #held = new Map<number, readonly string[]>();
  // The number of restarts, by which a delivery notices that its receiver has restarted the inbox, and stops.
  #run = 0;
  #next = 1;
  #seen = 0;
  #lost = 0;
  #delivering = false;

  /**
   * @param maxHeld the maximum number of batches to keep beyond a gap; further batches are dropped, and the
   * peer resends them
   */
  constructor(maxHeld: number) {
    this.#maxHeld = maxHeld;
  }

  /** The number of the next expected message. */
  get next(): number {
    return this.#next;
  }

  /** The highest transmission number received since the last restart; 0 if no packet was received. */
  get seen(): number {
    return this.#seen;
  }

  /** The first message numbers of the batches that are kept beyond a gap. */
  get held(): readonly number[] {
    return [...this.#held.keys()];
  }

  /** The number of packets that were lost, according to their transmission numbers. */
  get lost(): number {
    return this.#lost;
  }

  /** Resets the inbox for a new peer, whose next message has the number `next`. */
  restart(next: number): void {
    this.stop();
    this.#next = next;
    this.#seen = 0;
  }

  /** Drops the batches that are kept beyond a gap, and ends a delivery that is in progress. */
  stop(): void {
    this.#run++;
    this.#held.clear();
  }

  /** Records a packet, and keeps its messages if they are new. */
  accept({ transmission, first, messages }: Packet): void {
    if (this.#seen > 0 && transmission > this.#seen) this.#lost += transmission - this.#seen - 1;
    this.#seen = Math.max(this.#seen, transmission);
    if (messages.length === 0 || this.#held.has(first)) return;
    if (first <= this.#next || this.#held.size < this.#maxHeld) this.#held.set(first, messages);
  }

  /**
   * Delivers the messages that are next in order. A nested call from within the callback returns at once, and
   * the outer call continues.
   *
   * @param deliver called with each message
   * @param onError called with errors that the `deliver` callback throws; the delivery continues
   */
  deliver(deliver: (message: string) => void, onError: (error: unknown) => void): void {
    if (this.#delivering) return;
    this.#delivering = true;
    let run = this.#run;
    for (let batch = this.#takeReady(); batch !== undefined; batch = this.#takeReady()) {
      for (const message of batch) {
        // The number is incremented before the delivery, because the receiver may restart this inbox.
        this.#next++;
        try {
          deliver(message);
        } catch (error) {
          onError(error);
        }
        if (run !== this.#run) break;
      }
      run = this.#run;
    }
    this.#delivering = false;
  }

  #takeReady(): readonly string[] | undefined {
    for (const [first, messages] of this.#held) {
      if (first > this.#next) continue;
      this.#held.delete(first);
      // Skips the messages of a batch that were already delivered, possibly all of them.
      return messages.slice(this.#next - first);
    }
    return undefined;
  }
}
