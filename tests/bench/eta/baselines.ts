/**
 * The estimates that Taskscope's are compared with.
 *
 * @module
 */

/** Estimates the end of a job from its position. */
export interface Baseline {
  /**
   * Takes a report.
   *
   * @param at seconds since the start of the job
   * @param position what is done
   * @param total the whole, in the same unit
   */
  report(at: number, position: number, total: number): void;
  /**
   * Returns the remaining time in seconds.
   *
   * @param at seconds since the start of the job
   * @returns the remaining time; `null` if there is no estimate
   */
  left(at: number): number | null;
}

/** What is left takes as long per unit as what is done has taken since the start. */
export class LinearFromStart implements Baseline {
  #position = 0;
  #total = 0;

  report(_at: number, position: number, total: number): void {
    this.#position = position;
    this.#total = total;
  }

  left(at: number): number | null {
    if (this.#position <= 0 || at <= 0) return null;
    return at * (this.#total - this.#position) / this.#position;
  }
}

const SMOOTHING = 0.3;
const MIN_INTERVAL = 0.1;
const MAX_INTERVAL = 10;

/** The moving average of tqdm, class `EMA`. */
class MovingAverage {
  #last = 0;
  #calls = 0;

  add(value: number): void {
    this.#last = SMOOTHING * value + (1 - SMOOTHING) * this.#last;
    this.#calls++;
  }

  get value(): number {
    return this.#calls === 0 ? this.#last : this.#last / (1 - (1 - SMOOTHING) ** this.#calls);
  }
}

/**
 * The remaining time of tqdm 4.64 with its defaults, for a bar that is moved by `update()`: `tqdm.update()`,
 * `tqdm.format_meter()`, and `TMonitor`, which resets `miniters` after ten seconds without output.
 */
export class Tqdm implements Baseline {
  #initial: number | null = null;
  #position = 0;
  #total = 0;
  #printedPosition = 0;
  #printedAt = 0;
  #minSteps = 0;
  readonly #steps = new MovingAverage();
  readonly #intervals = new MovingAverage();
  readonly #stepsPerPrint = new MovingAverage();

  report(at: number, position: number, total: number): void {
    this.#total = total;
    if (this.#initial === null) {
      this.#initial = this.#position = this.#printedPosition = position;
      this.#printedAt = at;
      return;
    }
    const step = position - this.#position;
    if (step < 0) this.#printedPosition += step;
    this.#position = position;
    const interval = at - this.#printedAt;
    if (this.#minSteps > 1 && interval >= MAX_INTERVAL) this.#minSteps = 1;
    const moved = position - this.#printedPosition;
    if (moved < this.#minSteps || interval < MIN_INTERVAL) return;
    if (moved !== 0) {
      this.#steps.add(moved);
      this.#intervals.add(interval);
    }
    if (interval >= MAX_INTERVAL) this.#minSteps = moved * MIN_INTERVAL / interval;
    else {
      this.#stepsPerPrint.add(moved * MIN_INTERVAL / interval);
      this.#minSteps = this.#stepsPerPrint.value;
    }
    this.#printedPosition = position;
    this.#printedAt = at;
  }

  left(at: number): number | null {
    const interval = this.#intervals.value;
    const rate = interval > 0
      ? this.#steps.value / interval
      : (this.#position - (this.#initial ?? this.#position)) / at;
    return rate > 0 ? (this.#total - this.#position) / rate : null;
  }
}
