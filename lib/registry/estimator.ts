/**
 * Estimates the rate and the remaining time of a task from its recent progress and from past runs. The module
 * performs no I/O and reads no clock.
 *
 * @module
 */

import { type Basis, type Growth, Pace } from "./pace.ts";
import { PastDurations, type TimeLeft } from "./past_durations.ts";
import type { EtaReason, Task } from "../task/task.ts";

/** An estimate of a task's rate and remaining time. */
export interface Estimate {
  /** The remaining time in seconds; `null` if there is no basis for an estimate. */
  readonly eta: number | null;
  /** The lower end of the likely range; `null` if there is no ETA, or the range is narrow. */
  readonly eta_low: number | null;
  /** The upper end of the likely range; `null` if `eta_low` is `null`. */
  readonly eta_high: number | null;
  /** The recent rate in units per second, or in percent per second if the task has no counts. */
  readonly rate: number | null;
  /** Why there is no ETA; `null` if there is one. */
  readonly eta_reason: EtaReason | null;
}

/** The minimum time of observed progress for an ETA, in seconds. */
const MIN_EVIDENCE_SECONDS = 1;
/** The minimum number of observations for an ETA: a single step does not define a rate. */
const MIN_OBSERVATIONS = 2;
/** The number of observations after which the rate counts as certain; at most one observation per second counts. */
const ENOUGH_OBSERVATIONS = 10;
/**
 * The share of the usual duration of past runs after which the recent rate weighs as much as the past runs
 * do.
 */
const EQUAL_SHARE = 0.1;
/**
 * The minimum time of observed progress after which the recent rate weighs as much as past runs, in seconds, because a
 * shorter observation does not give a reliable rate, even of a short run.
 */
const EQUAL_SECONDS = 5;
/** A range narrower than this share of the ETA is omitted. */
const NARROW_SHARE = 0.2;
/**
 * A forecast is reused for this many seconds, unless the observed time or the amount done has grown by more than the
 * shares in `HOLD_GROWTH`. If no report follows, the last forecast is therefore never far off.
 */
const HOLD_SECONDS = 0.25;
const HOLD_GROWTH: Growth = { whole: 0.05, recent: 0.2 };

/** A forecast, and the observations that it is based on. */
interface Held {
  readonly estimate: Estimate;
  /** The time of the forecast, in epoch seconds. */
  readonly at: number;
  readonly state: Task["state"];
  readonly total: number | null;
  /** The amount that was left at the time of the forecast; `null` if it was unknown. */
  readonly ahead: number | null;
  readonly counts: Basis;
  readonly percents: Basis;
}

/** The pace of an amount that is not known yet, which all tasks share. It must not observe anything. */
const UNOBSERVED = new Pace();

/**
 * Estimates one task from its counts if they change, otherwise from its percentage. The ETA blends two
 * predictions:
 *
 * - How long the remaining amount takes at the pace so far; see {@linkcode Pace}.
 * - How long past runs of the same name took, of which only those count that were longer than this run has been so far.
 *
 * At first, past runs weigh more; the weight of the recent rate grows with the time of observed progress and
 * with progress itself. The ETA has a range if its basis is weak: little observed progress, predictions that
 * were wrong so far, few or varying past runs, or diverging predictions.
 */
export class Estimator {
  #counts: Pace = UNOBSERVED;
  #percents: Pace = UNOBSERVED;
  readonly #pastRuns: (name: string) => PastDurations;
  #past: PastDurations | undefined;
  #held: Held | null = null;

  /**
   * @param pastRuns returns the durations of past runs of a name; called only once, when they are first
   * needed
   */
  constructor(pastRuns: (name: string) => PastDurations = () => new PastDurations()) {
    this.#pastRuns = pastRuns;
  }

