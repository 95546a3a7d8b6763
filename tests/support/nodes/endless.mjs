/**
 * A function to start in a node; the executable loads only JavaScript.
 *
 * @module
 */

/** Runs until it is cancelled, or its node ends. */
export async function endless(task) {
  await new Promise((_, reject) => {
    task.signal.addEventListener("abort", () => reject(task.signal.reason), { once: true });
  });
}
