/**
 * Fetches the data of a task that a page lacks, with one request at a time.
 *
 * @module
 */

import { effect } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { Readable } from "../shared/view.ts";

/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Data of a task that a page keeps complete. */
export interface Followed {
  /** The newest record of the task. */
  readonly task: Readable<Task>;
  /**
   * Returns the position after which data has to be fetched, such as a line number or a time; `null` if none is
   * missing.
   */
  next(): number | null;
  /** Adds the data after a position, given the body of the response to the request for it. */
  add(body: unknown, after: number): void;
}

/** Keeps data of a task complete. */
export class Follower implements Disposable {
  readonly #data: Followed;
  readonly #urlAfter: (after: number) => string;
  readonly #intervalMs: number;
  readonly #stop: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  /** Whether another check was requested while a request was in flight. */
  #isWanted = false;
  #isEnded = false;

  /**
   * @param data the data that the page has
   * @param urlAfter returns the URL of the data after a position
   * @param intervalMs the minimum time between two requests, in milliseconds
   */
  constructor(data: Followed, urlAfter: (after: number) => string, intervalMs: number) {
    this.#data = data;
    this.#urlAfter = urlAfter;
    this.#intervalMs = intervalMs;
    this.#stop = effect(() => {
      if (data.next() !== null) this.check();
    });
  }

  /** Fetches missing data: at once, or after the response to the request in flight. */
  check(): void {
    if (this.#isEnded) return;
    this.#isWanted = this.#isAsking;
    if (this.#isAsking) return;
    const after = this.#data.next();
    if (after !== null) void this.#ask(after, this.#data.task.value.created_at);
  }

  /** Stops fetching. */
  [Symbol.dispose](): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#isEnded = true;
  }

  async #ask(after: number, createdAt: number): Promise<void> {
    const data = this.#data;
    this.#isAsking = true;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(this.#urlAfter(after), { signal });
      const body: unknown = await response.json();
      // Another task may have reused the id during the request.
      const isSame = data.task.value.created_at === createdAt;
      if (response.ok && isSame) data.add(body, after);
    } catch {
      // The error is ignored: the connection badge shows that the server is unreachable, and a reconnect triggers
      // another check.
    }
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      this.#isAsking = false;
      const next = data.next();
      if (this.#isWanted || (next !== null && next !== after)) this.check();
    }, this.#intervalMs);
  }
}
