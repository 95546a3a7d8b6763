/**
 * When something may be shown.
 *
 * @module
 */

import { formatCursor } from "../task/cursor.ts";
import type { Registry } from "../registry/registry.ts";

/** Shows something, once its cursor is known. */
export type Show = (cursor: string) => void;

/** Shows things in order, each as soon as what it shows is committed, as far as that is to be waited for. */
export class PublishQueue implements Disposable {
  readonly #registry: Pick<Registry, "cursor" | "whenPublishable">;
  /** What waits to be shown, in order. */
  #held: Promise<void> = Promise.resolve();
  #heldCount = 0;
  #isDisposed = false;

  /** @param registry where what is shown comes from */
  constructor(registry: Pick<Registry, "cursor" | "whenPublishable">) {
    this.#registry = registry;
  }

  /** Resolves when all that waits now is shown. */
  get whenShown(): Promise<void> {
    return this.#held;
  }

  /**
   * Runs what shows the present state once that may be shown; in the order of the calls, and at once where it may.
   *
   * @param show is given the cursor of the present state; of the other epoch where its commit has failed meanwhile
   */
  add(show: Show): void {
    const { cursor } = this.#registry;
    const showable = this.#registry.whenPublishable();
    if (showable === null && this.#heldCount === 0) return show(formatCursor(cursor));
    this.#heldCount++;
    this.#held = this.#held.then(() => showable).then((isCommitted) => {
      this.#heldCount--;
      const { epoch } = isCommitted === false ? this.#registry.cursor : cursor;
      if (!this.#isDisposed) show(formatCursor({ epoch, seq: cursor.seq }));
    });
  }

  /** Shows nothing any more. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
  }
}
