/**
 * Opens, closes and reopens a store under test.
 *
 * @module
 */

import type { TaskStore } from "../../lib/store/store.ts";

/** Options of a {@linkcode StoreHome}. */
export interface StoreHomeOptions {
  /** Opens the store, with its earlier tasks if it keeps them. */
  readonly open: () => TaskStore;
  /** Whether tasks outlive the store object. */
  readonly keepsTasks: boolean;
  /** Removes the files after the last store was closed. */
  readonly remove?: () => void;
}

/** A store that can be reopened. */
export class StoreHome implements AsyncDisposable {
  readonly #options: StoreHomeOptions;
  #store: TaskStore;

  /** @param options how to open the store */
  constructor(options: StoreHomeOptions) {
    this.#options = options;
    this.#store = options.open();
  }

  /** The current store. */
  get store(): TaskStore {
    return this.#store;
  }

  /** Whether tasks outlive the store object. */
  get keepsTasks(): boolean {
    return this.#options.keepsTasks;
  }

  /** Closes and reopens the store. */
  async reopen(): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
    this.#store = this.#options.open();
  }

  /** Runs checks on the store as it is, after a commit, and after reopening it if tasks are kept. */
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
