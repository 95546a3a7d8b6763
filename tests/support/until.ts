/**
 * Polls until something is as a test wants it.
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

/** The pause between two questions, in milliseconds: without one, a test that waits would keep both cores busy. */
const PAUSE_MS = 10;
const DEADLINE_MS = 60_000;

/**
 * Asks, for example over HTTP, until the answer is the wanted one, and returns it; rejects if it is not within a minute.
 *
 * @param ask returns the answer as of now
 * @param isWanted whether the test may go on with an answer
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
