/**
 * Records the values of one unfinished task over time, in bounded memory.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { NO_VALUES, type TaskValues, ValueBook } from "../task/value_book.ts";
import type { Values } from "../task/values.ts";
import { SaveClock } from "./save_clock.ts";

/** The values of one task over time, and whether they are stored. */
export class ValueHistory {
  /** The values, and when they are stored; `null` while there are none, because most tasks report none. */
  #book: ValueBook | null = null;
  #saves: SaveClock | null = null;

  /**
   * @param at the current time, in epoch seconds
   * @param known values that are already stored
   */
  constructor(at: number, known: TaskValues = NO_VALUES) {
    const startedAt = known.series[0]?.points[0]?.[0];
    if (startedAt !== undefined) this.#saves = new SaveClock(at - startedAt);
    if (known.series.length > 0) this.#book = new ValueBook(LIMITS.valuePoints, known);
  }

  /** The values that are kept. */
  get values(): TaskValues {
    return this.#book?.values ?? NO_VALUES;
  }

  /** The number of points that are kept. */
  get length(): number {
    return this.#book?.length ?? 0;
  }

  /** Whether there are values that are not stored yet. */
  get isUnsaved(): boolean {
    return this.#saves?.isUnsaved ?? false;
  }

  /**
   * Adds values.
   *
   * @param values the values, by series
   * @param at the time of values that have none of their own, in epoch seconds
   */
  add(values: Values, at: number): void {
    this.#book ??= new ValueBook(LIMITS.valuePoints);
    this.#book.add(values, at);
    (this.#saves ??= new SaveClock(0)).changed();
  }

  /**
   * Returns whether so many values are unsaved that they should be stored.
   *
   * @param leastSeconds the minimum time since the values were last stored, in seconds
   */
  isDue(leastSeconds: number): boolean {
    return this.#saves?.isDue(leastSeconds) ?? false;
  }

  /** Records that the values have been stored. */
  saved(): void {
    this.#saves?.saved();
  }
}
