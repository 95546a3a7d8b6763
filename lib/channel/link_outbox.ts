/**
 * What one side of a link has yet to bring across: messages in order, cut into batches, kept until they are
 * acknowledged. Pure: no timers, no transport.
 *
 * @module
 */

import { LimitError } from "../errors.ts";
import type { LinkLimits } from "./link_limits.ts";

/** Messages that travel together. */
export interface SentBatch {
  /** The number of the first message; the others follow without a gap. */
  readonly first: number;
  readonly messages: readonly string[];
  readonly length: number;
  /** When it was last transmitted, counted in packets of this side; 0 before the first time. */
  transmission: number;
  /** The peer has it, but waits for an earlier one. */
  held: boolean;
}

// A batch that is not full leaves only while fewer than this many are on their way: on an idle link the first message
// leaves at once, under load batches fill up by themselves. Two, because a second batch shows the loss of the first.
const EAGER_BATCHES = 2;

/** Messages in order, numbered from 1, until the peer has acknowledged them. */
export class Outbox {
  readonly #limits: LinkLimits;
  readonly #unacknowledged: SentBatch[] = [];
  #queue: string[] = [];
  // Where the queue really starts: shifting an array of 100,000 entries one by one would be quadratic.
  #head = 0;
  #queuedLength = 0;
  #sentLength = 0;
  #nextNumber = 1;
  #oldest = 1;

  /** @param limits the bounds; taken as they are */
  constructor(limits: LinkLimits) {
    this.#limits = limits;
  }

  /** How many messages are not acknowledged. */
  get backlog(): number {
    return this.#nextNumber - this.#oldest;
  }

  /** The number of the oldest message that is not acknowledged. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The number of the first message that was never put into a batch: no peer can have acknowledged more. */
  get firstUnsent(): number {
    return this.#nextNumber - (this.#queue.length - this.#head);
  }

  /** The batches on their way, oldest first. */
  get unacknowledged(): readonly SentBatch[] {
    return this.#unacknowledged;
  }

  /**
   * Takes a message.
   *
   * @param message what to bring across
   * @returns its number
   * @throws {LimitError} where the outbox is full; nothing was taken
   */
  push(message: string): number {
    const { maxQueuedMessages, maxQueuedLength } = this.#limits;
    if (this.backlog >= maxQueuedMessages) {
      throw new LimitError(
        "maxQueuedMessages",
        `Cannot queue message: wanted at most ${maxQueuedMessages} unacknowledged messages`,
      );
    }
    if (this.backlog > 0 && this.#queuedLength + this.#sentLength + message.length > maxQueuedLength) {
      throw new LimitError(
        "maxQueuedLength",
        `Cannot queue message: wanted at most ${maxQueuedLength} unacknowledged characters`,
      );
    }
    this.#queue.push(message);
    this.#queuedLength += message.length;
    return this.#nextNumber++;
  }

  /** Cuts the next batch off the queue, where the window lets one go. */
  nextBatch(): SentBatch | undefined {
    const { maxBatchMessages, maxBatchLength, windowBatches } = this.#limits;
    const waiting = this.#queue.length - this.#head;
    if (waiting === 0 || this.#unacknowledged.length >= windowBatches) return undefined;
    const full = waiting >= maxBatchMessages || this.#queuedLength >= maxBatchLength;
    if (!full && this.#unacknowledged.length >= EAGER_BATCHES) return undefined;
    let length = this.#queue[this.#head]!.length;
    let end = this.#head + 1;
    while (end < this.#queue.length && end - this.#head < maxBatchMessages) {
      const more = this.#queue[end]!.length;
      if (length + more > maxBatchLength) break;
      length += more;
      end++;
    }
    const messages = this.#queue.slice(this.#head, end);
    const batch = { first: this.firstUnsent, messages, length, transmission: 0, held: false };
    this.#head = end;
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#queuedLength -= length;
    this.#sentLength += length;
    this.#unacknowledged.push(batch);
    return batch;
  }

  /**
   * Takes note of what the peer has.
   *
   * @param next the number of the first message that the peer waits for; not above {@linkcode Outbox.firstUnsent}
   * @param held the first numbers of batches that the peer has beyond a gap
   * @returns whether the peer got further
   */
  acknowledge(next: number, held: readonly number[]): boolean {
    const advanced = next > this.#oldest;
    if (advanced) {
      this.#oldest = next;
      let done = 0;
      for (const batch of this.#unacknowledged) {
        if (batch.first + batch.messages.length > next) break;
        this.#sentLength -= batch.length;
        done++;
      }
      this.#unacknowledged.splice(0, done);
    }
    for (const batch of this.#unacknowledged) batch.held ||= held.includes(batch.first);
    return advanced;
  }

  /** The batches that were transmitted before `seen` and still miss at the peer: those are lost. */
  lostBefore(seen: number): readonly SentBatch[] {
    return this.#unacknowledged.filter((batch) => batch.transmission < seen && !batch.held);
  }

  /** Forgets everything that is not acknowledged. Its numbers are not used again. */
  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#queuedLength = 0;
    this.#sentLength = 0;
    this.#unacknowledged.length = 0;
    this.#oldest = this.#nextNumber;
  }
}
