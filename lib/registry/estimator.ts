/**
 * Rate and time left of one task, from how its progress moved and from how long earlier runs took. Pure.
 *
 * @module
 */

import { PastDurations, type TimeLeft } from "./past_durations.ts";
import type { EtaReason, Task } from "../task/task.ts";

/** What can be said of a task's future. */
export interface Estimate {
  /** Seconds left; `null` where nothing honest can be said. */
  readonly eta: number | null;
  /** The least and the most that it may be; `null` where there is none, or `eta` is no guess any more. */
  readonly eta_low: number | null;
  readonly eta_high: number | null;
  /** Units, or percent where there are no counts, per second. */
  readonly rate: number | null;
  /** Why there is no ETA. */
  readonly eta_reason: EtaReason | null;
}

/** How long, in seconds, an observation takes to lose 63 % of its weight: recent enough to follow a change of pace. */
const SMOOTHING_SECONDS = 15;
/** Less evidence than this, in seconds of observed progress, gives no ETA. */
const MIN_EVIDENCE_SECONDS = 1;
/** Fewer observations of progress than this give no ETA: one step says nothing about the pace. */
const MIN_OBSERVATIONS = 2;
/** A task is never called stalled sooner than this, in seconds. */
const MIN_STALL_SECONDS = 10;
/** A task is stalled when nothing moved for so many times the usual interval between two moves. */
const STALL_INTERVALS = 6;

/** Observations that make an average; of more than one in a second, each says hardly anything new. */
const ENOUGH_OBSERVATIONS = 10;
/** Recent progress and past runs weigh the same once progress was observed for this share of what runs usually take, */
const EQUAL_SHARE = 0.1;
/** but not sooner than after so many seconds: a few of them are not enough for a rate, however short the runs are. */
const EQUAL_SECONDS = 5;
/** A range that is narrower than this share of the ETA says nothing that the ETA does not say. */
const NARROW_SHARE = 0.2;

/**
 * How fast one amount moves: an average over time with exponentially falling weights, corrected for the short history
 * at the start, so that the first observations are not drowned by a zero that nobody measured.
 */
class Pace {
  #position: number | null = null;
  #distance = 0;
  #weight = 0;
  movedAt = 0;
  observations = 0;
  /** Seconds of observed movement. */
  evidence = 0;

  observe(position: number | null, at: number): void {
    if (position === null) {
      this.#position = null;
      return;
    }
    // A start, or a step back: what was learnt does not apply any more.
    if (this.#position === null || position < this.#position) {
      this.#restart(position, at);
      return;
    }
    // Several moves at one time add up until time has passed, else a burst would be an infinite rate.
    if (position === this.#position || at <= this.movedAt) return;
    const elapsed = at - this.movedAt;
    const decay = Math.exp(-elapsed / SMOOTHING_SECONDS);
    this.#distance = this.#distance * decay + (position - this.#position);
    this.#weight = this.#weight * decay + elapsed;
    this.#position = position;
    this.evidence += elapsed;
    this.observations++;
    this.movedAt = at;
  }

  /** Per second; `null` where nothing moved. */
  get rate(): number | null {
    return this.#weight > 0 && this.#distance > 0 ? this.#distance / this.#weight : null;
  }

  /** Whether nothing moved for much longer than usual. */
  isStalled(at: number): boolean {
    if (this.#position === null) return false;
    const usual = this.observations === 0 ? 0 : this.evidence / this.observations;
    return at - this.movedAt > Math.max(MIN_STALL_SECONDS, STALL_INTERVALS * usual);
  }

  #restart(position: number, at: number): void {
    this.#position = position;
    this.#distance = 0;
    this.#weight = 0;
    this.movedAt = at;
    this.observations = 0;
    this.evidence = 0;
  }
}

/**
 * Follows the progress of one task, by its counts where they move, else by its percents. What it says blends two guesses:
 *
 * - By the recent rate, as if it went on at that.
 * - By past runs of the same name, as if it were one of those that took longer than it has until now.
 *
 * At first past runs know better; with every second of progress that is observed, and with progress itself, the recent
 * rate does. While there is little to go by (a short time of progress, few past runs, or very different ones, or guesses
 * that differ), the ETA comes with a range.
 */
export class Estimator {
  readonly #counts: Pace = new Pace();
  readonly #percents: Pace = new Pace();
  readonly #pastRuns: (name: string) => PastDurations;
  #past: PastDurations | undefined;

