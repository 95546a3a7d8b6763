/**
 * A simulated world: its time, its chance, and what is still to happen.
 *
 * @module
 */

interface Occurrence {
  /** When it happens, in milliseconds; no two at the same time, so that a schedule is determined by its seed. */
  readonly atMs: number;
  readonly run: () => void;
}

/** What keeps two occurrences of the same time apart, in milliseconds. */
const EPSILON_MS = 1e-8;

/** A world, in which time passes only from one occurrence to the next. */
export class World {
  nowMs = 0;
  /** The first promise that was broken; `null` if none was. */
  violation: string | null = null;
  /** What has happened, if it is recorded. */
  readonly trace: string[] | null;
  readonly #heap: Occurrence[] = [];
  #state: number;
  #count = 0;

  /**
   * @param seed determines all chance
   * @param isTraced whether to record what happens
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

  /** Lets something happen at a time; returns a function that cancels it. */
  at(atMs: number, run: () => void): () => void {
    let isCancelled = false;
    this.#push({ atMs: atMs + ++this.#count * EPSILON_MS, run: () => isCancelled || run() });
    return () => void (isCancelled = true);
  }

  /** Lets the next thing happen. If there is none until a time, it becomes that time, and the result is `false`. */
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

  /** Records what happens; the text is made only if it is read. */
  log(text: () => string): void {
    this.trace?.push(`${(this.nowMs / 1000).toFixed(3)} ${text()}`);
  }

  /** Records that a promise was broken; the world ends. */
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
