/**
 * Values that may have to be awaited: either a value, or a promise of one.
 *
 * @module
 */

/** A value, or a promise of it. */
export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * Calls a function with a value: at once if the value is not a promise, so that nothing can change before the call;
 * otherwise once the promise resolves.
 *
 * @param value the value, or a promise of it
 * @param use called with the value
 * @returns what `use` returns
 */
export function andThen<Value, Result>(
  value: MaybePromise<Value>,
  use: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(use) : use(value);
}
