/**
 * Waits for some time, or for a condition.
 *
 * @module
 */

/** The interval at which a condition is checked, in milliseconds. */
const LOOK_MS = 50;

/** Resolves once a condition holds, or after `timeoutMs`. */
export async function waitUntil(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (performance.now() < untilMs && !await isDone()) await delay(LOOK_MS);
}

/** Resolves after some time, or once a signal is aborted. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
