/**
 * Judges estimates of the end of a job against its true end.
 *
 * The error at a moment is the distance between the predicted and the true end, as a share of the duration;
 * the error on a curve is the mean over the moments from 5 to 95 % of the duration. The rules:
 *
 * - A moment counts as soon as one of the baselines has an estimate.
 * - A baseline without an estimate keeps its last one. Where Taskscope gives none, the error of the worse
 *   baseline counts, or that of the better one if the worse is off by more than the whole duration. So silence
 *   is never better than both, and one absurd moment does not decide a curve.
 * - No estimate points into the past: an end that has passed counts as now.
 * - A baseline can be read as of the last report or as of now; on each curve, the better reading counts.
 *
 * @module
 */

import { Estimator } from "../../../lib/registry/estimator.ts";
import type { CreateChange, Task } from "../../../lib/task/task.ts";
import { transition } from "../../../lib/task/transition.ts";
import { type Baseline, LinearFromStart, Tqdm } from "./baselines.ts";
import type { Curve, CurveReport } from "./curves.ts";

/** The errors on one curve, as shares of its duration. */
export interface Errors {
  readonly ours: number;
  readonly linear: number;
  readonly tqdm: number;
  /** The share of the moments at which Taskscope gave no estimate. */
  readonly silent: number;
  /** The share of the moments at which the true end was in the range that Taskscope gave. */
  readonly covered: number;
  /** The moments outside of pauses at which Taskscope called the task stalled, in seconds since the start. */
  readonly stalledAt: readonly number[];
}

const FROM = 0.05;
const TO = 0.95;
const MOMENTS = 361;
/** The start of every job, in epoch seconds. */
export const START = 1_700_000_000;
/** How narrow a range the record omits, as a share of the ETA: see `NARROW_SHARE` in the estimator. */
const NARROW = 0.1;

/** How every job is created. */
export const CREATE: CreateChange = {
  type: "create",
  name: "job",
  metadata: {},
  tags: [],
  parent_id: null,
  weight: 1,
  share: null,
  attempt: 1,
  retry_of: null,
  retryable: false,
  stale_after: null,
};

/** Runs a task through the real state machine and the real estimator. */
class Run {
  readonly #estimator = new Estimator();
  #task: Task;

  constructor() {
    this.#task = this.#estimator.estimated(transition(undefined, "job", CREATE, START));
    this.#task = this.#estimator.estimated(transition(this.#task, "job", { type: "start" }, START));
  }

  report({ at, update }: CurveReport): void {
    const change = { type: "update", ...update } as const;
    this.#task = this.#estimator.estimated(transition(this.#task, "job", change, START + at));
  }

  /** Returns the record at a time, after a sweep as the registry's. */
  look(at: number): Task {
    const estimate = this.#estimator.correction(this.#task, START + at);
    if (estimate !== null) this.#task = { ...this.#task, ...estimate };
    return this.#task;
  }
}

/** One reading of a baseline. */
class Reading {
  readonly #baseline: Baseline;
  readonly #isLive: boolean;
  #end: number | null = null;
  sum = 0;

  constructor(baseline: Baseline, isLive: boolean) {
    this.#baseline = baseline;
    this.#isLive = isLive;
  }

  report({ at, update }: CurveReport): void {
    const isCounted = update.current !== undefined;
    this.#baseline.report(at, isCounted ? update.current! : update.progress!, update.total ?? 100);
    this.#look(at);
  }

  /** Returns the predicted end; `null` if there was no estimate yet. */
  endAt(at: number): number | null {
    if (this.#isLive) this.#look(at);
    return this.#end;
  }

  #look(at: number): void {
    const left = this.#baseline.left(at);
    if (left !== null) this.#end = at + left;
  }
}

/** Returns the errors of Taskscope and of the baselines on a curve. */
export function judge(curve: Curve): Errors {
  const run = new Run();
  const linear = [false, true].map((isLive) => new Reading(new LinearFromStart(), isLive));
  const tqdm = [false, true].map((isLive) => new Reading(new Tqdm(), isLive));
  const readings = [...linear, ...tqdm];
  const stalledAt: number[] = [];
  let [next, count, sum, silent, covered] = [0, 0, 0, 0, 0];
  const errorOf = (end: number, at: number) => Math.abs(Math.max(end, at) - curve.end) / curve.end;
  for (let moment = 0; moment < MOMENTS; moment++) {
    const at = curve.end * (FROM + (TO - FROM) * moment / (MOMENTS - 1));
    for (let report = curve.reports[next]; report !== undefined && report.at <= at; next++) {
      // A stall would show just before the report that ends it.
      if (isStalled(run, curve, report.at)) stalledAt.push(report.at);
      run.report(report);
      for (const each of readings) each.report(report);
      report = curve.reports[next + 1];
    }
    const ends = readings.map((reading) => reading.endAt(at));
    if (ends.every((end) => end === null)) continue;
    count++;
    const errors = ends.map((end) => end === null ? 1 : errorOf(end, at));
    errors.forEach((error, index) => readings[index]!.sum += error);
    const errorsOf = (first: number) => Math.min(errors[first]!, errors[first + 1]!);
    const { eta, eta_low, eta_high, updated_at } = run.look(at);
    if (isStalled(run, curve, at)) stalledAt.push(at);
    if (eta === null) {
      silent++;
      const [worse, better] = [Math.max, Math.min].map((pick) => pick(errorsOf(0), errorsOf(2)));
      sum += Math.max(better!, Math.min(worse!, 1));
      continue;
    }
    const since = updated_at - START;
    sum += errorOf(since + eta, at);
    const isCovered = curve.end >= since + (eta_low ?? eta * (1 - NARROW)) &&
      curve.end <= since + (eta_high ?? eta * (1 + NARROW));
    if (isCovered) covered++;
  }
  const better = (pair: readonly Reading[]) => Math.min(...pair.map((reading) => reading.sum)) / count;
  return {
    ours: sum / count,
    linear: better(linear),
    tqdm: better(tqdm),
    silent: silent / count,
    covered: covered / (count - silent),
    stalledAt,
  };
}

function isStalled(run: Run, { pauses }: Curve, at: number): boolean {
  return run.look(at).eta_reason === "stalled" && !pauses.some(([from, to]) => at >= from && at <= to);
}
