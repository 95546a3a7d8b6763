/**
 * Loads the parts of a log that a page shows, and caches the most recently used parts.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { LogLine } from "../../lib/task/task.ts";
import type { LogPage } from "../../lib/task/wire.ts";
import type { LogRequests } from "./log_requests.ts";
import type { LogPages as View } from "../shared/view.ts";

/** The number of lines that one request loads. */
export const PAGE_LINES = 500;
/** The maximum number of cached pages. */
const MAX_PAGES = 20;
/** The delay before a failed request is repeated, in milliseconds. */
const RETRY_MS = 2_000;

/** The lines of a page that a request returned, from the first line that the server still keeps. */
type Loaded = Pick<LogPage, "first" | "lines">;

/** The pages of a log. */
export class LogPages implements View {
  readonly version: Signal<number> = signal(0);
  readonly problem: Signal<string> = signal("");
  readonly #load: LogRequests["lines"];
  readonly #onGone: (from: number, first: number) => void;
  /** The loaded pages by their index, in the order of their last use. */
  readonly #pages: Map<number, Loaded> = new Map();
  readonly #requested: Set<number> = new Set();

  /**
   * @param load fetches up to `limit` lines, starting at a line number
   * @param onGone called with a line that was requested, and the first line after it that the server still keeps, if they
   * differ
   */
  constructor(load: LogRequests["lines"], onGone: (from: number, first: number) => void = () => {}) {
    this.#load = load;
    this.#onGone = onGone;
  }

  line(number: number): LogLine | undefined {
    const page = this.#pages.get(pageOf(number));
    return page?.lines[number - page.first];
  }

  want(from: number, to: number): void {
    for (let index = pageOf(from); index <= pageOf(to - 1); index++) {
      const page = this.#pages.get(index);
      if (page !== undefined) {
        this.#pages.delete(index);
        this.#pages.set(index, page);
      }
      // The page may have been loaded before its last lines were written.
      const end = Math.min(to, (index + 1) * PAGE_LINES);
      if (page === undefined || page.first + page.lines.length < end) void this.#request(index);
    }
  }

  /** Drops all lines, because another task has reused the id. */
  clear(): void {
    this.#pages.clear();
    this.version.value++;
  }

  async #request(index: number): Promise<void> {
    if (this.#requested.has(index)) return;
    this.#requested.add(index);
    try {
      const from = index * PAGE_LINES;
      const { first, lines } = await this.#load(from, PAGE_LINES);
      // If the oldest lines are no longer kept, the response may begin on a later page.
      const end = Math.max(0, from + PAGE_LINES - first);
      this.#pages.set(index, { first, lines: lines.slice(0, end) });
      const [oldest] = this.#pages.keys();
      if (this.#pages.size > MAX_PAGES) this.#pages.delete(oldest!);
      this.problem.value = "";
      this.#requested.delete(index);
      if (first > from) this.#onGone(from, first);
    } catch (error) {
      this.problem.value = error instanceof Error ? error.message : String(error);
      setTimeout(() => {
        this.#requested.delete(index);
        this.version.value++;
      }, RETRY_MS);
    }
    this.version.value++;
  }
}

function pageOf(number: number): number {
  return Math.floor(number / PAGE_LINES);
}
