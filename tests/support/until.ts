/**
 * Polls until a condition of a test holds.
 *
 * @module
 */

/** Resolves when a condition holds; rejects if it does not hold within a timeout. */
export async function until(condition: () => boolean, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Gave up waiting for: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The pause between two polls, in milliseconds: without it, a test that waits would keep both cores busy. */
const PAUSE_MS = 10;
const DEADLINE_MS = 60_000;

/**
 * Polls a value, for example over HTTP, until the test accepts it, and returns it; rejects if that takes more
 * than a minute.
 *
 * @param ask returns the current answer
 * @param isWanted whether the test accepts an answer
 */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > end) {
      throw new Error(
        `Gave up waiting for: ${isWanted}; last, it was ${JSON.stringify(answer).slice(0, 4_000)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
