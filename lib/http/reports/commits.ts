/**
 * Waits for commits, even while the store is degraded.
 *
 * @module
 */

import type { TaskRegistry } from "../../registry/task_registry.ts";

/** How long to wait after a failed commit that did not degrade the server, in milliseconds. */
const RETRY_MS = 100;

/** Waits for commits. If a commit fails, waits until the store is no longer degraded. */
export class Commits {
  readonly #registry: TaskRegistry;
  /** Resolves when a failed commit is worth a retry; all callers share this promise. */
  #recovery: Promise<void> | null = null;

  /** @param registry the registry whose commits to wait for */
  constructor(registry: TaskRegistry) {
    this.#registry = registry;
  }

  /**
   * Waits until every change so far is committed.
   *
   * @returns `true` if the changes are committed; `false` if the commit failed and is now worth a retry
   */
  async committed(): Promise<boolean> {
    try {
      await this.#registry.committed();
      return true;
    } catch {
      await (this.#recovery ??= this.#recovered());
      return false;
    }
  }

  async #recovered(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#registry.degradation === null) return void setTimeout(resolve, RETRY_MS);
      const stop = this.#registry.onDegradation((degradation) => {
        if (degradation !== null) return;
        stop();
        resolve();
      });
    });
    this.#recovery = null;
  }
}
