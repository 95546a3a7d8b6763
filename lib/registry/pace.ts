/**
 * Follows the pace at which one amount grows, and predicts how long the rest will take.
 *
 * Several forecasts compete: each is asked, at moments in the past, how long what has been done since would
 * take. The better its answers were, the more it counts. The rate since the beginning holds unless another
 * forecast was clearly better, because most jobs are steady and only noisy.
 *
 * @module
 */

import { FIRST_TREND, type Forecast, forecastsAt, type JobHistory, PRIORS, secondsFor } from "./forecast.ts";
import { Timeline } from "./timeline.ts";

/** The minimum number of closed blocks before forecasts compete, and before those with trends do. */
const MIN_BLOCKS = 8;
const MIN_TREND_BLOCKS = 12;
/** How steeply the weight of a forecast falls with its error. */
const STEEPNESS = 4;
/** The error that any forecast may have, as a share of the time. */
const ERROR_FLOOR = 0.05;
/** The error of one answer counts at most this much, squared, so that one surprise does not decide. */
const MAX_SQUARED_ERROR = 4;
/** Another forecast counts only if its squared error is at most this share of that since the beginning. */
const CLEARLY_BETTER = 0.9;
/** The fewer blocks there are, the more luck decides; this many blocks could all be luck. */
const LUCKY_BLOCKS = 4;

/** The minimum time without progress before a task counts as stalled, in seconds. */
const MIN_STALL_SECONDS = 10;
/** The minimum number of observations, and of seconds, that make a pace known, so that a task can stall. */
const MIN_STALL_OBSERVATIONS = 3;
const MIN_KNOWN_SECONDS = 10;
/** A task stalls after this many times its usual, and its second longest, interval without progress. */
const STALL_INTERVALS = 6;
/** A task does not stall before this many times its longest interval, which may have been a stall itself. */
const STALL_LONGEST = 1.5;

/** An interval of this many times the mean is a pause between two bursts. */
const PAUSE_INTERVALS = 5;
/** One interval of this many times the second longest is an incident, which is not part of the pace. */
const INCIDENT_INTERVALS = 4;

