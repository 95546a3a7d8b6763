/**
 * Sends requests to the server. The messages of their errors can be shown to the user.
 *
 * @module
 */

import { readProblem } from "../../lib/task/wire.ts";

/** The maximum total length of the bodies of all requests that can outlive the page, in characters. */
const MAX_KEEPALIVE = 60_000;
/** The total length of the bodies of such requests in flight, in characters. */
let keptAlive = 0;
/** The timeout of a request, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 15_000;
/**
 * The message if a successful response is not one of the API. A proxy whose session has expired redirects to its
 * sign-in page, which responds with status 200.
 */
export const UNREADABLE =
  "The response is not from Taskscope. Reload the page; you may have to sign in again";

/** The error if a request that changes data got no response: the server may have made the change, or not. */
export class UnknownOutcomeError extends Error {
  override name = "UnknownOutcomeError";

  constructor(cause: unknown) {
    super("The server did not respond; the change may have been made", { cause });
  }
}

/** Sends a request without a body, and returns the parsed JSON response; `null` if it has no content. */
export async function call(method: string, url: string): Promise<unknown> {
  return await send(url, { method, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

/**
 * Sends a request.
 *
 * @returns the parsed JSON response; `null` if it has no content
 * @throws {UnknownOutcomeError} if a request that changes data got no response
 * @throws {Error} if the server is unreachable or refuses the request, or if the response is not JSON; the message can be
 *   shown to the user
 */
export async function send(url: string, init: RequestInit): Promise<unknown> {
  const headers = { accept: "application/json", ...init.headers as Record<string, string> };
  // The request outlives the page if the user leaves it; browsers allow that only for small bodies.
  const { length } = String(init.body ?? "");
  const keepalive = init.method !== undefined && keptAlive + length < MAX_KEEPALIVE;
  if (keepalive) keptAlive += length;
  const isChange = init.method !== undefined && init.method !== "GET";
  const { response, text } = await receive(url, { ...init, headers, keepalive }).catch((cause) => {
    throw isChange ? new UnknownOutcomeError(cause) : new Error("Cannot reach the server", { cause });
  }).finally(() => {
    if (keepalive) keptAlive -= length;
  });
  const answer = response.status === 204 ? null : parsed(text);
  if (!response.ok) throw new Error(readProblem(answer, response.status));
  if (answer === undefined) throw new Error(UNREADABLE);
  return answer;
}

async function receive(url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  const response = await fetch(url, init);
  return { response, text: await response.text() };
}

/** Parses JSON; returns `undefined` if the text is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Submits a form with `fetch`.
 *
 * @param form the form, whose action is the URL of the request
 * @returns the parsed JSON response
 */
export async function sendForm(form: HTMLFormElement): Promise<unknown> {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  return await send(form.action, { method: "POST", body, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}
