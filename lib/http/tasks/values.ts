/**
 * Responds with the values of a task over time.
 *
 * @module
 */

// @ts-types="../negotiation.d.ts"
import { accepts } from "@std/http/negotiation";
import type { NamedSeries, TaskValues } from "../../task/value_book.ts";
import { type HandlerContext, taskRecord, whenPublishable } from "../context.ts";
import { headerOf } from "../headers.ts";
import { Problem } from "../problem.ts";
import { JSON_HEADERS, TextResponse } from "../responses.ts";
import { type Answer, type Call, paramsOf } from "../route.ts";

const CSV_HEADERS = {
  ...JSON_HEADERS,
  "content-type": "text/csv; charset=utf-8",
};

/**
 * `GET /tasks/{client}/{id}/values`: responds with the values of a task, or with its values after a time. The
 * response is CSV if the header `Accept` prefers that, or with `?format=csv`, for links.
 *
 * @throws {Problem} 400 if a parameter is invalid, 404 if there is no such task
 */
export function valuesAnswer(context: HandlerContext, { client, id, request }: Call): Answer {
  const params = paramsOf(request);
  const after = timeFrom(params);
  const isCsv = csvFrom(params) ?? wantsCsv(request);
  return whenPublishable(context, client, () => {
    // The record and the values are read at the same time, so that they match.
    const record = taskRecord(context, client, id);
    return Promise.all([record, context.registry.values(client, id)]).then(([{ task }, values]) => {
      const { value_count: count } = task;
      const body = isCsv ? csvOf(values, after) : JSON.stringify(valuesBody(values, count, after));
      return new TextResponse(body, { headers: { ...isCsv ? CSV_HEADERS : JSON_HEADERS, "vary": "Accept" } });
    });
  });
}

function valuesBody({ series, ignored }: TaskValues, count: number, after: number) {
  return {
    series: series.map(({ name, points }) => {
      const values = points.map(([, value]) => value);
      const [last, min, max] = [values.at(-1), Math.min(...values), Math.max(...values)];
      return { name, last, min, max, points: pointsAfter({ name, points }, after) };
    }),
    count,
    ignored,
  };
}

/**
 * Writes the values as CSV. The names of series contain no character that needs quotes, and no spreadsheet
 * takes such a name for a formula.
 */
function csvOf({ series }: TaskValues, after: number): string {
  const rows = series.flatMap((each) =>
    pointsAfter(each, after).map(([at, value]) => `${each.name},${at},${value}\r\n`)
  );
  return `series,at,value\r\n${rows.join("")}`;
}

/**
 * Returns the points of a series that are later than a time. The times of the points are rounded to
 * milliseconds.
 */
function pointsAfter({ points }: NamedSeries, after: number): NamedSeries["points"] {
  return points
    .map(([at, value]) => [Math.round(at * 1_000) / 1_000, value] as const)
    .filter(([at]) => at > after);
}

function wantsCsv(request: Request): boolean {
  const accept = headerOf(request, "accept");
  if (accept === null || !accept.toLowerCase().includes("text/csv")) return false;
  return accepts(request, "application/json", "text/csv") === "text/csv";
}

function csvFrom(params: URLSearchParams): boolean | null {
  const format = params.get("format");
  if (format === null) return null;
  if (format === "csv" || format === "json") return format === "csv";
  throw new Problem("bad_filter", 'The parameter "format" must be csv or json');
}

function timeFrom(params: URLSearchParams): number {
  const text = params.get("after");
  if (text === null) return -Infinity;
  if (/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) return Number(text);
  throw new Problem("bad_filter", 'The parameter "after" must be a time in epoch seconds');
}
