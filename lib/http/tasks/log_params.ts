/**
 * Reads the parameters of requests for log lines.
 *
 * @module
 */

import { LOG_LEVELS, LOG_STREAMS } from "../../task/task.ts";
import type { LogQuery } from "../../store/log_search.ts";
import { Problem } from "../problem.ts";

/** The maximum number of lines on a page of a log. */
export const MAX_PAGE_LINES = 10_000;

/** The maximum length of the text to search for, in characters. */
export const MAX_SEARCH_LENGTH = 1_000;

/** The conditions that a request sets for log lines. */
export type LogFilter = Pick<LogQuery, "text" | "stream" | "level" | "groups">;

/** The parameters of a request for log lines. */
export interface LogParams {
  /** The conditions for the lines; `null` for all lines. */
  readonly filter: LogFilter | null;
  /** The number of the line to begin with, oldest lines first; `null` for the newest lines. */
  readonly after: number | null;
  /** The time to begin with, in epoch seconds, oldest lines first; `null` if the request gives none. */
  readonly since: number | null;
  /** The number of the line before which reading ends. */
  readonly before: number;
  /** The maximum number of lines; `null` for the default. */
  readonly limit: number | null;
}

/**
 * Reads the parameters `q`, `stream`, `level`, `groups`, `after`, `since`, `before` and `limit`.
 *
 * @param params the parameters of the request
 * @param count the number of lines that the task has written
 * @throws {Problem} 400 if a parameter is not valid
 */
export function logParamsOf(params: URLSearchParams, count: number): LogParams {
  const limit = lineNumberFrom(params, "limit");
  if (limit !== null && (limit < 1 || limit > MAX_PAGE_LINES)) {
    throw new Problem("bad_filter", `The parameter "limit" must be between 1 and ${MAX_PAGE_LINES}`);
  }
  const text = params.get("q") ?? "";
  if (text.length > MAX_SEARCH_LENGTH) {
    throw new Problem("bad_filter", `The parameter "q" must have at most ${MAX_SEARCH_LENGTH} characters`);
  }
  const stream = choiceFrom(params, "stream", LOG_STREAMS);
  const level = choiceFrom(params, "level", LOG_LEVELS);
  const groups = choiceFrom(params, "groups", ["true", "false"]) === "true";
  const isFiltered = text !== "" || stream !== undefined || level !== undefined || groups;
  const filter = isFiltered ? { text, stream, level, groups } : null;
  const after = lineNumberFrom(params, "after");
  const before = lineNumberFrom(params, "before") ?? count;
  return { filter, after, since: timeFrom(params, "since"), before, limit };
}

function timeFrom(params: URLSearchParams, name: string): number | null {
  const text = params.get(name);
  if (text === null) return null;
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new Problem("bad_filter", `The parameter "${name}" must be a time in epoch seconds`);
}

function choiceFrom<Choice extends string>(
  params: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = params.get(name);
  if (text === null || text === "") return undefined;
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new Problem("bad_filter", `The parameter "${name}" must be one of ${choices.join(", ")}`);
}

function lineNumberFrom(params: URLSearchParams, name: string): number | null {
  const text = params.get(name);
  if (text === null) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Problem("bad_filter", `The parameter "${name}" must be the number of a line`);
}