  /** @param pastRuns how long earlier runs of a name took; called once, when it is first needed */
  constructor(pastRuns: (name: string) => PastDurations = () => new PastDurations()) {
    this.#pastRuns = pastRuns;
  }

  /** A task after a change, with a new estimate that takes the change into account. */
  estimated(task: Task): Task {
    this.observe(task, task.updated_at);
    return { ...task, ...this.estimate(task, task.updated_at) };
  }

  /**
   * Takes in the newest record of the task.
   *
   * @param task the record after a change
   * @param at when the change happened, in epoch seconds
   */
  observe(task: Task, at: number): void {
    // An end fills the bar at one stroke, which says nothing about the pace.
    if (!task.active) return;
    this.#counts.observe(task.current, at);
    this.#percents.observe(task.progress, at);
  }

  /**
   * What can be said at a time.
   *
   * @param task the newest record
   * @param at the time, in epoch seconds
   * @returns the estimate, in seconds from that time on
   */
  estimate(task: Task, at: number): Estimate {
    const exactRate = this.#counts.rate ?? this.#percents.rate;
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
   * Whether nothing moved for much longer than usual.
   *
   * @param at the time, in epoch seconds
   */
  isStalled(at: number): boolean {
    const latest = this.#counts.movedAt > this.#percents.movedAt ? this.#counts : this.#percents;
    return latest.isStalled(at);
  }

  /**
   * Another estimate of a task that has said nothing since its last one: it stands still, or has taken longer than the past
   * runs by which alone its time left was guessed.
   *
   * @param task the newest record
   * @param at the time, in epoch seconds
   * @returns the estimate, as of the record's last change; `null` where the one that it has is still right
   */
  correction(task: Task, at: number): Estimate | null {
    if (task.eta_reason !== null && task.eta_reason !== "too_early") return null;
    const silence = at - task.updated_at;
    const isOver = task.eta !== null && silence > task.eta && this.#byRate(task) === null;
    if (!isOver && !this.isStalled(at)) return null;
    const estimate = this.estimate(task, at);
    const { eta, eta_low, eta_high } = estimate;
    return {
      ...estimate,
      eta: eta === null ? null : eta + silence,
      eta_low: eta_low === null ? null : eta_low + silence,
      eta_high: eta_high === null ? null : eta_high + silence,
    };
  }

  /** What the recent rate says; `null` where there is none yet. */
  #byRate(task: Task): TimeLeft | null {
    if (task.progress === null) return null;
    const pace = this.#paceOf(task);
    const left = pace === this.#counts ? Math.max(0, task.total! - task.current!) : 100 - task.progress;
    const eta = pace.rate === null ? Infinity : left / pace.rate;
    const isTooEarly = pace.observations < MIN_OBSERVATIONS || pace.evidence < MIN_EVIDENCE_SECONDS;
    if (isTooEarly || !Number.isFinite(eta)) return null;
    const observations = Math.min(pace.observations, pace.evidence);
    const doubt = observations < ENOUGH_OBSERVATIONS ? 1 + 1 / Math.sqrt(observations) : 1;
    return { eta, low: eta / doubt, high: eta * doubt };
  }

  #paceOf({ current, total }: Task): Pace {
    const isCounted = current !== null && total !== null && this.#counts.rate !== null;
    return isCounted ? this.#counts : this.#percents;
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

/** Something between two guesses. The more they differ, the wider is its range, but not beyond theirs. */
function blend(one: TimeLeft, other: TimeLeft, weightOfOne: number): TimeLeft {
  const between = (a: number, b: number) => a * weightOfOne + b * (1 - weightOfOne);
  // The standard deviation of something that is the one or the other.
  const difference = Math.abs(one.eta - other.eta) * Math.sqrt(weightOfOne * (1 - weightOfOne));
  return {
    eta: between(one.eta, other.eta),
    low: Math.max(between(one.low, other.low) - difference, Math.min(one.low, other.low)),
    high: Math.min(between(one.high, other.high) + difference, Math.max(one.high, other.high)),
  };
}

/** Four significant digits: more would pretend a precision that an estimate does not have. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
