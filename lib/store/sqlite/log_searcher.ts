/**
 * Searches the logs in a database through a worker, one search at a time.
 *
 * @module
 */

import { startThread } from "../../threads/start_thread.ts";
import type { LogMatches } from "../log_search.ts";
import type { SearchAnswer, SearchRequest } from "./search_messages.ts";
import { storageError } from "./storage_errors.ts";

/** A search that waits for its answer. */
interface Search extends PromiseWithResolvers<LogMatches> {
  readonly request: SearchRequest;
}

/** Searches logs. The worker starts with the first search. */
export class LogSearcher implements Disposable {
  readonly #file: string;
  readonly #waiting: Search[] = [];
  #worker: Worker | undefined;
  #current: Search | undefined;
  #isClosed = false;

  /** @param file the path of the database */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Searches the log of a task, after all earlier searches.
   *
   * @throws {StorageError} if the log cannot be read
   */
  search(request: Omit<SearchRequest, "file">): Promise<LogMatches> {
    const search = { request: { file: this.#file, ...request }, ...Promise.withResolvers<LogMatches>() };
    if (this.#isClosed) search.reject(this.#error("it is closed"));
    else this.#waiting.push(search);
    this.#next();
    return search.promise;
  }

  /** Rejects the searches that wait, and terminates the worker. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#worker?.terminate();
    for (const search of [this.#current, ...this.#waiting.splice(0)]) {
      search?.reject(this.#error("it is closed"));
    }
    this.#current = undefined;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) return;
    try {
      this.#worker ??= this.#startThread();
    } catch (error) {
      return this.#ended((search) => search.reject(storageError(this.#file, error)));
    }
    this.#worker.postMessage(this.#current.request);
  }

  #startThread(): Worker {
    const worker = startThread(new URL("./search_worker.ts", import.meta.url), "taskscope-search");
    worker.onmessage = ({ data }: MessageEvent<SearchAnswer>) => {
      if ("error" in data) this.#ended((search) => search.reject(this.#error(data.error)));
      else this.#ended((search) => search.resolve(data.found));
    };
    worker.onerror = (event) => {
      // An error in the worker must not end the process; the next search starts another worker.
      event.preventDefault();
      worker.terminate();
      this.#worker = undefined;
      this.#ended((search) => search.reject(this.#error(event.message)));
    };
    return worker;
  }

  #ended(settle: (search: Search) => void): void {
    const search = this.#current;
    this.#current = undefined;
    if (search !== undefined) settle(search);
    this.#next();
  }

  #error(message: string): Error {
    return storageError(this.#file, new Error(message));
  }
}
