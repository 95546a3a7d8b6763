/**
 * Waits for commits through storage failures.
 *
 * @module
 */

import type { Registry } from "../../registry/registry.ts";

/** How long to wait after a failed commit that did not degrade the server, in milliseconds. */
const RETRY_MS = 100;

/** Waits for commits, and for the end of a degradation if one fails. */
export class Commits {
  readonly #registry: Registry;
  /** Resolves when it is worth trying again. Shared by all callers. */
  #recovery: Promise<void> | null = null;

  /** @param registry the registry whose commits to wait for */
  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * Waits until every change so far is committed.
   *
   * @returns `true` if they are committed; `false` if the commit failed, and it is now worth trying again
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
