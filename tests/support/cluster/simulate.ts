/**
 * Runs many simulations of clusters.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { Simulation, type SimulationOptions } from "./simulation.ts";

/**
 * The number of simulations that run at the same time, one step of each per turn of the event loop: a turn
 * costs more than the steps in it.
 */
const WORLDS = 16;

/** A seed whose simulation has violated a guarantee. */
export interface Failure {
  readonly seed: number;
  /** When the guarantee was violated, and how. */
  readonly violation: string;
}

/** Runs simulations until one fails; returns `null` if none does. */
export async function simulate(
  seeds: Iterable<number>,
  options: SimulationOptions = {},
): Promise<Failure | null> {
  const waiting = seeds[Symbol.iterator]();
  const running: { readonly seed: number; readonly simulation: Simulation }[] = [];
  const add = () => {
    const { value: seed, done } = waiting.next();
    if (!done) running.push({ seed, simulation: new Simulation(seed, options) });
  };
  for (let world = 0; world < WORLDS; world++) add();
  while (running.length > 0) {
    for (let index = running.length - 1; index >= 0; index--) {
      const { seed, simulation } = running[index]!;
      if (simulation.step()) continue;
      const { violation } = simulation.world;
      if (violation !== null) return { seed, violation };
      running.splice(index, 1);
      add();
    }
    await turn();
  }
  return null;
}

/** Runs a simulation up to a time, or to its end. */
export async function play(simulation: Simulation, untilMs = Infinity): Promise<void> {
  while (simulation.step(untilMs)) await turn();
}

/** Waits for a turn of the event loop, in which all code that awaits a settled promise continues. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
