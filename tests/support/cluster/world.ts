/**
 * The frame of a simulation: its clock, its random numbers, and its scheduled events.
 *
 * @module
 */

interface Occurrence {
  /**
   * The time of the event, in milliseconds; no two events have the same time, so that the seed determines
   * their order.
   */
  readonly atMs: number;
  readonly run: () => void;
}

/** The delay by which an event is postponed if another one has the same time, in milliseconds. */
const EPSILON_MS = 1e-8;

/** A world whose clock advances only from one event to the next. */
export class World {
  nowMs = 0;
  /** The first violation of a guarantee; `null` if there was none. */
  violation: string | null = null;
  /** The trace of the events, if it is recorded. */
  readonly trace: string[] | null;
  readonly #heap: Occurrence[] = [];
  #state: number;
  #count = 0;

  /**
   * @param seed determines all random numbers
   * @param isTraced whether to record a trace
   */
  constructor(seed: number, isTraced: boolean) {
    this.#state = Math.imul(seed + 1, 0x9e37_79b9) >>> 0;
    this.trace = isTraced ? [] : null;
  }

  /** Returns a random number from 0, below 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns a random number between two bounds. */
  between(from: number, to: number): number {
    return from + (to - from) * this.random();
  }

  /** Returns a random element. */
  pick<Element>(elements: readonly Element[]): Element {
    return elements[Math.floor(this.random() * elements.length)]!;
  }

  /** Schedules an event; returns a function that cancels it. */
  at(atMs: number, run: () => void): () => void {
    let isCancelled = false;
    this.#push({ atMs: atMs + ++this.#count * EPSILON_MS, run: () => isCancelled || run() });
    return () => void (isCancelled = true);
  }

  /**
   * Runs the next event. If there is none until `untilMs`, advances the clock to that time and returns
   * `false`.
   */
  step(untilMs: number): boolean {
    const next = this.#heap[0];
    if (this.violation !== null) return false;
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = untilMs;
      return false;
    }
    this.#pop();
    this.nowMs = next.atMs;
    next.run();
    return true;
  }

  /** Adds a line to the trace; its text is created only if the trace is recorded. */
  log(text: () => string): void {
    this.trace?.push(`${(this.nowMs / 1000).toFixed(3)} ${text()}`);
  }

  /** Records that a guarantee was violated, which ends the simulation. */
  fail(violation: string): void {
    this.violation ??= `${(this.nowMs / 1000).toFixed(3)} s: ${violation}`;
    this.log(() => `VIOLATION ${violation}`);
  }

  #push(item: Occurrence): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (item.atMs >= heap[parent]!.atMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const item = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child++;
      if (heap[child]!.atMs >= item.atMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  }
}
