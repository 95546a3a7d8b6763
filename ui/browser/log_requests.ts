/**
 * The requests for the log of a task page.
 *
 * @module
 */

import { type LogMatchPage, type LogPage, readLogMatches, readLogPage } from "../../lib/task/wire.ts";
import { filterParams, type LogFilter } from "../shared/log_filter.ts";
import { ANSWER_TIMEOUT_MS, call, send } from "./requests.ts";

/** The number of matching lines that one request for a search returns. */
const MATCHES_PER_REQUEST = 500;

/** Where a search of a log begins or ends: the oldest lines from `after` on, or the newest before `before`. */
export type LogRange = { readonly after: number } | { readonly before?: number };

/** Reads a log. Each request rejects with an error whose message can be shown to the user. */
export interface LogRequests {
  /** Fetches up to `limit` lines from the line with the number `from` on. */
  lines(from: number, limit: number): Promise<LogPage>;
  /** Fetches the lines of a range that match a filter. */
  search(filter: LogFilter, range: LogRange, signal: AbortSignal): Promise<LogMatchPage>;
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
  };
}
