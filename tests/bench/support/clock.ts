/**
 * Time that several processes of a machine agree on, and turns of the event loop.
 *
 * @module
 */

/** The time in epoch milliseconds, finer than `Date.now()`. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** Waits for so many milliseconds; with 0, for the event loop to turn. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Calls a function at even times.
 *
 * @param count how often
 * @param intervalMs the time between two calls, in milliseconds
 * @param call what to do
 */
export async function tick(count: number, intervalMs: number, call: () => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    await pause(intervalMs);
    call();
  }
}