/** The minimum number of changes of a total that growth is derived from. */
const MIN_TOTAL_CHANGES = 5;
/** How much of the growth of a total so far is expected of the future, and how much at most. */
const EXPECTED_GROWTH = 0.5;
const MAX_GROWTH = 0.5;
/** A step back by at most this share of what was done is an inaccuracy; a larger one starts anew. */
const INACCURACY = 0.1;

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
  /** When the longest interval ended, in seconds of evidence. */
  #longestEnd = 0;
  #pauses = 0;
  #pausedSeconds = 0;
  /** Whether the job works in bursts, so that only the ends of pauses are comparable moments. */
  #isBursty = false;
  #forecasts: (Forecast[] | undefined)[] = [];
  #weights: readonly number[] | null = null;
  #squaredError = 0;

  /**
   * Observes a position. A step back starts anew, because what was observed before does not apply.
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
    if (left <= 0) return this.#timeline.length === 0 ? null : 0;
    const last = this.#timeline.length;
    const done = this.#timeline.amount(last);
    // What came after the last comparable moment has to be done from there on, too.
    const ahead = (this.#position ?? this.#start) - this.#start - done;
    const amount = left * this.#growth() + ahead;
    const seconds = this.#average((forecast) => secondsFor(forecast, amount, this.#history.seconds(last)));
    return seconds === null ? null : Math.max(0, seconds - (this.evidence - this.#timeline.seconds(last)));
  }

  /**
   * How wrong such predictions were in the past of this job: by this factor, in either direction. At least 1,
   * which also means that there is no past to tell from.
   */
  get doubt(): number {
    if (this.#timeline.length === 0) return 1;
    this.#weights ??= this.#weigh();
    return Math.exp(Math.sqrt(this.#squaredError));
  }

  /**
   * Returns whether there was no progress for much longer than usual, which takes a known pace.
   *
   * @param at the time, in epoch seconds
   */
  isStalled(at: number): boolean {
    if (this.#position === null || this.observations < MIN_STALL_OBSERVATIONS) return false;
    if (this.evidence < MIN_KNOWN_SECONDS) return false;
    const usual = Math.max(this.evidence / this.observations, this.#secondLongest);
    return at - this.movedAt >
      Math.max(MIN_STALL_SECONDS, STALL_INTERVALS * usual, STALL_LONGEST * this.#longest);
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
    this.#forecasts = [];
    this.#weights = null;
  }

  #move(position: number, elapsed: number): void {
    const before = this.#position! - this.#start;
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
    const amount = isBursty && before > 0 ? before : position - this.#start;
    if (!this.#timeline.add(this.evidence, amount, this.#total)) return;
    this.#weights = null;
    if (this.#timeline.length < blocks) this.#forget();
  }

  #noteInterval(elapsed: number, isPause: boolean): void {
    if (isPause) {
      this.#pauses++;
      this.#pausedSeconds += elapsed;
    }
    const incident = this.#incident;
    if (elapsed > this.#longest) {
      [this.#longest, this.#secondLongest] = [elapsed, this.#longest];
      this.#longestEnd = this.evidence;
    } else if (elapsed > this.#secondLongest) this.#secondLongest = elapsed;
    if (this.#incident !== incident) this.#forget();
  }

  /** The seconds of the longest interval that are not part of the pace: those after which it was a stall. */
  get #incident(): number {
    const isIncident = this.#longest > MIN_STALL_SECONDS && this.observations > MIN_STALL_OBSERVATIONS &&
      this.#longest > INCIDENT_INTERVALS * this.#secondLongest;
    return isIncident ? this.#longest - Math.max(this.#secondLongest, MIN_STALL_SECONDS) : 0;
  }

  readonly #history: JobHistory = {
    amount: (block) => this.#timeline.amount(block),
    seconds: (block) => {
      const seconds = this.#timeline.seconds(block);
      return seconds >= this.#longestEnd ? seconds - this.#incident : seconds;
    },
  };

  /** Returns the weighted geometric mean of a value of all forecasts as of now; `null` without progress. */
  #average(valueOf: (forecast: Forecast) => number): number | null {
    const last = this.#timeline.length;
    if (last === 0) return null;
    const weights = this.#weights ??= this.#weigh();
    if (weights.length === 1) return valueOf(this.#first(last));
    let sum = 0;
    forecastsAt(this.#history, last).forEach((forecast, index) => {
      if (weights[index]! > 0) sum += weights[index]! * Math.log(valueOf(forecast));
    });
    return Math.exp(sum);
  }

  /** Returns the forecast by the rate since the beginning. */
  #first(block: number): Forecast {
    return { rate: this.#history.amount(block) / this.#history.seconds(block), power: 0, slope: 0 };
  }

  /** Returns the weights of the forecasts; a single one if only the first counts. */
  #weigh(): readonly number[] {
    const blocks = this.#timeline.closed;
    this.#squaredError = 0;
    if (blocks < MIN_BLOCKS) return [1];
    const errors = this.#errors(blocks);
    const limit = CLEARLY_BETTER * (1 - LUCKY_BLOCKS / blocks) * errors[0]!;
    const weights = errors.map((error, index) => {
      if (index >= FIRST_TREND && blocks < MIN_TREND_BLOCKS) return 0;
      const better = index === 0 ? 1 : Math.max(0, 1 - error / limit);
      return PRIORS[index]! * better * error ** -STEEPNESS;
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const squares = errors.reduce((total, error, index) => total + error * weights[index]!, 0);
    this.#squaredError = Math.max(0, squares / sum - ERROR_FLOOR ** 2);
    return weights[0] === sum ? [1] : weights.map((weight) => weight / sum);
  }

  /** Returns the mean squared error of the logarithm of each forecast's past answers. */
  #errors(blocks: number): number[] {
    const { amount, seconds } = this.#history;
    const sums = PRIORS.map(() => 0);
    let count = 0;
    for (let from = blocks >> 2; from < blocks; from++) {
      const forecasts = this.#forecasts[from] ??= forecastsAt(this.#history, from);
      const near = Math.min(blocks, from + Math.ceil(blocks / 8));
      for (const to of near === blocks ? [blocks] : [near, blocks]) {
        const weight = Math.min(1, (to - from) / (blocks / 8));
        const actual = seconds(to) - seconds(from);
        count += weight;
        forecasts.forEach((forecast, index) => {
          const answer = secondsFor(forecast, amount(to) - amount(from), seconds(from));
          sums[index]! += weight * Math.min(Math.log(answer / actual) ** 2, MAX_SQUARED_ERROR);
        });
      }
    }
    return sums.map((sum) => sum / count + ERROR_FLOOR ** 2);
  }

  /** How much more is left than the total says, because the total has grown so far. */
  #growth(): number {
    if (this.#totalChanges < MIN_TOTAL_CHANGES) return 1;
    const last = this.#timeline.length;
    const growthSince = (block: number) => {
      const amount = this.#timeline.amount(last) - this.#timeline.amount(block);
      const [now, then] = [this.#timeline.total(last), this.#timeline.total(block)];
      return now === null || then === null || amount <= 0 ? 0 : Math.max(0, now - then) / amount;
    };
    const growth = Math.min(growthSince(0), growthSince(last >> 1));
    return 1 / (1 - Math.min(MAX_GROWTH, EXPECTED_GROWTH * growth));
  }
}
