/**
 * Responds with tasks as text for people, if the client prefers text: `curl -H 'Accept: text/plain'`.
 *
 * @module
 */

// @ts-types="../negotiation.d.ts"
import { accepts } from "@std/http/negotiation";
import { now } from "../../clock.ts";
import { andThen, type MaybePromise } from "../../task/maybe_promise.ts";
import { countNoun } from "../../text/format.ts";
import type { Task } from "../../task/task.ts";
import { MAX_PAGE_SIZE, type TaskQuery } from "../../task/task_query.ts";
import { comparePlace } from "../../task/task_view.ts";
import { textBars } from "../../text/text_bars.ts";
import { linkToPage, parseTaskQuery, selectTasks, type TaskPage, type TaskSource } from "./query.ts";
import { headerOf } from "../headers.ts";
import { TextResponse } from "../responses.ts";
import { paramsOf } from "../route.ts";

/**
 * The width of lines, in columns. The width is fixed because the server does not know the width of the
 * terminal.
 */
const WIDTH = 80;
/** The offered content types, best first: a client without a preference gets JSON. */
const TYPES = ["application/json", "text/plain", "text/plain;charset=utf-8"] as const;
const HEADERS = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-store",
  "vary": "Accept",
  "x-content-type-options": "nosniff",
};

/**
 * Returns whether the client prefers text to JSON.
 *
 * @param request the request
 * @throws {Problem} 431 if the header `Accept` is too long
 */
export function wantsText(request: Request): boolean {
  const accept = headerOf(request, "accept");
  // This check lets nearly all requests skip the negotiation, which takes longer than a small response.
  if (accept === null || accept === "*/*" || !/text\//i.test(accept)) return false;
  return accepts(request, ...TYPES)?.startsWith("text/") === true;
}

/** Responds with a task as a line of text. */
export function taskText(task: Task, status = 200): Response {
  return textResponse(textBars([task], { width: WIDTH, now: now() }), { status });
}

/**
 * Responds with a client's tasks as lines of text: the tasks that the query selects, or without a query the
 * first page of all tasks. Without a `sort` parameter, tasks are in the order of the list page.
 *
 * @param source the tasks
 * @param client the client token
 * @param request the request
 * @returns the response
 * @throws {Problem} 400 if the query is not valid
 */
export function listText(source: TaskSource, client: string, request: Request): MaybePromise<Response> {
  const params = paramsOf(request);
  // Without a query, the text has only the first page, because formatting takes longer than sending JSON.
  const impliedLimit = params.size === 0 ? MAX_PAGE_SIZE : null;
  if (impliedLimit !== null) params.set("limit", String(impliedLimit));
  const query = parseTaskQuery(params);
  const page = params.has("sort") ? selectTasks(source, client, query) : selectPlaced(source, client, query);
  return andThen(
    page,
    (page) =>
      andThen(
        source.records(page.tasks),
        (records) => pageText(page, records.map(({ task }) => task), request.url, impliedLimit),
      ),
  );
}

function pageText(
  { total, nextPage }: TaskPage,
  tasks: readonly Task[],
  url: string,
  impliedLimit: number | null,
): Response {
  const lines = textBars(tasks, { width: WIDTH, now: now(), isList: true });
  if (total === 0) lines.push("No tasks");
  if (nextPage === null) return textResponse(lines);
  // The next page continues this one only if it has the same limit.
  const limit = impliedLimit === null ? "" : `limit=${impliedLimit}&`;
  return textResponse([...lines, `… of ${countNoun(total, "task")}; ${limit}page=${nextPage} shows more`], {
    headers: { link: linkToPage(url, nextPage, impliedLimit) },
  });
}

function selectPlaced(source: TaskSource, client: string, query: TaskQuery): MaybePromise<TaskPage> {
  const everything = { ...query, limit: Number.MAX_SAFE_INTEGER, page: 1 };
  return andThen(selectTasks(source, client, everything), ({ tasks, total }) => {
    const placed = [...tasks].sort((left, right) => comparePlace(left.summary, right.summary));
    const end = query.page * query.limit;
    return {
      tasks: placed.slice(end - query.limit, end),
      total,
      nextPage: end < total ? query.page + 1 : null,
    };
  });
}

function textResponse(
  lines: readonly string[],
  { status = 200, headers = {} }: { readonly status?: number; readonly headers?: Record<string, string> } =
    {},
): Response {
  const text = lines.map((line) => `${line}\n`).join("");
  return new TextResponse(text, { status, headers: { ...HEADERS, ...headers } });
}
