/**
 * A wire that loses, doubles, delays and reorders, on a clock of its own, so that hours of it run in no time.
 *
 * @module
 */

import type { LinkTimers } from "../../lib/channel/link.ts";

interface Appointment {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that runs as fast as what happens on it. */
export class VirtualClock implements LinkTimers {
  readonly #appointments = new Map<number, Appointment>();
  #newestId = 0;
  /** Milliseconds since the clock was made. */
  now = 0;

  /** How many timers are set. */
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

  /** Runs what is due, microtasks in between included, until `until` holds, nothing is left, or the time is over. */
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

/** What happens to a packet. */
export interface WireFaults {
  /** From 0 to 1. */
  readonly dropRate: number;
  /** From 0 to 1. */
  readonly duplicateRate: number;
  /** Each packet takes up to this long, on its own: they overtake each other. */
  readonly maxDelayMs: number;
  readonly seed: number;
}

/** Carries packets in one direction. */
export class SimulatedWire<T> {
  readonly #clock: VirtualClock;
  readonly #faults: WireFaults;
  readonly #random: () => number;
  /** Takes what arrives. */
  receive: (packet: T) => void = () => {};
  /** Everything that was put on the wire. */
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

/** Numbers from 0 to 1 that repeat with the seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
