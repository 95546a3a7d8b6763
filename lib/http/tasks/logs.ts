/**
 * Reads and searches the logs of tasks over HTTP.
 *
 * @module
 */

import { type HandlerContext, taskRecord } from "../context.ts";
import { Problem } from "../problem.ts";
import { JSON_HEADERS, TextResponse } from "../responses.ts";
import { type Call, paramsOf } from "../route.ts";
import { type LogFilter, type LogParams, logParamsOf, MAX_PAGE_LINES } from "./log_params.ts";
import type { LogSearches } from "./log_searches.ts";
import { logTextResponse, type ReadLines } from "./log_text.ts";
import { wantsText } from "./text.ts";

/** Handles `GET /tasks/{client}/{id}/logs`. */
export class Logs {
  readonly #context: HandlerContext;
  readonly #searches: LogSearches;

  /**
   * @param context the parts of the monitor to use
   * @param searches searches the logs
   */
  constructor(context: HandlerContext, searches: LogSearches) {
    this.#context = context;
    this.#searches = searches;
  }

  /**
   * `GET /tasks/{client}/{id}/logs`: responds with the newest log lines, with lines from a line number or a
   * time on, or with lines before a line number. With `q`, `stream`, `level` or `groups`, the response has
   * only lines that match. The response is a text file if the header `Accept` prefers text, or with
   * `?format=text`, for links; without `limit`, the file has all lines that match.
   */
  async answer({ client, id, request }: Call): Promise<Response> {
    const { task: { log_count: count } } = await taskRecord(this.#context, client, id);
    const params = paramsOf(request);
    const asked = logParamsOf(params, count);
    const wanted = asked.since === null ? asked : await this.#startingAt(client, id, asked, asked.since);
    const isText = textFrom(params) ?? wantsText(request);
    const { filter } = wanted;
    if (filter === null) {
      return isText ? await this.#text(client, id, wanted) : await this.#page(client, id, wanted, count);
    }
    return isText
      ? await this.#matchingText(client, id, wanted, filter)
      : await this.#matches(client, id, wanted, filter, count);
  }

  /**
   * Finds the number of the first line at or after a time, by bisection, because the times of a log are in
   * ascending order.
   */
  async #startingAt(client: string, id: string, wanted: LogParams, since: number): Promise<LogParams> {
    let [low, high] = [wanted.after ?? 0, wanted.before];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { first, lines } = await this.#context.registry.log(client, id, middle, high, 1);
      if (lines[0] === undefined || lines[0].at >= since) high = middle;
      else low = first + 1;
    }
    return { ...wanted, after: low };
  }

  async #page(client: string, id: string, wanted: LogParams, count: number): Promise<Response> {
    const { from, to, most } = rangeOf(wanted, this.#pageLines);
    const { first, lines } = await this.#context.registry.log(client, id, from, Math.min(to, count), most);
    const next = lines.length === 0 ? Math.min(from, count) : first + lines.length;
    return negotiated({ lines, first: lines.length === 0 ? next : first, next, count });
  }

  async #text(client: string, id: string, wanted: LogParams): Promise<Response> {
    const { registry } = this.#context;
    const { from, to, most } = rangeOf(wanted, Infinity);
    const { first } = await registry.log(client, id, from, to, 1);
    const end = Math.min(to, first + most);
    return await logTextResponse(id, first, async (next, limit) => {
      const { first, lines } = await registry.log(client, id, next, end, limit);
      const reached = first + lines.length;
      return { lines, next: lines.length === 0 || reached >= end ? null : reached };
    });
  }

  async #matches(
    client: string,
    id: string,
    { after, before: to, limit }: LogParams,
    filter: LogFilter,
    count: number,
  ): Promise<Response> {
    const { lines, index, matches, searched } = await this.#searches.search(client, id, {
      ...filter,
      from: after ?? 0,
      to,
      most: limit ?? this.#pageLines,
      keep: after === null ? "newest" : "oldest",
    });
    return negotiated({ lines, index, matches, searched, count });
  }

  #matchingText(
    client: string,
    id: string,
    { after, before: to, limit }: LogParams,
    filter: LogFilter,
  ): Promise<Response> {
    let left = limit ?? Infinity;
    let hasBegun = false;
    const read: ReadLines = async (from, most) => {
      const query = { ...filter, from, to, most: Math.min(most, left), keep: "next" } as const;
      const { lines } = hasBegun
        ? await this.#searches.searchOn(client, id, query)
        : await this.#searches.search(client, id, query);
      hasBegun = true;
      left -= lines.length;
      const isLast = lines.length < query.most || left === 0;
      return { lines, next: isLast ? null : lines.at(-1)!.number + 1 };
    };
    return logTextResponse(id, after ?? 0, read);
  }

  /** The number of lines of a page if the request has no `limit`. */
  get #pageLines(): number {
    return Math.min(MAX_PAGE_LINES, this.#context.limits.logLinesPerTask);
  }
}

/**
 * Returns the range of lines to read. If the line at `after` was dropped, reading begins with the oldest
 * stored line.
 */
function rangeOf({ after, before, limit }: LogParams, pageLines: number) {
  const most = limit ?? pageLines;
  return { from: after ?? Math.max(0, before - most), to: before, most };
}

function negotiated(body: unknown): Response {
  // The header `vary` is needed because the same URL can also respond with text.
  return new TextResponse(JSON.stringify(body), { headers: { ...JSON_HEADERS, "vary": "Accept" } });
}

/** Returns whether the query asks for text; `null` if it has no `format`. */
function textFrom(params: URLSearchParams): boolean | null {
  const format = params.get("format");
  if (format === null) return null;
  if (format === "text" || format === "json") return format === "text";
  throw new Problem("bad_filter", 'The parameter "format" must be text or json');
}
