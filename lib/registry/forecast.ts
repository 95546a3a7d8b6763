/**
 * Predicts how long an amount of work will take, in several ways that suit different kinds of jobs.
 *
 * @module
 */

/**
 * The history of a job: the amounts and the seconds from its beginning to the end of each block; index 0 is the
 * beginning.
 */
export interface JobHistory {
  readonly amounts: readonly number[];
  readonly seconds: readonly number[];
}

/** The bounds of {@linkcode Forecast.power}. */
const MIN_POWER = -0.7;
const MAX_POWER = 1.5;
/** A rate that changes with progress is extrapolated until it has grown or shrunk by this factor. */
const MAX_CHANGE = 1 / 0.3;
/**
 * For each of these shares of the blocks so far, counted back from the newest one, a forecast assumes that their rate
 * continues. The first share is all blocks.
 */
const SHARES = [1, 1 / 2, 1 / 4, 1 / 8];
/** For each kind of trend, two forecasts continue it: dampened by half, and in full. */
const TRENDS = [0.5, 1];

/** The weights of the forecasts before any of them has proved itself, in the order of {@linkcode forecastsAt}. */
export const PRIORS: readonly number[] = [1, 2, 2, 2, 0.5, 0.3, 0.3, 0.6, 0.6];
/** The index of the first forecast that continues a trend. */
export const FIRST_TREND = 5;

/** A predicted rate, and how it changes. */
export interface Forecast {
  /** The current rate, in units per second. */
  readonly rate: number;
  /** The exponent p of a rate that is proportional to time^p; 0 if the rate is constant. */
  readonly power: number;
  /** The change of the rate per unit of progress; 0 if there is none. */
  readonly slope: number;
}

/**
 * Returns all forecasts at the end of a block: the rate since the beginning, over the recent half, quarter and
 * eighth, and since the clearest change of pace; and two kinds of trends, each dampened and in full.
 *
 * @param history the job so far
 * @param block the number of blocks
 * @param closed the number of closed blocks; an open block may be too short to have a rate of its own
 */
export function forecastsAt(history: JobHistory, block: number, closed: number = block): Forecast[] {
  const latest = Math.max(0, closed - 1);
  const forecasts = SHARES.map((share) =>
    constant(history, Math.min(latest, Math.round(block - share * block)), block)
  );
  const [whole] = forecasts;
  forecasts.push(constant(history, changeBefore(history, block, latest), block));
  if (block < 2) return [...forecasts, whole!, whole!, whole!, whole!];
  const half = block >> 1;
  const [middle, end] = [history.seconds[half]!, history.seconds[block]!];
  const rate = rateOver(history, half, block);
  const growth = Math.log(rate / rateOver(history, 0, half));
  for (const share of TRENDS) {
    const power = Math.max(
      MIN_POWER,
      Math.min(MAX_POWER, share * growth / Math.log((end + middle) / middle)),
    );
    forecasts.push({ rate: rate * (2 * end / (end + middle)) ** power, power, slope: 0 });
  }
  for (const share of TRENDS) {
    // A rate that is linear in progress grows exponentially with time.
    const slope = share * growth / (end / 2);
    forecasts.push({ rate: rate * Math.exp(slope * (end - middle) / 2), power: 0, slope });
  }
  return forecasts;
}

/** Returns a forecast that the mean rate between two moments continues. */
export function constant(history: JobHistory, from: number, to: number): Forecast {
  return { rate: rateOver(history, from, to), power: 0, slope: 0 };
}

function rateOver({ amounts, seconds }: JobHistory, from: number, to: number): number {
  return (amounts[to]! - amounts[from]!) / (seconds[to]! - seconds[from]!);
}

/**
 * Returns after which block, up to the latest, the rate changed most clearly: the split with the largest variance between
 * its parts.
 */
function changeBefore(history: JobHistory, block: number, latest: number): number {
  let [from, clearest] = [0, 0];
  for (let split = 1; split <= latest; split++) {
    const change = Math.log(rateOver(history, 0, split) / rateOver(history, split, block));
    const clarity = change * change * split * (block - split);
    if (clarity > clearest) [from, clearest] = [split, clarity];
  }
  return from;
}

/**
 * Returns how long an amount takes, in seconds.
 *
 * @param forecast the forecast
 * @param amount the amount of work
 * @param elapsed the seconds since the beginning
 */
export function secondsFor({ rate, power, slope }: Forecast, amount: number, elapsed: number): number {
  if (slope !== 0) {
    const change = Math.max(1 / MAX_CHANGE, Math.min(MAX_CHANGE, 1 + slope * amount / rate));
    const changing = (change - 1) * rate / slope;
    return Math.log(change) / slope + (amount - changing) / (rate * change);
  }
  if (power === 0) return amount / rate;
  return elapsed * ((1 + (power + 1) * amount / (rate * elapsed)) ** (1 / (power + 1)) - 1);
}
