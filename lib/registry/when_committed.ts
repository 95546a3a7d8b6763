/**
 * Waits for a commit, and continues to wait if it fails.
 *
 * @module
 */

import type { TaskStore } from "../store/store.ts";

/** Resolves with `true` once all changes so far are committed, no matter how many commits fail before. */
export async function whenCommitted(
  store: Pick<TaskStore, "committed" | "degradation" | "onDegradation">,
): Promise<
  true
> {
  for (;;) {
    try {
      await store.committed();
      return true;
    } catch {
      await whenRecovered(store);
    }
  }
}

function whenRecovered(store: Pick<TaskStore, "degradation" | "onDegradation">): Promise<void> {
  if (store.degradation === null) return Promise.resolve();
  return new Promise((resolve) => {
    const end = store.onDegradation((degradation) => {
      if (degradation !== null) return;
      end();
      resolve();
    });
  });
}
