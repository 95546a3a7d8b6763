/**
 * Fetches new lines of a task's log, one request at a time.
 *
 * @module
 */

import { effect } from "@preact/signals";
import type { LiveLog } from "./live_log.ts";
import { readLogPage } from "../../lib/task/wire.ts";

/** The minimum time between two requests, in milliseconds. */
const INTERVAL_MS = 250;
/** The timeout of a request, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Keeps a log complete. */
export class LogFollower implements Disposable {
  readonly #log: LiveLog;
  readonly #url: string;
  readonly #stop: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  /** Whether another check was requested while a request was in flight. */
  #isWanted = false;
  #isEnded = false;

  /**
   * @param log the lines that the page has
   * @param url the URL of the task's log
   */
  constructor(log: LiveLog, url: string) {
    this.#log = log;
    this.#url = url;
    this.#stop = effect(() => {
      if (log.next() !== null) this.check();
    });
  }

  /** Fetches missing lines: now, or after the response to the request in flight. */
  check(): void {
    if (this.#isEnded) return;
    this.#isWanted = this.#isAsking;
    if (this.#isAsking) return;
    const after = this.#log.next();
    if (after !== null) void this.#ask(after, this.#log.task.value.created_at);
  }

  /** Stops fetching. */
  [Symbol.dispose](): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#isEnded = true;
  }

  async #ask(after: number, createdAt: number): Promise<void> {
    const log = this.#log;
    this.#isAsking = true;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(`${this.#url}?after=${after}`, { signal });
      const answer = readLogPage(await response.json(), after);
      // Another task may have reused the id during the request.
      const isSame = log.task.value.created_at === createdAt;
      if (response.ok && isSame) log.add(answer, after);
    } catch {
      // The connection badge shows that the server is unreachable; a reconnect triggers another check.
    }
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      this.#isAsking = false;
      const next = log.next();
      if (this.#isWanted || (next !== null && next !== after)) this.check();
    }, INTERVAL_MS);
  }
}
