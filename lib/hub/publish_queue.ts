/**
 * Publishes messages in order, each one after the commit of the changes that it contains.
 *
 * @module
 */

import { formatCursor } from "../task/cursor.ts";
import type { Registry } from "../registry/registry.ts";

/**
 * A publication: a function that sends a message; `cursor` is the position of the state that the message
 * contains.
 */
export type Publish = (cursor: string) => void;

/**
 * Runs publications in order. If a publication must wait for the commit of its state, later publications
 * wait, too.
 */
export class PublishQueue implements Disposable {
  readonly #registry: Pick<Registry, "cursor" | "whenPublishable">;
  /** Resolves when all pending publications have run. */
  #pending: Promise<void> = Promise.resolve();
  #pendingCount = 0;
  #isDisposed = false;

  /** @param registry the registry whose commits the publications await */
  constructor(registry: Pick<Registry, "cursor" | "whenPublishable">) {
    this.#registry = registry;
  }

  /** Resolves when all publications that are pending now have run. */
  get whenPublished(): Promise<void> {
    return this.#pending;
  }

  /**
   * Adds a publication of the current state, which runs after earlier publications and after the commit of
   * that state, or at once if nothing must be awaited.
   *
   * @param publish called with the cursor of the current state; if the commit of that state failed, the
   * cursor has the new epoch
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

  /** Drops all pending publications. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
  }
}
