/**
 * Keeps the values of one task, by series, in bounded memory.
 *
 * @module
 */

import { LIMITS } from "./grammar.ts";
import { ValueSeries } from "./value_series.ts";
import { pointsOf, type ValuePoint, type Values } from "./values.ts";

/** A series of values with its name. */
export interface NamedSeries {
  readonly name: string;
  /** The points that are kept, oldest first, at least one. */
  readonly points: readonly ValuePoint[];
}

/** The values of a task over time. */
export interface TaskValues {
  /** The series, in the order in which they were first reported. */
  readonly series: readonly NamedSeries[];
  /** The number of values that were ignored, because the task already had the maximum number of series. */
  readonly ignored: number;
}

/** The values of a task that has reported none. */
export const NO_VALUES: TaskValues = { series: [], ignored: 0 };

/** The values of one task, at most {@linkcode LIMITS.valueSeries} series; values of further series are ignored. */
export class ValueBook {
  readonly #most: number;
  readonly #series: Map<string, ValueSeries> = new Map();
  #ignored: number;

  /**
   * @param most the maximum number of points of a series
   * @param known the values so far
   */
  constructor(most: number, known: TaskValues = NO_VALUES) {
    this.#most = most;
    this.#ignored = 0;
    for (const { name, points } of known.series) this.add({ [name]: points }, 0);
    this.#ignored = known.ignored;
  }

  /** Whether the book has no values. */
  get isEmpty(): boolean {
    return this.#series.size === 0;
  }

  /** The number of points that are kept. */
  get length(): number {
    let length = 0;
    for (const series of this.#series.values()) length += series.length;
    return length;
  }

  /** The values that are kept. */
  get values(): TaskValues {
    const series = Array.from(this.#series, ([name, { points }]) => ({ name, points }));
    return { series, ignored: this.#ignored };
  }

  /** The points that are kept, by series, as reports contain them. */
  get byName(): Values {
    return Object.fromEntries(
      Array.from(this.#series, ([name, { points }]): [string, readonly ValuePoint[]] => [name, points]),
    );
  }

  /**
   * Adds values.
   *
   * @param values the values, by series
   * @param at the time of values that have none of their own, in epoch seconds
   * @returns the name of a series that was ignored, because there are too many series; `null` if all values were added
   */
  add(values: Values, at: number): string | null {
    let refused: string | null = null;
    for (const [name, given] of Object.entries(values)) {
      const points = pointsOf(given, at);
      const series = this.#seriesOf(name);
      if (series === undefined) {
        this.#ignored += points.length;
        refused = name;
      } else for (const [at, value] of points) series.add(at, value);
    }
    return refused;
  }

  #seriesOf(name: string): ValueSeries | undefined {
    const known = this.#series.get(name);
    if (known !== undefined || this.#series.size === LIMITS.valueSeries) return known;
    const series = new ValueSeries(this.#most);
    this.#series.set(name, series);
    return series;
  }
}
