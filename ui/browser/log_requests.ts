/**
 * The requests for the log of a task page.
 *
 * @module
 */

import {
  type LogMatchPage,
  type LogPage,
  readLogMatches,
  readLogPage,
  readNumberedLines,
} from "../../lib/task/wire.ts";
import { filterParams, type LogFilter } from "../shared/log_filter.ts";
import type { MarkLine } from "../shared/log_groups.ts";
import { ANSWER_TIMEOUT_MS, call, send } from "./requests.ts";

/** The number of matching lines that one request for a search returns. */
const MATCHES_PER_REQUEST = 500;

/** The maximum number of lines that begin or end groups in a response. */
const MARKS_PER_REQUEST = 10_000;

/**
 * Selects which matches a search returns: with `after`, the oldest ones from that line on; otherwise the newest ones,
 * before line `before` if it is given.
 */
export type LogRange = { readonly after: number } | { readonly before?: number };

/** Reads a log. Each request rejects with an error whose message can be shown to the user. */
export interface LogRequests {
  /** Fetches up to `limit` lines, starting at line number `from`. */
  lines(from: number, limit: number): Promise<LogPage>;
  /** Fetches the lines of a range that match a filter. */
  search(filter: LogFilter, range: LogRange, signal: AbortSignal): Promise<LogMatchPage>;
  /**
   * Fetches the lines that begin or end a group, from line number `from` to before `to`; if there are too many, only
   * the oldest.
   */
  marks(from: number, to: number): Promise<MarkLine[]>;
  /**
   * Fetches the number of the first line that was written at or after a time, in epoch seconds; if there is none, the
   * number of the next line.
   */
  firstSince(at: number): Promise<number>;
}

/** @param url the URL of the log */
export function logRequests(url: string): LogRequests {
  return {
    async lines(from, limit) {
      return readLogPage(await call("GET", `${url}?after=${from}&limit=${limit}`), from);
    },
    async search(filter, range, signal) {
      const search = filterParams(filter);
      search.set("limit", String(MATCHES_PER_REQUEST));
      for (const [name, number] of Object.entries(range)) search.set(name, String(number));
      const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      return readLogMatches(await send(`${url}?${search}`, { signal: AbortSignal.any([signal, timeout]) }));
    },
    async marks(from, to) {
      const range = `after=${from}&before=${to}&limit=${MARKS_PER_REQUEST}`;
      return readNumberedLines(await call("GET", `${url}?groups=true&${range}`));
    },
    async firstSince(at) {
      return readLogPage(await call("GET", `${url}?since=${at}&limit=1`), 0).first;
    },
  };
}
