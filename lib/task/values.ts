/**
 * Defines the values that a task reports over time, such as the loss of a training.
 *
 * @module
 */

import { isValueName, LIMITS, VALUE_NAME_RULE } from "./grammar.ts";

/** A point of a series of values: the time, in epoch seconds, and the value, a finite number. */
export type ValuePoint = readonly [at: number, value: number];

/**
 * Values by the names of their series: either one value at the time of the report, or several with their times, oldest
 * first, because a reporter coalesces updates.
 */
export type Values = { readonly [name: string]: number | readonly ValuePoint[] };

/** The rule for values, to follow "wanted" in error messages. */
export const VALUES_RULE =
  `an object of at most ${LIMITS.valueSeries} finite numbers, or arrays of at most ` +
  `${LIMITS.valuePoints} [epoch seconds, number], whose keys have ${VALUE_NAME_RULE}`;

/** Returns whether a value of any type is {@linkcode Values} within the limits of one report. */
export function areValues(value: unknown): value is Values {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= LIMITS.valueSeries &&
    entries.every(([name, given]) => isValueName(name) && (isFinite(given) || arePoints(given)));
}

/** Returns the number of values in a report. */
export function countValues(values: Values): number {
  return Object.values(values).reduce<number>((sum, given) => sum + (isNumber(given) ? 1 : given.length), 0);
}

/** Returns the points of one series in a report that was made at a time, in epoch seconds. */
export function pointsOf(given: number | readonly ValuePoint[], at: number): readonly ValuePoint[] {
  return isNumber(given) ? [[at, given]] : given;
}

/** Returns a copy in which a function has replaced the times of the points. */
export function withTimes(values: Values, timeOf: (at: number) => number): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, given]) => [
      name,
      isNumber(given) ? given : given.map(([at, value]): ValuePoint => [timeOf(at), value]),
    ]),
  );
}

function arePoints(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= LIMITS.valuePoints &&
    value.every((point) => Array.isArray(point) && point.length === 2 && point.every(isFinite));
}

function isNumber(given: number | readonly ValuePoint[]): given is number {
  return typeof given === "number";
}

function isFinite(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}
