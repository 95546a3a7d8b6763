/**
 * Values that may have to be awaited: they are at hand, or a promise of them.
 *
 * @module
 */

/** A value, or a promise of it. */
export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * Uses a value as soon as it is there: at once if it is at hand, so that nothing can change before it is used.
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
