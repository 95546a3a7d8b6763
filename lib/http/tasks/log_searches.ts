/**
 * Searches the logs of tasks, for the API and for pages, within limits.
 *
 * @module
 */

import type { RegistryReader } from "../../registry/registry_reader.ts";
import type { LogMatches, LogQuery } from "../../store/log_search.ts";
import { Slots } from "../slots.ts";

/** The maximum number of searches that run or wait at the same time. */
const MAX_SEARCHES = 50;

/** Searches logs. */
export class LogSearches {
  readonly #registry: Pick<RegistryReader, "searchLog">;
  readonly #slots = new Slots(MAX_SEARCHES, "searches of logs");
  /** Resolves when the next search ends. */
  #ended: PromiseWithResolvers<void> = Promise.withResolvers();

  /** @param registry the tasks and their logs */
  constructor(registry: Pick<RegistryReader, "searchLog">) {
    this.#registry = registry;
  }

  /**
   * Searches the log of a task.
   *
   * @throws {Problem} 503 if too many searches run or wait
   * @throws {StorageError} if the log cannot be read
   */
  async search(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    // The slots are shared out among the clients whose logs are searched, so that searches of one client's
    // logs leave room for others.
    const release = this.#slots.take(client);
    try {
      return await this.#registry.searchLog(client, id, query);
    } finally {
      release();
      this.#ended.resolve();
      this.#ended = Promise.withResolvers();
    }
  }

  /**
   * Continues a search whose response has already begun and can't be refused any more. If too many searches
   * run, waits until one ends.
   *
   * @throws {StorageError} if the log cannot be read
   */
  async searchOn(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    while (!this.#slots.hasRoom(client)) await this.#ended.promise;
    return await this.search(client, id, query);
  }
}
