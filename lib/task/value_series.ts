/**
 * Keeps the values of one series in a bounded number of points, without losing extremes.
 *
 * @module
 */

import type { ValuePoint } from "./values.ts";

/**
 * When there are too many points, they are merged into at most this share of the maximum number of points as buckets.
 */
const BUCKET_SHARE = 1 / 4;

/**
 * The values of one series over time. Consecutive values within one _step_ of time share a bucket, of which only the
 * lowest, the highest and, while it is the last bucket, the last one are kept. When there are too many points, the step
 * grows and neighbouring buckets are merged. The first, the last, the lowest and the highest value of all are therefore
 * always kept, and which points are kept depends only on the values that were added.
 */
export class ValueSeries {
  readonly #most: number;
  #first: ValuePoint | undefined;
  /** The points of the buckets before the last one. */
  #closed: ValuePoint[] = [];
  /** The lowest, the highest and the last point of the last bucket, in the order in which they were added. */
  #open: ValuePoint[] = [];
  /** When the last bucket began, in epoch seconds. */
  #openedAt = 0;
  /** The duration of a bucket, in seconds; with 0, only values with the same time share a bucket. */
  #step = 0;

  /** @param most the maximum number of points, at least 16 */
  constructor(most: number) {
    this.#most = most;
  }

  /** The number of points that are kept. */
  get length(): number {
    return this.#first === undefined ? 0 : 1 + this.#closed.length + this.#open.length;
  }

  /** The points that are kept, oldest first. */
  get points(): readonly ValuePoint[] {
    return this.#first === undefined ? [] : [this.#first, ...this.#closed, ...this.#open];
  }

  /**
   * Adds a value.
   *
   * @param at the time of the value, in epoch seconds; if it is before the time of the last value, the time of the last
   * value is used
   * @param value a finite number
   */
  add(at: number, value: number): void {
    const last = this.#open.at(-1) ?? this.#first;
    this.#add([last === undefined ? at : Math.max(at, last[0]), value]);
    if (this.length > this.#most) this.#merge();
  }

  #add(point: ValuePoint): void {
    if (this.#first === undefined) {
      this.#first = point;
      return;
    }
    const [at] = point;
    const isSame = this.#open.length > 0 && (at - this.#openedAt < this.#step || at === this.#openedAt);
    if (!isSame) {
      this.#closed.push(...extremes(this.#open));
      this.#open = [];
      this.#openedAt = at;
    }
    const before = extremes([...this.#open, point]);
    this.#open = before.at(-1) === point ? before : [...before, point];
  }

  #merge(): void {
    const [first, ...rest] = this.points;
    const span = rest.at(-1)![0] - first![0];
    this.#step = Math.max(2 * this.#step, span / (this.#most * BUCKET_SHARE));
    this.#closed = [];
    this.#open = [];
    for (const point of rest) this.#add(point);
  }
}

/** Returns the first of the lowest points and the first of the highest points, in the order of the given points. */
function extremes(points: readonly ValuePoint[]): ValuePoint[] {
  let [lowest, highest] = [points[0], points[0]];
  for (const point of points) {
    if (point[1] < lowest![1]) lowest = point;
    if (point[1] > highest![1]) highest = point;
  }
  return points.filter((point) => point === lowest || point === highest);
}
