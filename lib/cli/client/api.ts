/**
 * Asks a server over plain HTTP.
 *
 * @module
 */

import { keyHeaders } from "../../remote/credentials.ts";
import { readProblem } from "../../task/wire.ts";
import { CommandError, EXIT } from "../command.ts";
import type { Target } from "./target.ts";

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** What a server answered that there is no more to say to than "yes" or "no". */
export interface Answer {
  /** 2xx to 4xx. */
  readonly status: number;
  /** The body read as JSON; `undefined` where it is none. */
  readonly body: unknown;
}

/** Nobody answers, or only that there is no answer at present. It may be otherwise soon. */
export class ServerGoneError extends CommandError {
  /** What is the matter, without what to do about it. */
  readonly reason: string;
  /** Whether somebody answered, if only that. */
  readonly isReached: boolean;

  /**
   * Says who is gone.
   *
   * @param reason what is the matter
   * @param isReached whether somebody answered
   * @param options the cause
   */
  constructor(reason: string, isReached: boolean, options?: ErrorOptions) {
    const hint = isReached ? "" : '; "taskscope serve" starts one, --server names another';
    super(EXIT.missing, `${reason}${hint}`, options);
    this.reason = reason;
    this.isReached = isReached;
  }
}

/** Options of {@linkcode ask}. */
export interface AskOptions {
  /** @default {"GET"} */
  readonly method?: "GET" | "POST";
  /** Ends the wait for the answer. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a server.
 *
 * @param target which server, and whose tasks
 * @param path the path below the client's tasks: empty, `/{id}`, `?after=…`
 * @param options how to ask
 * @returns the answer
 * @throws {ServerGoneError} where nobody answers, or the server can't at present
 */
export async function ask(
  target: Target,
  path: string,
  options: AskOptions = {},
): Promise<Answer> {
  const { server, client } = target;
  const { method = "GET", signal } = options;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${server}/tasks/${client}${path}`, {
      method,
      headers: { accept: "application/json", ...keyHeaders(target.key) },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ServerGoneError(`No server answers at ${server}`, false, { cause });
  }
  const { status } = response;
  const body = jsonOf(text);
  if (status < 500 && status !== 408 && status !== 429) return { status, body };
  throw new ServerGoneError(`${server} can't answer now: ${readProblem(body, status)}`, true);
}

/**
 * What a refusal says.
 *
 * @param target who was asked
 * @param answer what came
 * @returns the error to end with
 */
export function refusal({ server }: Target, { status, body }: Answer): CommandError {
  // All answers of a Taskscope are JSON.
  if (body === undefined) {
    return new CommandError(
      EXIT.missing,
      `There is no Taskscope at ${server}: it answers with status ${status}`,
    );
  }
  const hint = status === 401 ? "; --key-file or TASKSCOPE_KEY gives the key" : "";
  return new CommandError(EXIT.missing, `${server} refuses: ${readProblem(body, status)}${hint}`);
}

/** Whether an answer says that there is no such task; it may also be that there is no such path. */
export function isNoTask({ status, body }: Answer): boolean {
  return status === 404 && fieldOf(body, "code") === "task_not_found";
}

/** A field of a body; `undefined` where there is none. */
export function fieldOf(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, name)) return undefined;
  return (body as { readonly [name: string]: unknown })[name];
}

/** What there is to say where there is no such task. */
export function noTask({ server, client }: Target, id: string): CommandError {
  return new CommandError(EXIT.missing, `There is no task "${id}" of client "${client}" at ${server}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
