/**
 * Rate and time left of one task, from how its progress moved. Pure.
 *
 * @module
 */

import type { EtaReason, Task } from "./task.ts";

/** What can be said of a task's future. */
export interface Estimate {
  /** Seconds left; `null` where nothing honest can be said. */
  readonly eta: number | null;
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

/** Follows the progress of one task, by its counts where they move, else by its percents. */
export class Estimator {
  readonly #counts: Pace = new Pace();
  readonly #percents: Pace = new Pace();

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
   * @returns the estimate
   */
  estimate(task: Task, at: number): Estimate {
    const exactRate = this.#counts.rate ?? this.#percents.rate;
    const rate = exactRate === null ? null : round(exactRate);
    if (!task.active) return { eta: null, rate, eta_reason: null };
    if (task.progress === null) return { eta: null, rate, eta_reason: "unknown_progress" };
    if (this.isStalled(at)) return { eta: null, rate: 0, eta_reason: "stalled" };
    const isCounted = task.current !== null && task.total !== null && this.#counts.rate !== null;
    const pace = isCounted ? this.#counts : this.#percents;
    const left = isCounted ? Math.max(0, task.total - task.current) : 100 - task.progress;
    const eta = pace.rate === null ? Infinity : left / pace.rate;
    const isTooEarly = pace.observations < MIN_OBSERVATIONS || pace.evidence < MIN_EVIDENCE_SECONDS;
    if (isTooEarly || !Number.isFinite(eta)) return { eta: null, rate, eta_reason: "too_early" };
    return { eta: round(eta), rate, eta_reason: null };
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
}

/** Four significant digits: more would pretend a precision that an estimate does not have. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
