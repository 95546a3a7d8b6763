/**
 * A simulated machine: its clocks, and whether its process runs.
 *
 * @module
 */

import type { ClusterClock, Moment } from "../../../lib/cluster/cluster_clock.ts";
import type { World } from "./world.ts";

/** The machine of a node. */
export class Machine implements ClusterClock {
  readonly world: World;
  /** Whether the process has not been killed. */
  isAlive = true;
  /** How far the wall clock of the machine is from the true time, in milliseconds. */
  wallOffsetMs = 0;
  #frozenUntilMs = 0;
  #suspendedMs = 0;

  /** @param world the world */
  constructor(world: World) {
    this.world = world;
  }

  /** Whether the process runs. */
  get isRunning(): boolean {
    return this.isAlive && this.world.nowMs >= this.#frozenUntilMs;
  }

  now(): Moment {
    const { nowMs } = this.world;
    return { monotonicMs: nowMs - this.#suspendedMs, wallMs: nowMs + this.wallOffsetMs };
  }

  after(delayMs: number, run: () => void): () => void {
    let isCancelled = false;
    const cancel = this.world.at(this.world.nowMs + delayMs, () => this.run(() => isCancelled || run()));
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  /** Runs a function in the process; a frozen process runs it when it wakes, a killed one never. */
  run(what: () => void): void {
    if (!this.isAlive) return;
    if (this.isRunning) what();
    else this.world.at(this.#frozenUntilMs, () => this.run(what));
  }

  /**
   * Freezes the process, as SIGSTOP does.
   *
   * @param isSuspended whether the whole machine is suspended, so that its monotonic clock stops, too
   */
  freeze(durationMs: number, isSuspended: boolean): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.world.nowMs + durationMs);
    if (isSuspended) this.#suspendedMs += durationMs;
  }
}
