/**
 * Searches the logs in a database through a worker.
 *
 * @module
 */

import { startThread } from "../../threads/start_thread.ts";
import { ClientTurns } from "../client_turns.ts";
import type { LogMatches } from "../log_search.ts";
import type { SearchAnswer, SearchRequest } from "./search_messages.ts";
import { storageError } from "./storage_errors.ts";

/** The maximum number of searches that take turns in the worker. */
const MAX_RUNNING = 8;

/**
 * Searches logs. The worker starts with the first search. Searches of different clients take turns, and searches of the
 * same client run one after the other, so that searches of long logs do not delay other clients for long.
 */
export class LogSearcher implements Disposable {
  readonly #file: string;
  readonly #turns = new ClientTurns(MAX_RUNNING);
  readonly #running: Map<number, PromiseWithResolvers<LogMatches>> = new Map();
  #worker: Worker | undefined;
  #count = 0;
  #isClosed = false;

  /** @param file the path of the database */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Searches the log of a task, after all earlier searches of the same client.
   *
   * @throws {StorageError} if the log cannot be read
   */
  search(client: string, request: Omit<SearchRequest, "id" | "file">): Promise<LogMatches> {
    return this.#turns.run(client, () => this.#send({ id: this.#count++, file: this.#file, ...request }));
  }

  /** Rejects unfinished searches, and terminates the worker. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#worker?.terminate();
    this.#fail(this.#error("it is closed"));
  }

  /** Sends a search to the worker. */
  #send(request: SearchRequest): Promise<LogMatches> {
    const search = Promise.withResolvers<LogMatches>();
    try {
      if (this.#isClosed) throw new Error("it is closed");
      this.#worker ??= this.#startThread();
      this.#worker.postMessage(request);
      this.#running.set(request.id, search);
    } catch (error) {
      search.reject(storageError(this.#file, error));
    }
    return search.promise;
  }

  #startThread(): Worker {
    const worker = startThread(new URL("./search_worker.ts", import.meta.url), "taskscope-search");
    worker.onmessage = ({ data }: MessageEvent<SearchAnswer>) => {
      const search = this.#running.get(data.id);
      this.#running.delete(data.id);
      if ("error" in data) search?.reject(this.#error(data.error));
      else search?.resolve(data.found);
    };
    worker.onerror = (event) => {
      // An error in the worker must not end the process; the next search starts another worker.
      event.preventDefault();
      worker.terminate();
      this.#worker = undefined;
      this.#fail(this.#error(event.message));
    };
    return worker;
  }

  /** Rejects the searches that the worker has not completed. */
  #fail(error: Error): void {
    for (const search of this.#running.values()) search.reject(error);
    this.#running.clear();
  }

  #error(message: string): Error {
    return storageError(this.#file, new Error(message));
  }
}
