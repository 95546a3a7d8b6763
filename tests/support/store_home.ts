/**
 * Opens, closes and reopens a store under test.
 *
 * @module
 */

import type { TaskStore } from "../../lib/store/store.ts";

/** Options of a {@linkcode StoreHome}. */
export interface StoreHomeOptions {
  /** Opens the store; if it keeps tasks, it has those of the store that was open before. */
  readonly open: () => TaskStore | Promise<TaskStore>;
  /** Whether the tasks still exist after the store was closed and reopened. */
  readonly keepsTasks: boolean;
  /** Removes the store's files; called after the store was closed for the last time. */
  readonly remove?: () => void | Promise<void>;
}

/** A store that can be reopened. */
export class StoreHome implements AsyncDisposable {
  readonly #options: StoreHomeOptions;
  #store: TaskStore;

  private constructor(options: StoreHomeOptions, store: TaskStore) {
    this.#options = options;
    this.#store = store;
  }

  /** Opens a store. */
  static async open(options: StoreHomeOptions): Promise<StoreHome> {
    return new StoreHome(options, await options.open());
  }

  /** The open store. */
  get store(): TaskStore {
    return this.#store;
  }

  /** Whether the tasks still exist after the store was closed and reopened. */
  get keepsTasks(): boolean {
    return this.#options.keepsTasks;
  }

  /** Closes and reopens the store. */
  async reopen(): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
    this.#store = await this.#options.open();
  }

  /** Runs a check immediately, again after a commit, and again after reopening the store if it keeps tasks. */
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
      await this.#options.remove?.();
    }
  }
}
