/**
 * The sending half of a link: queues messages, cuts them into batches and keeps them until they are
 * acknowledged, without timers or a transport.
 *
 * @module
 */

import { LimitError } from "../errors.ts";
import type { LinkLimits } from "./link_limits.ts";

/** Messages that are sent in one packet. */
export interface SentBatch {
  /** The number of the first message; the others follow without a gap. */
  readonly first: number;
  readonly messages: readonly string[];
  readonly length: number;
  /** The transmission number of the last packet that carried the batch; 0 before its first transmission. */
  transmission: number;
  /** Whether the peer has received the batch, but is waiting for an earlier one. */
  held: boolean;
}

// A batch that is not full is sent only while fewer than this many are in flight: on an idle link a message
// is sent at once, and under load batches fill up. The number is 2 because the arrival of the second batch
// reveals the loss of the first batch.
const EAGER_BATCHES = 2;

/** Keeps messages in order, numbered from 1, until the peer has acknowledged them. */
export class Outbox {
  readonly #limits: LinkLimits;
  readonly #unacknowledged: SentBatch[] = [];
  #queue: string[] = [];
  // The index of the first queued message. An index is kept because shifting an array of 100,000 entries one
  // by one would take quadratic time.
  #head = 0;
  #queuedLength = 0;
  #sentLength = 0;
  #nextNumber = 1;
  #oldest = 1;

  /** @param limits the limits, already validated */
  constructor(limits: LinkLimits) {
    this.#limits = limits;
  }

  /** The number of unacknowledged messages. */
  get backlog(): number {
    return this.#nextNumber - this.#oldest;
  }

  /** The number of characters of all unacknowledged messages. */
  get length(): number {
    return this.#queuedLength + this.#sentLength;
  }

  /** The number of the oldest unacknowledged message. */
  get oldest(): number {
    return this.#oldest;
  }

  /**
   * The number of the first message that has not been added to any batch. No peer can have acknowledged this
   * message or a later one.
   */
  get firstUnsent(): number {
    return this.#nextNumber - (this.#queue.length - this.#head);
  }

  /** The batches in flight, oldest first. */
  get unacknowledged(): readonly SentBatch[] {
    return this.#unacknowledged;
  }

  /**
   * Queues a message.
   *
   * @param message the message to send
   * @returns the number of the message
   * @throws {LimitError} if the outbox is full; the message was not queued
   */
  push(message: string): number {
    const { maxQueuedMessages, maxQueuedLength } = this.#limits;
    if (this.backlog >= maxQueuedMessages) {
      throw new LimitError(
        "maxQueuedMessages",
        `Cannot queue message: at most ${maxQueuedMessages} messages may be unacknowledged`,
      );
    }
    if (this.backlog > 0 && this.length + message.length > maxQueuedLength) {
      throw new LimitError(
        "maxQueuedLength",
        `Cannot queue message: at most ${maxQueuedLength} characters may be unacknowledged`,
      );
    }
    this.#queue.push(message);
    this.#queuedLength += message.length;
    return this.#nextNumber++;
  }

  /**
   * Removes the next batch from the queue; returns `undefined` if the queue is empty or the window is full.
   */
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
   * Records an acknowledgement.
   *
   * @param next the number of the next message that the peer expects; at most {@linkcode Outbox.firstUnsent}
   * @param held the first message numbers of batches that the peer holds beyond a gap
   * @returns whether the peer now expects a later message than before
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

  /**
   * Returns the lost batches: the batches that were transmitted before the packet `seen`, but are still
   * missing at the peer.
   */
  lostBefore(seen: number): readonly SentBatch[] {
    return this.#unacknowledged.filter((batch) => batch.transmission < seen && !batch.held);
  }

  /** Drops all unacknowledged messages, whose numbers are not reused. */
  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#queuedLength = 0;
    this.#sentLength = 0;
    this.#unacknowledged.length = 0;
    this.#oldest = this.#nextNumber;
  }
}
