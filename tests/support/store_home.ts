/**
 * A place where a store can be opened, closed and opened again.
 *
 * @module
 */

import type { TaskStore } from "../../lib/store/store.ts";

/** How a {@linkcode StoreHome} opens its store. */
export interface StoreHomeOptions {
  /** Opens the store; where tasks are kept, with what it held when it was closed. */
  readonly open: () => TaskStore;
  /** Whether tasks outlive the store that they were put into. */
  readonly keepsTasks: boolean;
  /** Removes what is left when the last store is closed. */
  readonly remove?: () => void;
}

/** A store, and the way to open it again. */
export class StoreHome implements AsyncDisposable {
  readonly #options: StoreHomeOptions;
  #store: TaskStore;

  /** @param options how the store is opened */
  constructor(options: StoreHomeOptions) {
    this.#options = options;
    this.#store = options.open();
  }

  /** The store as it was opened last. */
  get store(): TaskStore {
    return this.#store;
  }

  /** Whether tasks outlive the store that they were put into. */
  get keepsTasks(): boolean {
    return this.#options.keepsTasks;
  }

  /** Closes the store and opens it again. */
  async reopen(): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
    this.#store = this.#options.open();
  }

  /** Looks at a store as it is, when it is committed and, where tasks are kept, when it was opened again. */
  async check(check: (store: TaskStore) => Promise<void> | void): Promise<void> {
    await check(this.#store);
    await this.#store.committed();
    await check(this.#store);
    if (!this.keepsTasks) return;
    await this.reopen();
    await check(this.#store);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#store[Symbol.asyncDispose]();
    } finally {
      this.#options.remove?.();
    }
  }
}
