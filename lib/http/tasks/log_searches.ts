/**
 * Searches the logs of tasks, for the API and for pages, within limits.
 *
 * @module
 */

import type { RegistryReader } from "../../registry/registry_reader.ts";
import type { LogMatches, LogQuery } from "../../store/log_search.ts";
import { limitReached } from "../problem.ts";
import { Slots } from "../slots.ts";

/** The maximum number of searches that run or wait at the same time. */
const MAX_SEARCHES = 50;
/** The maximum number of them in the logs of one client, so that who may read these leaves room for others. */
const MAX_PER_CLIENT = 25;

/** Searches logs. */
export class LogSearches {
  readonly #registry: Pick<RegistryReader, "searchLog">;
  readonly #slots = new Slots(MAX_SEARCHES, "searches of logs");
  readonly #byClient: Map<string, number> = new Map();
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
    const others = this.#byClient.get(client) ?? 0;
    if (others >= MAX_PER_CLIENT) {
      throw limitReached(`The limit of ${MAX_PER_CLIENT} searches of the logs of one client is reached`);
    }
    const release = this.#slots.take();
    this.#byClient.set(client, others + 1);
    try {
      return await this.#registry.searchLog(client, id, query);
    } finally {
      release();
      const left = this.#byClient.get(client)! - 1;
      if (left > 0) this.#byClient.set(client, left);
      else this.#byClient.delete(client);
      this.#ended.resolve();
      this.#ended = Promise.withResolvers();
    }
  }

  /**
   * Searches on for a response that has begun, so that it cannot be refused any more: waits until there is room.
   *
   * @throws {StorageError} if the log cannot be read
   */
  async searchOn(client: string, id: string, query: LogQuery): Promise<LogMatches> {
    while (!this.#hasRoom(client)) await this.#ended.promise;
    return await this.search(client, id, query);
  }

  #hasRoom(client: string): boolean {
    return this.#slots.taken < MAX_SEARCHES && (this.#byClient.get(client) ?? 0) < MAX_PER_CLIENT;
  }
}
