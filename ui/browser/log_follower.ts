/**
 * Fetches a task's log lines as it writes them: one request at a time.
 *
 * @module
 */

import { effect } from "@preact/signals";
import type { LiveTaskPage } from "./task_state.ts";
import { readLogPage } from "../../lib/task/wire.ts";

/** Least time between two requests, in milliseconds. */
const INTERVAL_MS = 250;
/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Keeps the log of a page complete. */
export class LogFollower implements Disposable {
  readonly #page: LiveTaskPage;
  readonly #url: string;
  readonly #stop: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  /** Somebody asked for more while a request was under way. */
  #isWanted = false;
  #isEnded = false;

  /**
   * @param page the page of the task
   * @param url where the task's log is
   */
  constructor(page: LiveTaskPage, url: string) {
    this.#page = page;
    this.#url = url;
    this.#stop = effect(() => {
      if (page.nextLogLine() !== null) this.check();
    });
  }

  /** Asks for what is missing: now, or after the request that is under way. */
  check(): void {
    if (this.#isEnded) return;
    this.#isWanted = this.#isAsking;
    if (this.#isAsking) return;
    const { value: task } = this.#page.view.task;
    const after = this.#page.nextLogLine();
    if (after !== null) void this.#ask(after, task.created_at);
  }

  /** Asks for nothing more. */
  [Symbol.dispose](): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#isEnded = true;
  }

  async #ask(after: number, createdAt: number): Promise<void> {
    const page = this.#page;
    this.#isAsking = true;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(`${this.#url}?after=${after}`, { signal });
      const answer = readLogPage(await response.json(), after);
      // Meanwhile another task may have taken the id.
      const isSame = page.view.task.value.created_at === createdAt;
      if (response.ok && isSame) page.addLog(answer, after);
    } catch {
      // The connection's badge says that the server is gone; it is asked again when it is back.
    }
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      this.#isAsking = false;
      const next = page.nextLogLine();
      if (this.#isWanted || (next !== null && next !== after)) this.check();
    }, INTERVAL_MS);
  }
}
