/**
 * When something may be shown.
 *
 * @module
 */

import { formatCursor } from "../task/cursor.ts";
import type { Registry } from "../registry/registry.ts";

/** Shows something, once its cursor is known. */
export type Publish = (cursor: string) => void;

/** Shows things in order, each as soon as what it frames is committed, as far as that is to be waited for. */
export class PublishQueue implements Disposable {
  readonly #registry: Pick<Registry, "cursor" | "whenPublishable">;
  /** What waits to be shown, in order. */
  #pending: Promise<void> = Promise.resolve();
  #pendingCount = 0;
  #isDisposed = false;

  /** @param registry where what is shown comes from */
  constructor(registry: Pick<Registry, "cursor" | "whenPublishable">) {
    this.#registry = registry;
  }

  /** Resolves when all that waits now is shown. */
  get whenPublished(): Promise<void> {
    return this.#pending;
  }

  /**
   * Runs what frames the present state once that may be shown; in the order of the calls, and at once where it may.
   *
   * @param publish is given the cursor of the present state; of the other epoch where its commit has failed meanwhile
   */
  add(publish: Publish): void {
    const { cursor } = this.#registry;
    const publishable = this.#registry.whenPublishable();
    if (publishable === null && this.#pendingCount === 0) return publish(formatCursor(cursor));
    this.#pendingCount++;
    this.#pending = this.#pending.then(() => publishable).then((isCommitted) => {
      this.#pendingCount--;
      const { epoch } = isCommitted === false ? this.#registry.cursor : cursor;
      if (!this.#isDisposed) publish(formatCursor({ epoch, seq: cursor.seq }));
    });
  }

  /** Shows nothing any more. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
  }
}
