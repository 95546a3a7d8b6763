/**
 * The thread that writes to an SQLite database: a worker that is restarted if it ends.
 *
 * @module
 */

import type { StorageError } from "../../errors.ts";
import { startThread } from "../../threads/start_thread.ts";
import type { PastRunLimits } from "../past_run_store.ts";
import type { Durability } from "../store.ts";
import { storageError } from "./storage_errors.ts";
import { CheckedWrites, type WriterAnswer, type WriterRequest } from "./writer_messages.ts";

/** Sends requests to a worker, which answers them in order. */
export class WriterThread implements Disposable {
  readonly #file: string;
  readonly #durability: Durability;
  readonly #limits: PastRunLimits;
  readonly #onLoss: (error: StorageError) => void;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #worker: Worker | null;
  #checked = new CheckedWrites();
  /** The number of responses of the worker to writes, as for {@linkcode CheckedWrites}. */
  #writes = 0;

  /**
   * @param file the path of a database that has its schema
   * @param durability the durability of commits
   * @param limits how many past runs to keep, and how long
   * @param onLoss called if the file has disappeared, or the worker has ended, while no request was in progress
   * @throws {StorageError} if no file descriptors are left for the worker
   */
  constructor(
    file: string,
    durability: Durability,
    limits: PastRunLimits,
    onLoss: (error: StorageError) => void,
  ) {
    this.#file = file;
    this.#durability = durability;
    // Only these limits are copied to the worker.
    const { pastRunsPerName, pastRuns, pastRunAgeMs } = limits;
    this.#limits = { pastRunsPerName, pastRuns, pastRunAgeMs };
    this.#onLoss = onLoss;
    try {
      this.#worker = this.#start();
    } catch (error) {
      throw storageError(file, error);
    }
  }

  /**
   * Sends a request.
   *
   * @throws {StorageError} if the request fails, or the worker ends before it has responded
   */
  request(request: Exclude<WriterRequest, { readonly type: "open" }>): Promise<void> {
    const answer = Promise.withResolvers<void>();
    try {
      this.#worker ??= this.#start();
    } catch (error) {
      return Promise.reject(storageError(this.#file, error));
    }
    this.#waiting.push(answer);
    this.#worker.postMessage(request);
    return answer.promise;
  }

  /** Terminates the worker, even during a transaction, which is then rolled back. */
  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #start(): Worker {
    const worker = startThread(new URL("./writer_worker.ts", import.meta.url), "taskscope-writer");
    worker.onmessage = ({ data }: MessageEvent<WriterAnswer>) => this.#onAnswer(data);
    worker.onerror = (event) => {
      // An error in the worker must not end the process; the next request starts another worker.
      event.preventDefault();
      worker.terminate();
      this.#worker = null;
      const waiting = this.#waiting.splice(0);
      for (const { reject } of waiting) reject(this.#error(event.message));
      if (waiting.length === 0) this.#onLoss(this.#error(event.message));
    };
    this.#checked = new CheckedWrites();
    this.#writes = 0;
    const request: WriterRequest = {
      type: "open",
      file: this.#file,
      durability: this.#durability,
      pastRuns: this.#limits,
      checked: this.#checked.memory,
    };
    worker.postMessage(request);
    return worker;
  }

  #onAnswer({ to, error }: WriterAnswer): void {
    if (to === "watch") {
      // If a request is in progress, its response will report the error.
      if (error !== null && this.#waiting.length === 0) this.#onLoss(this.#error(error));
      return;
    }
    const answer = this.#waiting.shift();
    if (to === "write") this.#writes++;
    if (error !== null) answer?.reject(this.#error(error));
    else if (to !== "write" || this.#checked.has(this.#writes)) answer?.resolve();
    // The check must be that of the worker that has written, not of one that would open the file anew.
    else if (this.#worker === null) answer?.reject(this.#error("the writer has ended"));
    else this.request({ type: "check" }).then(answer?.resolve, answer?.reject);
  }

  #error(message: string): StorageError {
    return storageError(this.#file, new Error(message));
  }
}
