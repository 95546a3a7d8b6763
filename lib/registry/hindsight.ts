/**
 * Weighs competing forecasts by how right they were in the past of the same job.
 *
 * For several moments in the past, each forecast predicts how long the work that has been done since then would take.
 * The better the predictions of a forecast were, the more it counts. The forecast by the rate since the beginning is
 * used unless another one was clearly better, because most jobs have a steady rate with noise.
 *
 * @module
 */

import { FIRST_TREND, type Forecast, forecastsAt, type JobHistory, PRIORS, secondsFor } from "./forecast.ts";

/** The minimum number of closed blocks before forecasts compete, and before forecasts with trends compete, too. */
const MIN_BLOCKS = 8;
const MIN_TREND_BLOCKS = 12;
/** How steeply the weight of a forecast falls with its error. */
const STEEPNESS = 4;
/** The error that any forecast may have, as a share of the time. */
const ERROR_FLOOR = 0.05;
/** The limit on the squared error of one forecast, so that a single outlier does not decide. */
const MAX_SQUARED_ERROR = 4;
/**
 * A forecast counts only if its squared error is at most this share of the squared error of the first one, the rate
 * since the beginning.
 */
const CLEARLY_BETTER = 0.9;
/**
 * The fewer blocks there are, the more a good prediction may be luck: with this many blocks, it counts as pure luck.
 */
const LUCKY_BLOCKS = 4;
/** The weights while only the rate since the beginning counts. */
const FIRST_ONLY: readonly number[] = [1];

/** The past predictions of all forecasts for one job, and the weights of the forecasts. */
export class Hindsight {
  #forecasts: (readonly Forecast[] | undefined)[] = [];
  #weights: readonly number[] = FIRST_ONLY;
  /** The number of blocks at which the weights were computed. */
  #blocks = 0;
  /** The weighted mean of the squared errors of past predictions; 0 if there are none. */
  squaredError = 0;

  /**
   * Returns the weights of the forecasts; a single one if only the first counts.
   *
   * @param history the job so far
   * @param blocks the number of its closed blocks
   */
  weigh(history: JobHistory, blocks: number): readonly number[] {
    if (blocks === this.#blocks) return this.#weights;
    this.#blocks = blocks;
    if (blocks < MIN_BLOCKS) {
      this.squaredError = 0;
      return this.#weights = FIRST_ONLY;
    }
    return this.#weights = this.#weighed(this.#errors(history, blocks), blocks);
  }

  /**
   * Forgets past forecasts, because their blocks have been merged; the weights are then computed again when needed
   * next.
   */
  forget(): void {
    this.#forecasts = [];
    this.#blocks = 0;
  }

  #weighed(errors: readonly number[], blocks: number): readonly number[] {
    const limit = CLEARLY_BETTER * (1 - LUCKY_BLOCKS / blocks) * errors[0]!;
    const weights = errors.map((error, index) => {
      if (index >= FIRST_TREND && blocks < MIN_TREND_BLOCKS) return 0;
      const better = index === 0 ? 1 : Math.max(0, 1 - error / limit);
      return PRIORS[index]! * better * error ** -STEEPNESS;
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const squares = errors.reduce((total, error, index) => total + error * weights[index]!, 0);
    this.squaredError = Math.max(0, squares / sum - ERROR_FLOOR ** 2);
    return weights[0] === sum ? FIRST_ONLY : weights.map((weight) => weight / sum);
  }

  /** Returns the mean squared error of the logarithms of each forecast's past predictions. */
  #errors({ amounts, seconds }: JobHistory, blocks: number): number[] {
    const sums = PRIORS.map(() => 0);
    const far = blocks / 8;
    let count = 0;
    const ask = (forecasts: readonly Forecast[], from: number, to: number) => {
      const weight = Math.min(1, (to - from) / far);
      const amount = amounts[to]! - amounts[from]!;
      const actual = seconds[to]! - seconds[from]!;
      count += weight;
      for (let index = 0; index < sums.length; index++) {
        const error = Math.log(secondsFor(forecasts[index]!, amount, seconds[from]!) / actual);
        sums[index]! += weight * Math.min(error * error, MAX_SQUARED_ERROR);
      }
    };
    for (let from = blocks >> 2; from < blocks; from++) {
      const forecasts = this.#forecasts[from] ??= forecastsAt({ amounts, seconds }, from);
      const near = Math.min(blocks, from + Math.ceil(far));
      if (near < blocks) ask(forecasts, from, near);
      ask(forecasts, from, blocks);
    }
    return sums.map((sum) => sum / count + ERROR_FLOOR ** 2);
  }
}
