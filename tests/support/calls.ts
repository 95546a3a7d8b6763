/**
 * Sends HTTP requests to a server and checks the responses.
 *
 * @module
 */

import type { MonitoredTask } from "../../lib/mod.ts";
import { assertEquals } from "./assert.ts";

/** A response whose body has been read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed as JSON; `undefined` if it is not JSON. */
  // deno-lint-ignore no-explicit-any -- tests compare its fields
  readonly json: any;
}

/** Options of {@linkcode call}. */
export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The body: a string is sent unchanged, any other value as JSON with the content type of JSON. */
  readonly body?: unknown;
}

// A test may replace the clock.
const { now: realNow } = Date;

/**
 * Sends a request without following redirects. Each request that may change tasks is sent in a millisecond of its own,
 * because a list shows tasks of the same time in the order of their ids, not in the order in which they were reported.
 */
export async function call(method: string, url: string, options: CallOptions = {}): Promise<Answer> {
  const { headers = {}, body } = options;
  if (method !== "GET") awaitNextMillisecond();
  const isText = body === undefined || typeof body === "string";
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: isText ? headers : { "content-type": "application/json", ...headers },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function awaitNextMillisecond(): void {
  const ms = realNow();
  while (realNow() === ms);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Asserts that a response is a problem document (RFC 9457); `more` lists its additional fields. */
export function assertProblem(
  answer: Pick<Answer, "status" | "headers"> & { readonly text?: string; readonly body?: string },
  status: number,
  code: string,
  more: readonly string[] = [],
): void {
  const text = answer.text ?? answer.body ?? "";
  assertEquals(answer.status, status, text);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assertEquals(answer.headers.get("cache-control"), "no-store");
  const problem = JSON.parse(text);
  assertEquals(Object.keys(problem), ["title", "status", "detail", "code", ...more]);
  assertEquals(problem.status, status);
  assertEquals(problem.code, code);
  assertEquals([typeof problem.title, typeof problem.detail], ["string", "string"]);
}

/** A task that runs until it is cancelled or released. */
export class HeldTask {
  readonly #released = Promise.withResolvers<unknown>();
  #running = 0;

  /** The number of runs that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** The function to register as a task; if its first argument is `"deaf"`, the task ignores cancellation. */
  readonly fn = async (task: MonitoredTask, manner?: unknown): Promise<unknown> => {
    this.#running++;
    const stopped = Promise.withResolvers<never>();
    if (manner !== "deaf") {
      task.signal.addEventListener("abort", () => stopped.reject(task.signal.reason), { once: true });
    }
    return await Promise.race([this.#released.promise, stopped.promise]).finally(() => this.#running--);
  };

  /** Makes every current and future run finish with a result. */
  release(result: unknown = null): void {
    this.#released.resolve(result);
  }
}
