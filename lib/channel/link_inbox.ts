/**
 * What one side of a link has received: what misses, what came too early, what is next. Pure: no timers, no transport.
 *
 * @module
 */

import type { Packet } from "./packet.ts";

/** Puts batches back in order. */
export class Inbox {
  readonly #maxHeld: number;
  // Batches by the number of their first message. A peer never has more on its way than its window holds.
  readonly #held = new Map<number, readonly string[]>();
  // One more with every restart, so that a delivery that led to a restart does not go on afterwards.
  #run = 0;
  #next = 1;
  #seen = 0;
  #lost = 0;
  #delivering = false;

  /** @param maxHeld the most batches that are kept beyond a gap; more are left to be repeated */
  constructor(maxHeld: number) {
    this.#maxHeld = maxHeld;
  }

  /** The number of the first message that misses. */
  get next(): number {
    return this.#next;
  }

  /** The highest transmission that arrived; 0 where none did since the restart. */
  get seen(): number {
    return this.#seen;
  }

  /** The first numbers of the batches that are kept beyond a gap. */
  get held(): readonly number[] {
    return [...this.#held.keys()];
  }

  /** How many packets were lost on the way, as far as their numbers tell. */
  get lost(): number {
    return this.#lost;
  }

  /** Begins anew with a peer whose next message is `next`. */
  restart(next: number): void {
    this.stop();
    this.#next = next;
    this.#seen = 0;
  }

  /** Forgets what came too early, and ends a delivery that is under way. */
  stop(): void {
    this.#run++;
    this.#held.clear();
  }

  /** Takes note of a packet, and keeps what it brings if that is new. */
  accept({ transmission, first, messages }: Packet): void {
    if (this.#seen > 0 && transmission > this.#seen) this.#lost += transmission - this.#seen - 1;
    this.#seen = Math.max(this.#seen, transmission);
    if (messages.length === 0 || this.#held.has(first)) return;
    if (first <= this.#next || this.#held.size < this.#maxHeld) this.#held.set(first, messages);
  }

  /**
   * Delivers what is next, in order. A call from within `deliver` leaves it to the outer one.
   *
   * @param deliver takes one message
   * @param onError told what `deliver` threw; the next message follows all the same
   */
  deliver(deliver: (message: string) => void, onError: (error: unknown) => void): void {
    if (this.#delivering) return;
    this.#delivering = true;
    let run = this.#run;
    for (let batch = this.#takeReady(); batch !== undefined; batch = this.#takeReady()) {
      for (const message of batch) {
        // Counted before it is delivered: what the receiver does may restart this inbox.
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
      // Without what has been delivered already; nothing may be left.
      return messages.slice(this.#next - first);
    }
    return undefined;
  }
}
