/**
 * Searches the whole log of a task on the server, and steps through the matches.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { LogMatchPage } from "../../lib/task/wire.ts";
import { ALL_LINES, type LogFilter, type LogFindings, matchesAll } from "../shared/log_filter.ts";
import type { LogFinder as View } from "../shared/view.ts";
import type { LogRange, LogRequests } from "./log_requests.ts";

/** The delay after the last key press before a search begins, in milliseconds. */
const TYPING_MS = 200;
/** The minimum time between two searches that are repeated because the log has grown, in milliseconds. */
const REFRESH_MS = 2_000;

const NOTHING: LogMatchPage = { numbers: [], index: 0, matches: 0, searched: 0 };

/** The search of a log. */
export class LogFinder implements View {
  readonly filter: Signal<LogFilter> = signal(ALL_LINES);
  readonly findings: Signal<LogFindings | null> = signal(null);
  readonly current: Signal<number | null> = signal(null);
  readonly problem: Signal<string> = signal("");
  readonly #search: LogRequests["search"];
  /** The loaded matches, which are consecutive, and the totals. */
  #page = NOTHING;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;

  /** @param search sends a search to the server */
  constructor(search: LogRequests["search"]) {
    this.#search = search;
  }

  search(filter: LogFilter, from: number): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.filter.value = filter;
    this.#page = NOTHING;
    this.findings.value = this.current.value = null;
    this.problem.value = "";
    if (!matchesAll(filter)) this.#timer = setTimeout(() => void this.#find(from), TYPING_MS);
  }

  step(by: 1 | -1): void {
    const { numbers, index, matches } = this.#page;
    const current = this.current.peek();
    if (matches === 0) return;
    // The search found no match, but a match may have been written since.
    if (current === null) return void this.#load({ after: 0 }, 0);
    const next = numbers[numbers.indexOf(current) + by];
    if (next !== undefined) return this.#show(next);
    const isLast = by === 1 ? index + numbers.length >= matches : index === 0;
    const range = by === 1 ? { after: isLast ? 0 : current + 1 } : isLast ? {} : { before: current };
    void this.#load(range, by === 1 ? 0 : -1);
  }

  /** Repeats the search after a while, because the log has grown to `count` lines. */
  grew(count: number): void {
    const { searched } = this.#page;
    if (this.findings.peek() === null || count <= searched) return;
    this.#refreshTimer ??= setTimeout(() => {
      this.#refreshTimer = undefined;
      if (this.findings.peek() !== null) void this.#refresh();
    }, REFRESH_MS);
  }

  /** Makes the first match at or after a line the current one; if there is none, the last match before the line. */
  async #find(from: number): Promise<void> {
    await this.#load({ after: from }, 0);
    if (this.#page.matches > 0 && this.current.peek() === null) await this.#load({}, -1);
  }

  /** Loads matches, and makes the match at an index the current one; a negative index counts from the end. */
  async #load(range: LogRange, at: number): Promise<void> {
    const page = await this.#ask(range);
    if (page === null) return;
    this.#page = page;
    this.#show(page.numbers.at(at) ?? null);
  }

  /**
   * Updates the totals, and loads the matches again from the same line on: if the oldest lines are no longer kept, the
   * others have a new index.
   */
  async #refresh(): Promise<void> {
    const [first] = this.#page.numbers;
    const page = await this.#ask(first === undefined ? {} : { after: first });
    if (page === null) return;
    this.#page = page;
    this.#show(this.current.peek());
  }

  async #ask(range: LogRange): Promise<LogMatchPage | null> {
    this.#request?.abort();
    const request = this.#request = new AbortController();
    try {
      const page = await this.#search(this.filter.peek(), range, request.signal);
      if (request.signal.aborted) return null;
      this.problem.value = "";
      return page;
    } catch (error) {
      if (!request.signal.aborted) {
        this.problem.value = error instanceof Error ? error.message : String(error);
      }
      return null;
    }
  }

  #show(number: number | null): void {
    const { numbers, index, matches, searched } = this.#page;
    this.current.value = number;
    const at = number === null ? -1 : numbers.indexOf(number);
    this.findings.value = { matches, searched, index: at === -1 ? null : index + at };
  }
}
