/**
 * Errors as answers: the one table from what went wrong to what the caller is told (RFC 9457).
 *
 * @module
 */

import { ClosedError, ConfigError, LimitError, ProtocolError, StorageError } from "../errors.ts";
import type { Task } from "../task/task.ts";
import { TransitionError } from "../task/transition.ts";

/** An answer that says what is wrong. Handlers throw it. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The HTTP status. */
  readonly status: number;
  /** What is wrong, for programs; stable. */
  readonly code: string;
  /** Headers that belong to the status, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The task as it is, where a report of it was refused. */
  readonly task: Task | null;

  /**
   * @param status the HTTP status
   * @param code what is wrong, for programs
   * @param detail what is wrong, for people
   * @param headers headers that belong to the status
   * @param task the task as it is, where that is to be told
   */
  constructor(
    status: number,
    code: string,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
    task: Task | null = null,
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.task = task;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Key needed",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  408: "Too slow",
  409: "Conflict",
  410: "Gone",
  413: "Too large",
  415: "Wrong type of content",
  421: "Wrong host",
  426: "Upgrade needed",
  429: "Too many",
  500: "Server error",
  503: "Busy",
};

const TRANSITION_STATUS: Readonly<Record<TransitionError["code"], number>> = {
  task_not_found: 404,
  task_exists: 409,
  task_ended: 409,
  late_report: 409,
};

/**
 * What a caller is told of something that was thrown.
 *
 * @param thrown what was thrown
 * @param report is given what nobody expected, once
 * @returns the problem
 */
export function problemOf(thrown: unknown, report: (error: unknown) => void): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TransitionError) {
    return new Problem(TRANSITION_STATUS[thrown.code], thrown.code, thrown.message);
  }
  if (thrown instanceof LimitError) {
    return new Problem(503, "limit_reached", thrown.message, { "retry-after": "5" });
  }
  if (thrown instanceof StorageError) {
    return new Problem(503, "storage_unavailable", `This can't be stored at present: ${thrown.reason}`, {
      "retry-after": "5",
    });
  }
  if (thrown instanceof ClosedError) {
    return new Problem(503, "closing", thrown.message, { "retry-after": "5", connection: "close" });
  }
  if (thrown instanceof ProtocolError || thrown instanceof ConfigError) {
    return new Problem(400, "bad_request", thrown.message);
  }
  report(thrown);
  return new Problem(500, "internal", "Something went wrong here; the server's log says what");
}

/** The title that goes with a status. */
export function titleOf(status: number): string {
  return TITLES[status] ?? "Error";
}

/**
 * Writes a problem as `application/problem+json`.
 *
 * @param problem what is wrong
 * @returns the answer
 */
export function problemResponse(problem: Problem): Response {
  const { status, code, message, headers, task } = problem;
  const body = { title: titleOf(status), status, detail: message, code, ...(task !== null && { task }) };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
