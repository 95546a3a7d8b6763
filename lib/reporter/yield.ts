/**
 * Lets the event loop yieldToEventLoop while a loop awaits something that is always ready.
 *
 * @module
 */

/** Longest stretch of work without a turn of the event loop, in milliseconds. Short, as a request takes a few turns. */
const MAX_STRETCH_MS = 10;

const READY: Promise<void> = Promise.resolve();
let turn: Promise<void> | null = null;
let turnedMs = 0;

/**
 * A promise that is ready at once, but for one in every 10 ms, which waits for the event loop to turn: a loop of
 * `await yieldToEventLoop()` costs next to nothing, yet sockets and timers of the same isolate go on.
 *
 * @param nowMs the time, in epoch milliseconds
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