  /**
   * Returns the record of a task after a change, with a new estimate and, once the expected duration is known, with it.
   * Because forecasts are expensive, a recent forecast is scaled to the amount that is left.
   */
  estimated(changed: Task): Task {
    const task = this.#expected(changed);
    const at = task.updated_at;
    this.observe(task, at);
    const held = this.#held;
    if (held !== null && this.#holds(held, task)) return withEstimate(task, scaled(held, this.#ahead(task)));
    const estimate = this.estimate(task, at);
    this.#hold(task, estimate);
    return withEstimate(task, estimate);
  }

  /**
   * Observes the progress in the newest record of the task.
   *
   * @param task the record after a change
   * @param at when the change happened, in epoch seconds
   */
  observe(task: Task, at: number): void {
    // An ended task is ignored, because the jump of its progress to 100 % at the end says nothing about the rate.
    if (!task.active) return;
    const { current, total, progress } = task;
    if (this.#counts === UNOBSERVED && (current !== null || total !== null)) this.#counts = new Pace();
    if (this.#percents === UNOBSERVED && progress !== null) this.#percents = new Pace();
    if (this.#counts !== UNOBSERVED) this.#counts.observe(current, at, total);
    if (this.#percents !== UNOBSERVED) this.#percents.observe(progress, at);
  }

  /**
   * Estimates the task at a given time.
   *
   * @param task the newest record
   * @param at the time, in epoch seconds
   * @returns the estimate, whose times are seconds from the given time
   */
  estimate(task: Task, at: number): Estimate {
    // The unit of the rate depends only on whether the task has counts, not on whether they have moved.
    const exactRate = (task.current === null ? this.#percents : this.#counts).rate;
    const rate = exactRate === null ? null : round(exactRate);
    if (!task.active) return without(null, rate);
    const recent = this.#byRate(task);
    const past = this.#pastOf(task).left(at - (task.started_at ?? at));
    if (task.progress === null && past === null) return without("unknown_progress", rate);
    if (this.isStalled(at)) return without("stalled", 0);
    if (recent === null) return past === null ? without("too_early", rate) : withRange(past, rate);
    if (past === null) return withRange(recent, rate);
    return withRange(blend(recent, past, this.#weightOfRate(task)), rate);
  }

  /**
   * Returns whether there was no progress for much longer than usual.
   *
   * @param at the time, in epoch seconds
   */
  isStalled(at: number): boolean {
    const latest = this.#counts.movedAt > this.#percents.movedAt ? this.#counts : this.#percents;
    return latest.isStalled(at);
  }

  /**
   * Returns a new estimate for a task without new reports, if its last estimate no longer holds: the task is
   * stalled, or has outlasted the past runs that were the only basis of its ETA.
   *
   * @param task the newest record
   * @param at the time, in epoch seconds
   * @returns the estimate, whose times count from the record's last change; `null` if the record's own
   * estimate still holds
   */
  correction(task: Task, at: number): Estimate | null {
    if (task.eta_reason !== null && task.eta_reason !== "too_early") return null;
    const sinceChange = at - task.updated_at;
    const hasOutlasted = task.eta !== null && sinceChange > task.eta && this.#byRate(task) === null;
    if (!hasOutlasted && !this.isStalled(at)) return null;
    const estimate = this.estimate(task, at);
    const { eta, eta_low, eta_high } = estimate;
    return {
      ...estimate,
      eta: eta === null ? null : eta + sinceChange,
      eta_low: eta_low === null ? null : eta_low + sinceChange,
      eta_high: eta_high === null ? null : eta_high + sinceChange,
    };
  }

  /** Keeps a forecast to reuse it. Without an ETA, nothing is kept, so that the next report can lead to one at once. */
  #hold(task: Task, estimate: Estimate): void {
    const { eta_reason } = estimate;
    this.#held = eta_reason === "too_early" || eta_reason === "stalled" ? null : {
      estimate,
      at: task.updated_at,
      state: task.state,
      total: task.total,
      ahead: this.#ahead(task),
      counts: this.#counts.basis,
      percents: this.#percents.basis,
    };
  }

  #expected(task: Task): Task {
    if (!task.active || task.expected_duration !== null) return task;
    const { expected } = this.#pastOf(task);
    return expected === null ? task : { ...task, expected_duration: round(expected) };
  }

  #holds({ at, state, total, ahead, counts, percents }: Held, task: Task): boolean {
    return task.updated_at >= at && task.updated_at < at + HOLD_SECONDS && task.state === state &&
      task.total === total && (task.progress === null) === (ahead === null) &&
      this.#counts.isNear(counts, HOLD_GROWTH) && this.#percents.isNear(percents, HOLD_GROWTH);
  }

  /** Returns the amount that is left; `null` if it is unknown. */
  #left(task: Task): number | null {
    if (task.progress === null) return null;
    return this.#isCounted(task) ? countedLeft(task) : 100 - task.progress;
  }

  /** Returns the amount that the remaining time is proportional to; `null` if it is unknown. */
  #ahead(task: Task): number | null {
    const left = this.#left(task);
    return left === null ? null : this.#paceOf(task).ahead(left);
  }

  /** Predicts the remaining time by the recent rate; `null` if there is no rate yet. */
  #byRate(task: Task): TimeLeft | null {
    const left = this.#left(task);
    if (left === null) return null;
    const pace = this.#paceOf(task);
    const eta = pace.secondsFor(left) ?? Infinity;
    const isTooEarly = pace.observations < MIN_OBSERVATIONS || pace.evidence < MIN_EVIDENCE_SECONDS;
    if (isTooEarly || !Number.isFinite(eta)) return null;
    const observations = Math.min(pace.observations, pace.evidence);
    const fewness = observations < ENOUGH_OBSERVATIONS ? 1 + 1 / Math.sqrt(observations) : 1;
    const doubt = Math.max(fewness, pace.doubt);
    return { eta, low: eta / doubt, high: eta * doubt };
  }

  #paceOf(task: Task): Pace {
    return this.#isCounted(task) ? this.#counts : this.#percents;
  }

