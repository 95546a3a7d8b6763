/**
 * Searches the logs in a database through a worker.
 *
 * @module
 */

import { startThread } from "../../threads/start_thread.ts";
import type { LogMatches } from "../log_search.ts";
import type { SearchAnswer, SearchRequest } from "./search_messages.ts";
import { storageError } from "./storage_errors.ts";

/** The maximum number of searches that take turns in the worker. */
const MAX_RUNNING = 8;

/** A search that waits for its result. */
interface Search extends PromiseWithResolvers<LogMatches> {
  /** The client whose log is searched. */
  readonly client: string;
  readonly request: SearchRequest;
}

/**
 * Searches logs. The worker starts with the first search. Searches of different clients take turns, and searches of the
 * same client run one after the other, so that searches of long logs do not delay other clients for long.
 */
export class LogSearcher implements Disposable {
  readonly #file: string;
  readonly #waiting: Search[] = [];
  readonly #running: Map<number, Search> = new Map();
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
    const search = {
      client,
      request: { id: this.#count++, file: this.#file, ...request },
      ...Promise.withResolvers<LogMatches>(),
    };
    if (this.#isClosed) search.reject(this.#error("it is closed"));
    else this.#waiting.push(search);
    this.#next();
    return search.promise;
  }

  /** Rejects unfinished searches, and terminates the worker. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#worker?.terminate();
    for (const search of this.#waiting.splice(0)) search.reject(this.#error("it is closed"));
    this.#fail(this.#error("it is closed"));
  }

  /** Sends the searches that may begin to the worker. */
  #next(): void {
    while (this.#running.size < MAX_RUNNING) {
      const busy = new Set(Array.from(this.#running.values(), ({ client }) => client));
      const index = this.#waiting.findIndex(({ client }) => !busy.has(client));
      const [search] = index === -1 ? [] : this.#waiting.splice(index, 1);
      if (search === undefined) return;
      try {
        this.#worker ??= this.#startThread();
      } catch (error) {
        search.reject(storageError(this.#file, error));
        continue;
      }
      this.#running.set(search.request.id, search);
      this.#worker.postMessage(search.request);
    }
  }

  #startThread(): Worker {
    const worker = startThread(new URL("./search_worker.ts", import.meta.url), "taskscope-search");
    worker.onmessage = ({ data }: MessageEvent<SearchAnswer>) => {
      const search = this.#running.get(data.id);
      this.#running.delete(data.id);
      if ("error" in data) search?.reject(this.#error(data.error));
      else search?.resolve(data.found);
      this.#next();
    };
    worker.onerror = (event) => {
      // An error in the worker must not end the process; the next search starts another worker.
      event.preventDefault();
      worker.terminate();
      this.#worker = undefined;
      this.#fail(this.#error(event.message));
      this.#next();
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
