/**
 * The calls that read tasks.
 *
 * @module
 */

import { z } from "zod";
import { LIMITS } from "../../../task/grammar.ts";
import { LOG_LEVELS, LOG_STREAMS } from "../../../task/task.ts";
import { MAX_PAGE_LINES, MAX_SEARCH_LENGTH } from "../../tasks/log_params.ts";
import { MAX_WAIT_SECONDS } from "../../tasks/waits.ts";
import type { CallGroup } from "../call.ts";
import { AFTER, LIST_QUERY, NAME_QUERY, TIMEOUT } from "../parameters.ts";
import {
  CHANGES,
  HISTORY,
  LOG_MATCHES,
  LOG_PAGE,
  NAMES,
  PROGRESS,
  TASK,
  TASK_LIST,
  VALUES,
} from "../response_schemas.ts";

const lineNumber = z.int().min(0);

/** The calls that read tasks. */
export const READ_CALLS: CallGroup = {
  title: "Read tasks",
  about:
    "A client without tasks has an empty list; an unknown task is a 404. With `Accept: text/plain`, a list and a task come " +
    "as progress bars for a terminal, and a log as a text file.",
  calls: [
    {
      id: "listTasks",
      method: "get",
      path: "/tasks/{client}",
      access: "read",
      summary: "List tasks, or what has changed",
      description:
        "Without parameters, the response has every task. With filters, it has one page of the matching tasks, and the " +
        "`Link` header leads to the next page. With `after`, it has what changed since that cursor: apply `removed` before " +
        "`tasks`. 410 means that the server no longer knows these changes: list all tasks again. With `after` and `timeout`, the " +
        "request waits for a change (long polling). Filters cannot be combined with `after`.",
      query: LIST_QUERY.extend({
        after: AFTER.describe("a cursor from an earlier response: get only what changed since").optional(),
        timeout: TIMEOUT.describe(
          `with \`after\`: how many seconds to wait for a change, up to ${MAX_WAIT_SECONDS}; 0 by default`,
        )
          .optional(),
      }),
      responses: { 200: z.union([TASK_LIST, CHANGES]) },
      responseHeaders: { Link: 'the path of the next page with `rel="next"`, unless this is the last one' },
      hasTextResponse: true,
      problems: [410, 503],
      example: 'curl "{server}/tasks/default?state=FINISHED,ERROR&sort=-finished_at&limit=20"',
    },
    {
      id: "getTask",
      method: "get",
      path: "/tasks/{client}/{id}",
      access: "read",
      summary: "Get a task, or wait for its state",
      description:
        "With `wait`, the request waits until the task is in one of the given states and responds with 200. If the task has " +
        "not reached one in time, the response is 408 (ask again); if it can no longer reach one, 409. The body is the " +
        "record in each case.",
      query: z.object({
        wait: z.string().describe(
          "the states to wait for, comma-separated; `ended` stands for all final states",
        )
          .optional(),
        timeout: TIMEOUT.describe(
          `with \`wait\`: the maximum number of seconds to wait, up to ${MAX_WAIT_SECONDS}, which is the default`,
        )
          .optional(),
      }),
      responses: { 200: TASK, 408: TASK, 409: TASK },
      hasTextResponse: true,
      problems: [404, 503],
      example: 'curl "{server}/tasks/default/backup-1?wait=ended&timeout=10"',
    },
    {
      id: "getLog",
      method: "get",
      path: "/tasks/{client}/{id}/logs",
      access: "read",
      summary: "Get a task's log",
      description:
        "Without parameters, the response has the newest lines. Lines are numbered from 0; `after` and `before` page " +
        "through the other lines, and `since` begins at a time. As plain text, the response is a file of all lines that are still stored, each with its time. With " +
        "`q`, `stream`, `level` or `groups`, the response has only lines that match, with their numbers, and says how many of the stored lines " +
        "match: the newest matches, or with `after` the oldest from there.",
      query: z.object({
        q: z.string().max(MAX_SEARCH_LENGTH)
          .describe(
            "only lines that contain this text; case and escape sequences are ignored",
          )
          .optional(),
        stream: z.enum(LOG_STREAMS).describe("only lines that were written to this output").optional(),
        level: z.enum(LOG_LEVELS).describe("only lines of this severity or a higher one").optional(),
        groups: z.enum(["true", "false"])
          .describe(
            "only lines that begin or end a group: `::group::title`, `::endgroup::`, `##[group]title`",
          )
          .optional(),
        after: lineNumber.describe("lines from this number on, oldest first").optional(),
        since: z.number().min(0).describe("lines from this time on, in epoch seconds, oldest first")
          .optional(),
        before: lineNumber.describe("lines before this number").optional(),
        limit: z.int().min(1).max(MAX_PAGE_LINES)
          .describe(`lines per page, 1 to ${MAX_PAGE_LINES}; by default 1000 as JSON, all as plain text`)
          .optional(),
        format: z.enum(["json", "text"]).describe("takes precedence over the Accept header, for links")
          .optional(),
      }),
      responses: { 200: z.union([LOG_PAGE, LOG_MATCHES]) },
      hasTextResponse: true,
      problems: [404],
      example: "curl {server}/tasks/default/backup-1/logs",
    },
    {
      id: "getHistory",
      method: "get",
      path: "/tasks/{client}/{id}/history",
      access: "read",
      summary: "Get a task's states and statuses over time",
      description:
        "One entry for each state that the task entered and each status that it reported, with the time and the progress.",
      responses: { 200: HISTORY },
      problems: [404],
      example: "curl {server}/tasks/default/backup-1/history",
    },
    {
      id: "getProgressHistory",
      method: "get",
      path: "/tasks/{client}/{id}/progress",
      access: "read",
      summary: "Get a task's progress over time",
      description: `At most ${LIMITS.progressPoints} points, thinned out evenly over the whole run.`,
      responses: { 200: PROGRESS },
      problems: [404],
      example: "curl {server}/tasks/default/backup-1/progress",
    },
    {
      id: "getValues",
      method: "get",
      path: "/tasks/{client}/{id}/values",
      access: "read",
      summary: "Get a task's values over time",
      description:
        `The numbers that the task reported as \`values\`, by series, each with at most ${LIMITS.valuePoints} points. If there were ` +
        "more, neighbouring points are merged, but the first, the last, the lowest and the highest value of a series are " +
        "always kept. With `Accept: text/csv`, the response has a line `series,at,value` for each point.",
      query: z.object({
        after: z.number().describe("only points that are later than this time, in epoch seconds").optional(),
        format: z.enum(["json", "csv"]).describe("takes precedence over the Accept header, for links")
          .optional(),
      }),
      responses: { 200: VALUES },
      problems: [404],
      example: "curl {server}/tasks/default/backup-1/values",
    },
    {
      id: "getStatistics",
      method: "get",
      path: "/names/{client}",
      access: "read",
      summary: "Get statistics of the runs of each name",
      description:
        "For each name: how many runs have ended, the failure rate, the median and the 95th percentile of the duration, " +
        "and the last 20 runs. Summaries of the newest 500 runs of a name are kept for 400 days by default, longer than the " +
        "tasks themselves; removing a task does not remove its run from the statistics.",
      query: NAME_QUERY,
      responses: { 200: NAMES },
      example: "curl {server}/names/default",
    },
    {
      id: "getBadge",
      method: "get",
      path: "/badge/{client}/{id}.svg",
      access: "read",
      summary: "Get a task as a badge for wikis and READMEs",
      description:
        "An SVG image of the task's name and its current state. For an unknown task, the image says so, with status 404.",
      query: z.object({
        label: z.string().describe("the text on the left; the task's name by default").optional(),
      }),
      responses: { 200: "image/svg+xml", 304: null, 404: "image/svg+xml" },
      example: "curl {server}/badge/default/backup-1.svg",
    },
  ],
};
