/**
 * Keeps the values of a task until they are reported.
 *
 * @module
 */

import { isValueName, LIMITS, VALUE_NAME_RULE } from "../task/grammar.ts";
import { ValueBook } from "../task/value_book.ts";
import type { Values } from "../task/values.ts";

/**
 * The unreported values of one task, and the reported values for a receiver that has lost the task.
 * Unreported and reported values are limited in number; the lowest and the highest values are always kept.
 */
export class UnsentValues {
  #unsent: ValueBook | null = null;
  #reported: ValueBook | null = null;
  /**
   * The names of all series so far. No name is ever removed, so that a task never reports more series than
   * the limit.
   */
  readonly #names: Set<string> = new Set();

  /**
   * Adds values from user code.
   *
   * @param given an object of numbers
   * @param at the current time, in epoch seconds
   * @param warn called with the reason why a value is ignored
   */
  add(given: unknown, at: number, warn: (reason: string) => void): void {
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      return warn("values must be an object of numbers");
    }
    for (const name of Object.keys(given)) {
      const value = (given as Record<string, unknown>)[name];
      if (!isValueName(name)) warn(`the name of a value must have ${VALUE_NAME_RULE}`);
      else if (typeof value !== "number" || !Number.isFinite(value)) {
        warn(`the value "${name}" must be a finite number`);
      } else if (!this.#takes(name)) warn(`a task has at most ${LIMITS.valueSeries} series of values`);
      else (this.#unsent ??= newBook()).add({ [name]: value }, at);
    }
  }

  /** Returns the values to report, and keeps a copy; `undefined` if there are no values. */
  take(): Values | undefined {
    if (this.#unsent === null) return undefined;
    const values = this.#unsent.byName;
    this.#unsent = null;
    (this.#reported ??= newBook()).add(values, 0);
    return values;
  }

  /** Reports all values again. */
  restate(): void {
    if (this.#reported === null) return;
    if (this.#unsent !== null) this.#reported.add(this.#unsent.byName, 0);
    [this.#unsent, this.#reported] = [this.#reported, null];
  }

  #takes(name: string): boolean {
    if (this.#names.has(name)) return true;
    if (this.#names.size === LIMITS.valueSeries) return false;
    this.#names.add(name);
    return true;
  }
}

function newBook(): ValueBook {
  return new ValueBook(LIMITS.unsentValuePoints);
}
