/**
 * Observes how long the event loop of this isolate is blocked.
 *
 * @module
 */

import process from "node:process";

/**
 * Measures the longest time between two turns of the event loop. Time in which the machine ran other processes does
 * not count.
 */
export class LoopWitness implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turnMs = performance.now();
  #cpuMs = cpuMs();
  #longestMs = 0;

  /** Begins to observe. */
  constructor() {
    this.#turn();
  }

  /** Returns the longest blockade since the last call, in milliseconds. */
  take(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #turn(): void {
    const [turnMs, used] = [performance.now(), cpuMs()];
    this.#longestMs = Math.max(this.#longestMs, Math.min(turnMs - this.#turnMs, used - this.#cpuMs));
    [this.#turnMs, this.#cpuMs] = [turnMs, used];
    this.#timer = setTimeout(() => this.#turn(), 0);
  }
}

/** Returns the processor time that this process has used, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
