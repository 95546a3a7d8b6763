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

/** Where a search of a log begins or ends: the oldest lines from `after` on, or the newest before `before`. */
export type LogRange = { readonly after: number } | { readonly before?: number };

/** Reads a log. Each request rejects with an error whose message can be shown to the user. */
export interface LogRequests {
  /** Fetches up to `limit` lines from the line with the number `from` on. */
  lines(from: number, limit: number): Promise<LogPage>;
  /** Fetches the lines of a range that match a filter. */
  search(filter: LogFilter, range: LogRange, signal: AbortSignal): Promise<LogMatchPage>;
  /** Fetches the lines from a number to before another that begin or end a group; the oldest if there are many. */
  marks(from: number, to: number): Promise<MarkLine[]>;
  /** Fetches the number of the first line from a time on, in epoch seconds; that of the next line if there is none. */
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
