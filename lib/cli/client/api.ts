/**
 * Calls a server's REST API, and converts failures to {@linkcode CommandError}s.
 *
 * @module
 */

import { connectionProblem } from "../../remote/connection_problem.ts";
import { keyHeaders } from "../../remote/credentials.ts";
import { redirectionOf } from "../../remote/redirection.ts";
import { now } from "../../clock.ts";
import { clockOffset } from "../../task/clock_offset.ts";
import { readProblem } from "../../task/wire.ts";
import { CommandError } from "../command.ts";
import { KEY_HINT } from "../key.ts";
import { EXIT } from "../exit_status.ts";
import type { Target } from "./target.ts";

/** The default timeout of a request, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** A response with a status for which a retry is pointless. */
export interface ApiResponse {
  /** The HTTP status: below 500, and neither 408 nor 429. */
  readonly status: number;
  /** The body parsed as JSON; `undefined` if it is not JSON. */
  readonly body: unknown;
  /** The number of seconds to add to the clock of this machine to get the server's clock. */
  readonly clockOffset: number;
}

/**
 * Thrown if the server cannot be reached, or responds that it is temporarily unavailable. A retry may
 * succeed.
 */
export class ServerUnavailableError extends CommandError {
  /** What failed, without advice on what to do. */
  readonly reason: string;
  /** Whether the server responded. */
  readonly isReached: boolean;

  /**
   * Creates an error.
   *
   * @param reason what failed
   * @param isReached whether the server responded
   * @param options the cause
   */
  constructor(reason: string, isReached: boolean, options?: ErrorOptions) {
    const hint = isReached ? "" : '; start one with "taskscope serve", or pass its URL with --server';
    super(EXIT.missing, `${reason}${hint}`, options);
    this.reason = reason;
    this.isReached = isReached;
  }
}

/** Options of {@linkcode request}. */
export interface RequestOptions {
  /** The HTTP method. @default {"GET"} */
  readonly method?: "GET" | "POST" | "PATCH";
  /** The value to send as JSON; `undefined` for a request without a body. */
  readonly body?: unknown;
  /** The timeout of the request, in milliseconds. @default {10000} */
  readonly timeoutMs?: number;
  /** The signal that aborts the request. */
  readonly signal?: AbortSignal;
}

/**
 * Sends a request about a client's tasks.
 *
 * @param target the server and the client
 * @param path the path and query after `/tasks/{client}`: empty, `/{id}`, `?after=…`
 * @param options the method and an abort signal
 * @returns the response
 * @throws {ServerUnavailableError} if the server cannot be reached, or responds with 5xx, 408 or 429
 * @throws {CommandError} if the server can't be used, such as because it redirects to another address
 */
export async function request(
  target: Target,
  path: string,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  const { server, client } = target;
  const { method = "GET", body: content, timeoutMs = REQUEST_TIMEOUT_MS, signal } = options;
  const url = `${server}/tasks/${client}${path}`;
  const timeout = AbortSignal.timeout(timeoutMs);
  const sentAt = now();
  let receivedAt: number;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: {
        accept: "application/json",
        ...keyHeaders(target.key),
        ...(content !== undefined && { "content-type": "application/json" }),
      },
      ...(content !== undefined && { body: JSON.stringify(content) }),
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    receivedAt = now();
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    const problem = connectionProblem(cause);
    if (problem !== null) {
      throw new CommandError(EXIT.missing, `Cannot use the server at ${server}: ${problem}`, { cause });
    }
    throw new ServerUnavailableError(`Cannot reach a server at ${server}`, false, { cause });
  }
  const { status, headers } = response;
  const [pathname = ""] = url.slice(server.length).split("?", 1);
  const redirection = redirectionOf(response, pathname);
  if (redirection !== null) {
    const advice = redirection.isServer ? "; pass that URL with --server" : "";
    throw new CommandError(
      EXIT.missing,
      `Cannot use the server at ${server}: it redirects to ${redirection.address}${advice}`,
    );
  }
  const body = jsonOf(text);
  if (status < 500 && status !== 408 && status !== 429) {
    return { status, body, clockOffset: clockOffset({ headers, sentAt, receivedAt }) };
  }
  throw new ServerUnavailableError(`${server} is unavailable: ${readProblem(body, status)}`, true);
}

/**
 * Creates the error for an unexpected response.
 *
 * @param target the server that responded
 * @param response its response
 * @returns the error to throw
 */
export function unexpectedResponse({ server }: Target, { status, body }: ApiResponse): CommandError {
  // A Taskscope server always responds with JSON.
  if (body === undefined) {
    return new CommandError(
      EXIT.missing,
      `${server} is not a Taskscope server: it responded with status ${status} and no JSON`,
    );
  }
  const hint = status === 401 ? `; ${KEY_HINT}` : "";
  return new CommandError(EXIT.missing, `${server} refused the request: ${readProblem(body, status)}${hint}`);
}

/**
 * Returns whether a response says that the task does not exist. A 404 with any other error code means that the path
 * is wrong.
 */
export function isTaskNotFound({ status, body }: ApiResponse): boolean {
  return status === 404 && fieldOf(body, "code") === "task_not_found";
}

/** Returns a field of a JSON body; `undefined` if the field is missing. */
export function fieldOf(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, name)) return undefined;
  return (body as { readonly [name: string]: unknown })[name];
}

/** Creates the error for a task that does not exist. */
export function noTaskError({ server, client }: Target, id: string): CommandError {
  return new CommandError(EXIT.missing, `No task "${id}" of client "${client}" at ${server}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
