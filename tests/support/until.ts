/**
 * Polls until a condition holds.
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
