/**
 * Reads a clock that all processes of a machine share, and waits for a time.
 *
 * @module
 */

/** Returns the time in epoch milliseconds, with a finer resolution than `Date.now()`. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** Waits for a number of milliseconds; 0 waits for one turn of the event loop. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Calls a function at a fixed interval.
 *
 * @param count the number of calls
 * @param intervalMs the time between two calls, in milliseconds
 * @param call the function to call
 */
export async function tick(count: number, intervalMs: number, call: () => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    await pause(intervalMs);
    call();
  }
}
