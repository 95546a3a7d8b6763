/**
 * Publishes messages in order, each after the commit of what it contains.
 *
 * @module
 */

import { formatCursor } from "../task/cursor.ts";
import type { Registry } from "../registry/registry.ts";

/** Publishes something; `cursor` is the position of the state that it contains. */
export type Publish = (cursor: string) => void;

/**
 * Runs publications in order, each after the commit of the state that it contains, if that must be awaited.
 */
export class PublishQueue implements Disposable {
  readonly #registry: Pick<Registry, "cursor" | "whenPublishable">;
  /** Resolves when all pending publications have run. */
  #pending: Promise<void> = Promise.resolve();
  #pendingCount = 0;
  #isDisposed = false;

  /** @param registry the source of what is published */
  constructor(registry: Pick<Registry, "cursor" | "whenPublishable">) {
    this.#registry = registry;
  }

  /** Resolves when everything that is pending now is published. */
  get whenPublished(): Promise<void> {
    return this.#pending;
  }

  /**
   * Runs a publication of the present state, after earlier ones and after the commit of that state; at once
   * if nothing must be awaited.
   *
   * @param publish called with the cursor of the present state; if its commit failed, the cursor has the new
   * epoch
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

  /** Drops everything that is pending. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
  }
}