  /** Returns whether the remaining time is predicted from the counts instead of the percentage. */
  #isCounted({ current, total }: Task): boolean {
    return current !== null && total !== null && this.#counts.observations > 0;
  }

  #weightOfRate(task: Task): number {
    const { evidence } = this.#paceOf(task);
    const byEvidence = evidence /
      (evidence + Math.max(EQUAL_SECONDS, EQUAL_SHARE * this.#pastOf(task).usual));
    return Math.max(byEvidence, (task.progress ?? 0) / 100);
  }

  #pastOf({ name }: Task): PastDurations {
    return this.#past ??= this.#pastRuns(name);
  }
}

/**
 * Returns the amount of counted units that is left. If a task counts steps as they begin, such as `Step 4 of 4`, its
 * progress is one step behind the count, because the last counted step is still in progress. Apart from this one step,
 * the count decides, because counts are more precise than most percentages.
 */
function countedLeft({ progress, current, total }: Task): number {
  const left = Math.max(0, total! - current!);
  return Math.max(left, Math.min(left + 1, total! * (1 - progress! / 100)));
}

/** Returns the record of a task with an estimate; the same record if it has this estimate already. */
function withEstimate(task: Task, { eta, eta_low, eta_high, rate, eta_reason }: Estimate): Task {
  const isKnown = task.eta === eta && task.eta_low === eta_low && task.eta_high === eta_high &&
    task.rate === rate && task.eta_reason === eta_reason;
  return isKnown ? task : { ...task, eta, eta_low, eta_high, rate, eta_reason };
}

/** Returns a forecast for a moment later, when less is left. */
function scaled({ estimate, ahead: before }: Held, ahead: number | null): Estimate {
  const { eta, eta_low, eta_high } = estimate;
  if (eta === null || before === ahead || before === null || ahead === null) return estimate;
  const share = before === 0 ? 1 : ahead / before;
  return {
    ...estimate,
    eta: round(eta * share),
    eta_low: eta_low === null ? null : round(eta_low * share),
    eta_high: eta_high === null ? null : round(eta_high * share),
  };
}

function without(eta_reason: EtaReason | null, rate: number | null): Estimate {
  return { eta: null, eta_low: null, eta_high: null, rate, eta_reason };
}

function withRange({ eta, low, high }: TimeLeft, rate: number | null): Estimate {
  const isNarrow = high - low <= NARROW_SHARE * eta;
  return {
    eta: round(eta),
    eta_low: isNarrow ? null : round(low),
    eta_high: isNarrow ? null : round(high),
    rate,
    eta_reason: null,
  };
}

/**
 * Returns the weighted mean of two predictions. The more the predictions differ, the wider is the range of the mean,
 * but it stays within their ranges.
 */
function blend(one: TimeLeft, other: TimeLeft, weightOfOne: number): TimeLeft {
  const between = (a: number, b: number) => a * weightOfOne + b * (1 - weightOfOne);
  // This value is the standard deviation of a variable that takes one of two values.
  const difference = Math.abs(one.eta - other.eta) * Math.sqrt(weightOfOne * (1 - weightOfOne));
  return {
    eta: between(one.eta, other.eta),
    low: Math.max(between(one.low, other.low) - difference, Math.min(one.low, other.low)),
    high: Math.min(between(one.high, other.high) + difference, Math.max(one.high, other.high)),
  };
}

/** Rounds to four significant digits, because an estimate is not more precise. */
function round(value: number): number {
  const digits = 3 - Math.floor(Math.log10(value));
  // Powers of ten are exact only up to 1e22. For numbers that need larger ones, formatting is exact, but much slower.
  if (!(Math.abs(digits) <= 18)) return Number(value.toPrecision(4));
  return digits >= 0
    ? Math.round(value * 10 ** digits) / 10 ** digits
    : Math.round(value / 10 ** -digits) * 10 ** -digits;
}
