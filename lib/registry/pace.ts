/**
 * Follows the pace at which one amount grows, and predicts how long the rest will take.
 *
 * @module
 */

import { constant, type Forecast, forecastsAt, type JobHistory, secondsFor } from "./forecast.ts";
import { Hindsight } from "./hindsight.ts";
import { Timeline } from "./timeline.ts";

/** The minimum time without progress before a task counts as stalled, in seconds. */
const MIN_STALL_SECONDS = 10;
/**
 * The minimum number of observations, and of seconds, after which a pace is known, so that a task can count as stalled.
 */
const MIN_STALL_OBSERVATIONS = 3;
const MIN_KNOWN_SECONDS = 10;
/**
 * A task counts as stalled after a time without progress of this many times its usual interval, or its second longest
 * interval if that is longer.
 */
const STALL_INTERVALS = 6;
/** A task does not count as stalled before this many times its longest interval, which may have been a stall itself. */
const STALL_LONGEST = 2;
/**
 * The longer a task has been observed without a pause, the less likely a pause is. The minimum time until a task counts
 * as stalled is therefore this number divided by the seconds of observed progress: three minutes after one minute of
 * progress, ten seconds after 18 minutes.
 */
const STALL_SQUARE_SECONDS = 60 * 180;

/** An interval that is longer than this many times the mean is a pause between two bursts. */
const PAUSE_INTERVALS = 5;
/**
 * If the longest interval is more than this many times the second longest, it is an incident, which is not part of the
 * pace.
 */
const INCIDENT_INTERVALS = 4;

/** The minimum number of changes of a total before its growth is extrapolated. */
const MIN_TOTAL_CHANGES = 5;
/** The share of a total's growth so far that is expected to continue, and the maximum growth that is expected. */
const EXPECTED_GROWTH = 0.5;
const MAX_GROWTH = 0.5;
/**
 * A step back by at most this share of the amount done is ignored as an inaccuracy; after a larger one, observation
 * starts over.
 */
const INACCURACY = 0.1;

/** An amount that was done, and the seconds during which movement was observed. */
interface Span {
  readonly amount: number;
  readonly seconds: number;
}

/** The observations that predictions are based on. */
export interface Basis {
  readonly whole: Span;
  /** The shortest span whose rate counts: the last closed block, and the time after it. */
  readonly recent: Span;
  readonly revision: number;
}

/** The shares by which a basis may grow. */
export interface Growth {
  readonly whole: number;
  readonly recent: number;
}

/** The pace at which one amount grows. */
export class Pace {
  #position: number | null = null;
  #start = 0;
  #total: number | null = null;
  #totalChanges = 0;
  #timeline: Timeline = new Timeline(null);
  /** The time of the last progress, in epoch seconds. */
  movedAt = 0;
  /** The number of steps. */
  observations = 0;
  /** The time during which movement was observed, in seconds. */
  evidence = 0;
  #longest = 0;
  #secondLongest = 0;
  /** The value of `evidence` when the longest interval ended, in seconds. */
  #longestEnd = 0;
  /** The part of the longest interval that was a stall, and so is not part of the pace, in seconds. */
  #incident = 0;
  #pauses = 0;
  #pausedSeconds = 0;
  /** Whether the job works in bursts, so that only the ends of pauses are comparable moments. */
  #isBursty = false;
  /**
   * Increases whenever predictions may change abruptly, because of a new block or because past intervals are
   * interpreted differently.
   */
  #revision = 0;
  #hindsight: Hindsight = new Hindsight();
  /** The forecasts after the last progress; `null` until they are needed. */
  #forecasts: readonly Forecast[] | null = null;

