/**
 * Simulates a network that drops, duplicates, delays and reorders packets in virtual time.
 *
 * @module
 */

import type { LinkTimers } from "../../lib/channel/link.ts";

interface Appointment {
  readonly at: number;
  readonly callback: () => void;
}

/** A virtual clock whose time jumps from one timer to the next. */
export class VirtualClock implements LinkTimers {
  readonly #appointments = new Map<number, Appointment>();
  #newestId = 0;
  /** The virtual time since the clock was created, in milliseconds. */
  now = 0;

  /** The number of pending timers. */
  get pending(): number {
    return this.#appointments.size;
  }

  set(callback: () => void, delayMs: number): number {
    this.#appointments.set(++this.#newestId, { at: this.now + delayMs, callback });
    return this.#newestId;
  }

  clear(timer: unknown): void {
    this.#appointments.delete(timer as number);
  }

  /** Runs timers and microtasks until `until` returns true, no timer is left, or the deadline has passed. */
  async run(until: () => boolean = () => false, deadlineMs = Infinity): Promise<void> {
    await Promise.resolve();
    while (!until() && this.#appointments.size > 0) {
      let due: [number, Appointment] | undefined;
      for (const entry of this.#appointments) if (due === undefined || entry[1].at < due[1].at) due = entry;
      if (due![1].at > deadlineMs) break;
      this.#appointments.delete(due![0]);
      this.now = Math.max(this.now, due![1].at);
      due![1].callback();
      await Promise.resolve();
    }
  }
}

/** The probabilities of faults, and the delay of packets. */
export interface WireFaults {
  /** The probability that a packet is dropped, from 0 to 1. */
  readonly dropRate: number;
  /** The probability that a packet is duplicated, from 0 to 1. */
  readonly duplicateRate: number;
  /** The upper bound of the random delay of each packet, in milliseconds; the delays reorder packets. */
  readonly maxDelayMs: number;
  readonly seed: number;
}

/** A wire that carries packets in one direction. */
export class SimulatedWire<T> {
  readonly #clock: VirtualClock;
  readonly #faults: WireFaults;
  readonly #random: () => number;
  /** Called with each packet that arrives. */
  receive: (packet: T) => void = () => {};
  /** All packets sent so far, including those that were dropped. */
  readonly transmitted: T[] = [];

  constructor(clock: VirtualClock, faults: Partial<WireFaults> = {}) {
    this.#clock = clock;
    this.#faults = { dropRate: 0, duplicateRate: 0, maxDelayMs: 0, seed: 1, ...faults };
    this.#random = randomNumbers(this.#faults.seed);
  }

  transmit(packet: T): void {
    this.transmitted.push(packet);
    if (this.#random() < this.#faults.dropRate) return;
    const copies = this.#random() < this.#faults.duplicateRate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#clock.set(() => this.receive(packet), Math.floor(this.#random() * this.#faults.maxDelayMs));
    }
  }
}

/** Returns a generator of pseudo-random numbers from 0 to 1 (mulberry32); the same seed yields the same numbers. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
