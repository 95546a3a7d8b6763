/**
 * Commits that somebody waits for who can wait for long.
 *
 * @module
 */

import type { Registry } from "../../registry/registry.ts";

/** How soon a commit is waited for again that failed for no lasting reason, in milliseconds. */
const RETRY_MS = 100;

/** Waits for commits, also past the time in which there can be none. */
export class Commits {
  readonly #registry: Registry;
  /** Resolves when it is worth while to try again; one for all who wait, however often they come and go. */
  #recovery: Promise<void> | null = null;

  /** @param registry whose commits */
  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * Waits until every change so far is committed.
   *
   * @returns whether it is; where it is not, that may be another time, which was waited for
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