  /**
   * Observes a position. After a step back, observation starts over, because earlier observations no longer apply.
   *
   * @param position the amount done; `null` if it is not known
   * @param at the time, in epoch seconds
   * @param total the amount in all; `null` if it is not known
   */
  observe(position: number | null, at: number, total: number | null = null): void {
    if (total !== this.#total) this.#totalChanges++;
    this.#total = total;
    if (position === null) {
      this.#position = null;
      return;
    }
    if (this.#position === null || position < this.#position) {
      if (this.#isInaccurate(position)) return;
      return this.#restart(position, at);
    }
    // Steps at the same instant are added up until time has passed; otherwise a burst of steps would give an
    // infinite rate.
    if (position === this.#position || at <= this.movedAt) return;
    this.#move(position, at - this.movedAt);
    this.movedAt = at;
  }

  /** The observations that predictions are based on now, for a later call of {@linkcode isNear}. */
  get basis(): Basis {
    const whole = { amount: this.#done, seconds: this.evidence };
    const { amounts, seconds, closed } = this.#timeline;
    const start = Math.max(0, closed - 1);
    const recent = { amount: whole.amount - amounts[start]!, seconds: whole.seconds - seconds[start]! };
    return { whole, recent, revision: this.#revision };
  }

  /**
   * Returns whether earlier predictions are still good enough.
   *
   * @param basis the basis of the earlier predictions
   * @param growth by how much the times and the amounts may have grown since
   */
  isNear({ whole, recent, revision }: Basis, growth: Growth): boolean {
    if (revision !== this.#revision) return false;
    const now = this.basis;
    return isWithin(now.whole, whole, growth.whole) && isWithin(now.recent, recent, growth.recent);
  }

  get #done(): number {
    return (this.#position ?? this.#start) - this.#start;
  }

  /** The current rate per second; `null` if there was no progress. */
  get rate(): number | null {
    return this.#average((forecast) => forecast.rate);
  }

  /**
   * Predicts how long the rest takes from the last progress on, in seconds.
   *
   * @param left the amount that is left
   * @returns the prediction; `null` if there was no progress
   */
  secondsFor(left: number): number | null {
    const last = this.#timeline.length;
    if (left <= 0) return last === 0 ? null : 0;
    const amount = this.ahead(left);
    const elapsed = this.#history.seconds[last]!;
    const seconds = this.#average((forecast) => secondsFor(forecast, amount, elapsed));
    return seconds === null ? null : Math.max(0, seconds - (this.evidence - this.#timeline.seconds[last]!));
  }

  /**
   * Returns the amount that {@linkcode secondsFor} predicts the time for: the amount that is left, and the amount that
   * was done since the end of the last block, where the prediction begins.
   *
   * @param left the amount that is left
   */
  ahead(left: number): number {
    if (left <= 0) return 0;
    return left * this.#growth() + this.#done - this.#timeline.amounts[this.#timeline.length]!;
  }

  /**
   * The factor by which predictions for this job were too high or too low so far. At least 1, which is also the value
   * before any prediction could be checked.
   */
  get doubt(): number {
    if (this.#timeline.length === 0) return 1;
    this.#hindsight.weigh(this.#history, this.#timeline.closed);
    return Math.exp(Math.sqrt(this.#hindsight.squaredError));
  }

  /**
   * Returns whether there was no progress for much longer than usual; `false` if the pace is not known yet.
   *
   * @param at the time, in epoch seconds
   */
  isStalled(at: number): boolean {
    if (this.#position === null || this.observations < MIN_STALL_OBSERVATIONS) return false;
    if (this.evidence < MIN_KNOWN_SECONDS) return false;
    const usual = Math.max(this.evidence / this.observations, this.#secondLongest);
    return at - this.movedAt >
      Math.max(
        MIN_STALL_SECONDS,
        STALL_INTERVALS * usual,
        STALL_LONGEST * this.#longest,
        STALL_SQUARE_SECONDS / this.evidence,
      );
  }

  #isInaccurate(position: number): boolean {
    return this.#position !== null && position >= this.#start &&
      this.#position - position <= INACCURACY * (this.#position - this.#start) && this.observations > 0;
  }

  #restart(position: number, at: number): void {
    this.#position = this.#start = position;
    this.movedAt = at;
    this.observations = this.evidence = 0;
    this.#longest = this.#secondLongest = this.#longestEnd = 0;
    this.#incident = 0;
    this.#pauses = this.#pausedSeconds = 0;
    this.#totalChanges = 0;
    this.#isBursty = false;
    this.#beginTimeline();
  }

  #beginTimeline(): void {
    this.#timeline = new Timeline(this.#total);
    this.#forget();
  }

  #forget(): void {
    this.#revision++;
    this.#hindsight = new Hindsight();
    this.#forecasts = null;
  }

  #move(position: number, elapsed: number): void {
    const before = this.#done;
    const isPause = this.observations >= MIN_STALL_OBSERVATIONS &&
      elapsed > PAUSE_INTERVALS * this.evidence / this.observations;
    this.#position = position;
    this.observations++;
    this.evidence += elapsed;
    this.#noteInterval(elapsed, isPause);
    const isBursty = this.#pauses >= 2 && this.#pausedSeconds > this.evidence / 2;
    if (isBursty && !this.#isBursty) this.#beginTimeline();
    this.#isBursty = isBursty;
    if (isBursty && !isPause && this.#timeline.length > 0) return;
    const blocks = this.#timeline.length;
    const amount = isBursty && before > 0 ? before : this.#done;
    this.#forecasts = null;
    const isClosed = this.#timeline.add(this.evidence, amount, this.#total);
    if (isClosed || this.#timeline.length !== blocks) this.#revision++;
    // Blocks were merged, so past forecasts no longer belong to the present blocks.
    if (this.#timeline.length < blocks) this.#hindsight.forget();
  }

  #noteInterval(elapsed: number, isPause: boolean): void {
    if (isPause) {
      this.#pauses++;
      this.#pausedSeconds += elapsed;
    }
    if (elapsed > this.#longest) {
      [this.#longest, this.#secondLongest] = [elapsed, this.#longest];
      this.#longestEnd = this.evidence;
    } else if (elapsed > this.#secondLongest) this.#secondLongest = elapsed;
    const isIncident = this.#longest > MIN_STALL_SECONDS && this.observations > MIN_STALL_OBSERVATIONS &&
      this.#longest > INCIDENT_INTERVALS * this.#secondLongest;
    const incident = isIncident ? this.#longest - Math.max(this.#secondLongest, MIN_STALL_SECONDS) : 0;
    if (incident === this.#incident) return;
    this.#incident = incident;
    this.#forget();
  }

  /** The history of the job without the time of the incident. */
  get #history(): JobHistory {
    const incident = this.#incident;
    if (incident === 0) return this.#timeline;
    const { amounts, seconds } = this.#timeline;
    return { amounts, seconds: seconds.map((each) => each >= this.#longestEnd ? each - incident : each) };
  }

  /** Returns the weighted geometric mean of a value over all current forecasts; `null` if there was no progress. */
  #average(valueOf: (forecast: Forecast) => number): number | null {
    const last = this.#timeline.length;
    if (last === 0) return null;
    const history = this.#history;
    const { closed } = this.#timeline;
    const weights = this.#hindsight.weigh(history, closed);
    if (weights.length === 1) return valueOf(constant(history, 0, last));
    const forecasts = this.#forecasts ??= forecastsAt(history, last, closed);
    let sum = 0;
    for (let index = 0; index < weights.length; index++) {
      if (weights[index]! > 0) sum += weights[index]! * Math.log(valueOf(forecasts[index]!));
    }
    return Math.exp(sum);
  }

  /** The factor by which more is expected to be left than the total says, because the total has been growing. */
  #growth(): number {
    if (this.#totalChanges < MIN_TOTAL_CHANGES) return 1;
    // The open block may be too short to be representative.
    const last = this.#timeline.closed;
    const { amounts, totals } = this.#timeline;
    const growthSince = (block: number) => {
      const amount = amounts[last]! - amounts[block]!;
      const [now, then] = [totals[last]!, totals[block]!];
      return now === null || then === null || amount <= 0 ? 0 : Math.max(0, now - then) / amount;
    };
    const growth = Math.min(growthSince(0), growthSince(last >> 1));
    return 1 / (1 - Math.min(MAX_GROWTH, EXPECTED_GROWTH * growth));
  }
}

/** Returns whether a span has grown by at most a share, and its amount has not shrunk. */
function isWithin(now: Span, before: Span, growth: number): boolean {
  return now.seconds <= before.seconds * (1 + growth) && now.amount >= before.amount &&
    now.amount <= before.amount * (1 + growth);
}
