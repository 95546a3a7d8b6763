/**
 * Measures what the estimate adds to an update.
 *
 * @module
 */

import { Estimator } from "../../../lib/registry/estimator.ts";
import { transition } from "../../../lib/task/transition.ts";
import { alternate, type Figure } from "../support/harness.ts";
import { CREATE, START } from "./judge.ts";

const UPDATES = 100_000;
/** The numbers of updates per second of a task. */
const RATES = [1_000, 20, 1];
const TASK_SECONDS = 60;

/** Measures updates with an estimate against updates without one, at several rates. */
export async function benchEtaCost(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const rate of RATES) {
    const pairs = await alternate(
      () => Promise.resolve(microseconds(rate, true)),
      () => Promise.resolve(microseconds(rate, false)),
    );
    const name = `update at ${rate.toLocaleString("en")}/s with an estimate vs without`;
    figures.push({ name, unit: "µs/update", ...pairs, target: null });
  }
  return figures;
}

/** Runs tasks whose pace increases, so that several forecasts compete. */
function microseconds(rate: number, isEstimated: boolean): number {
  const steps = rate * TASK_SECONDS;
  const start = performance.now();
  for (let count = 0; count < UPDATES; count += steps) {
    const estimator = new Estimator();
    let task = transition(undefined, "job", CREATE, START);
    let current = 0;
    for (let step = 1; step <= steps; step++) {
      current += step < steps / 3 ? 1 : 3;
      const update = { type: "update", current, total: 4 * steps } as const;
      task = transition(task, "job", update, START + step / rate);
      if (isEstimated) task = estimator.estimated(task);
    }
  }
  return (performance.now() - start) * 1_000 / (Math.ceil(UPDATES / steps) * steps);
}
