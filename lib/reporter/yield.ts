/**
 * Yields to the event loop in loops that only await settled promises.
 *
 * @module
 */

/**
 * The longest time without a turn of the event loop, in milliseconds. It is short because serving one request
 * takes several turns.
 */
const MAX_STRETCH_MS = 10;

const READY: Promise<void> = Promise.resolve();
let turn: Promise<void> | null = null;
let turnedMs = 0;

/**
 * Returns a promise for `await` in tight loops. Most of the time it is resolved already; once in every 10 ms
 * it waits for a turn of the event loop, so that sockets and timers of the same isolate are served.
 *
 * @param nowMs the current time, in epoch milliseconds
 * @returns a promise to await
 */
export function yieldToEventLoop(nowMs: number): Promise<void> {
  if (turn !== null) return turn;
  const since = nowMs - turnedMs;
  if (since >= 0 && since < MAX_STRETCH_MS) return READY;
  turn = new Promise((resolve) =>
    setTimeout(() => {
      turn = null;
      turnedMs = Date.now();
      resolve();
    }, 0)
  );
  return turn;
}
