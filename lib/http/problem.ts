/**
 * Defines the error responses, which are problem documents (RFC 9457): every code and its status, and the
 * mapping from errors to problems.
 *
 * @module
 */

import { ClosedError, ConfigError, LimitError, ProtocolError, StorageError } from "../errors.ts";
import type { Task } from "../task/task.ts";
import { TransitionError } from "../task/transition.ts";

/** Every HTTP status of a problem, with its title and its problem codes. */
export const PROBLEMS = {
  400: {
    title: "Bad request",
    codes: [
      "bad_action",
      "bad_body",
      "bad_client",
      "bad_field",
      "bad_filter",
      "bad_handshake",
      "bad_json",
      "bad_path",
      "bad_reporter",
      "bad_request",
      "bad_task_id",
      "too_many",
    ],
  },
  401: { title: "Key required", codes: ["bad_key", "key_needed"] },
  403: { title: "Access denied", codes: ["bad_forwarding", "foreign_origin", "no_socket", "not_allowed"] },
  404: {
    title: "Not found",
    codes: ["not_found", "task_damaged", "task_not_found", "unknown_name", "unknown_task_name"],
  },
  405: { title: "Method not allowed", codes: ["method_not_allowed"] },
  408: { title: "Request timeout", codes: ["incomplete_body", "slow_body"] },
  409: {
    title: "Conflict",
    codes: [
      "late_report",
      "log_gap",
      "not_retryable",
      "other_reporter",
      "task_active",
      "task_ended",
      "task_exists",
    ],
  },
  410: { title: "Gone", codes: ["cursor_gone"] },
  413: { title: "Body too large", codes: ["body_too_large"] },
  415: { title: "Unsupported content type", codes: ["wrong_content_type"] },
  421: { title: "Wrong host", codes: ["wrong_host"] },
  426: { title: "Upgrade required", codes: ["upgrade_needed"] },
  429: { title: "Too many requests", codes: ["slow_down"] },
  431: { title: "Request headers too large", codes: ["header_too_large"] },
  500: { title: "Server error", codes: ["internal"] },
  503: {
    title: "Unavailable",
    codes: ["closing", "limit_reached", "no_owner", "not_loaded", "outcome_unknown", "storage_unavailable"],
  },
} as const;

/** A problem code, for programs. Codes are part of the wire contract, so they never change. */
export type ProblemCode = (typeof PROBLEMS)[keyof typeof PROBLEMS]["codes"][number];

const STATUS_OF: ReadonlyMap<ProblemCode, number> = new Map(
  Object.entries(PROBLEMS).flatMap(([status, { codes }]) => codes.map((code) => [code, Number(status)])),
);

/**
 * The header that tells a client after how many seconds to retry a request that the server could not serve.
 */
const RETRY_AFTER = { "retry-after": "5" };

/** Optional parts of a {@linkcode Problem}. */
export interface ProblemOptions {
  /** Headers that belong to the status, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The task whose report was refused: its current record, or as much of it as the reporter may see. */
  readonly task?: Receipt | null;
}

/** The fields of a record that every reporter of the task may see. */
export type Receipt = Pick<Task, "id" | "state" | "cancel_requested" | "log_count" | "report_seq">;

/** An error that the server sends to the client as a problem document (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  /** The problem code, for programs. */
  readonly code: ProblemCode;
  /** The HTTP status. */
  readonly status: number;
  /** Headers that belong to the status, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The task whose report was refused; `null` for any other problem. */
  readonly task: Receipt | null;

  /**
   * @param code the problem code, for programs
   * @param detail the explanation, for people
   * @param options headers and a task, if the problem has them
   */
  constructor(code: ProblemCode, detail: string, { headers = {}, task = null }: ProblemOptions = {}) {
    super(detail);
    this.code = code;
    this.status = STATUS_OF.get(code)!;
    this.headers = headers;
    this.task = task;
  }
}

/** Creates the error for a limit that is reached; the client may retry later. */
export function limitReached(detail: string): Problem {
  return new Problem("limit_reached", detail, { headers: RETRY_AFTER });
}

/** Creates the error for the limit on data that waits to be sent. */
export function tooMuchUnsent(): Problem {
  return limitReached("Too much data waits for clients that read slowly; try again later");
}

/**
 * Maps an error to a problem. An unexpected error becomes a 500 that does not contain the error's message.
 *
 * @param thrown the error
 * @param report called with an unexpected error
 * @returns the problem
 */
export function problemOf(thrown: unknown, report: (error: unknown) => void): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TransitionError) return new Problem(thrown.code, thrown.message);
  if (thrown instanceof LimitError) return limitReached(thrown.message);
  if (thrown instanceof StorageError) {
    const action = thrown.isRead ? "read" : "store";
    return new Problem("storage_unavailable", `The server cannot ${action} this now: ${thrown.reason}`, {
      headers: RETRY_AFTER,
    });
  }
  if (thrown instanceof ClosedError) {
    return new Problem("closing", thrown.message, { headers: { ...RETRY_AFTER, connection: "close" } });
  }
  if (thrown instanceof ProtocolError || thrown instanceof ConfigError) {
    return new Problem("bad_request", thrown.message);
  }
  report(thrown);
  return new Problem("internal", "Something went wrong. The server's log has the details");
}

/** Returns the title of a problem's status. */
export function titleOf(status: number): string {
  return Object.hasOwn(PROBLEMS, status) ? PROBLEMS[status as keyof typeof PROBLEMS].title : "Error";
}

/**
 * Creates the response for a problem, as `application/problem+json`.
 *
 * @param problem the problem
 * @returns the response
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
