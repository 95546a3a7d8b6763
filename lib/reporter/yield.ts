/**
 * Lets the event loop run during loops that only await settled promises.
 *
 * @module
 */

/**
 * The maximum time between two turns of the event loop, in milliseconds; short, because serving one request
 * takes several turns of the event loop.
 */
const MAX_STRETCH_MS = 10;

const READY: Promise<void> = Promise.resolve();
let turn: Promise<void> | null = null;
let turnedMs = 0;

/**
 * Returns a promise to await in tight loops. Most of the time, the promise is already resolved; once every 10
 * ms, it waits for a turn of the event loop, so that sockets and timers of the same isolate are served.
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
