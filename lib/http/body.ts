/**
 * Reads request bodies within limits of size and time, which `Deno.serve` does not enforce.
 *
 * @module
 */

import type { MonitorLimits } from "../config/limits.ts";
import { LIMITS } from "../task/grammar.ts";
import { nestsDeeperThan } from "../task/json_depth.ts";
import { formFields } from "./fields.ts";
import { headerOf } from "./headers.ts";
import { ByteBudget } from "./byte_budget.ts";
import { limitReached, Problem } from "./problem.ts";
import { Slots } from "./slots.ts";

/**
 * The maximum nesting of arrays and objects in a body: the maximum for a value in a record, plus the levels
 * of the body around that value.
 */
const MAX_JSON_DEPTH = LIMITS.jsonDepth + 8;

/**
 * The time after which a body that has not arrived takes one of the slots of unfinished bodies, in milliseconds.
 * Without it, a burst of short requests would take all of them.
 */
const SLOW_MS = 1_000;

/** Limits for reading a request's body. */
export interface BodyLimits {
  readonly requestBytes: number;
  readonly requestTimeoutMs: number;
  /** The limit on the number of bodies of all connections that have not arrived for a while. */
  readonly unfinished: Slots;
  /** The limit on the number of bytes of all bodies that have not arrived yet. */
  readonly received: ByteBudget;
  /** Whose share of these limits the body counts towards; absent or `null` for a sender that may use them up. */
  readonly share?: string | null;
}

/**
 * Creates the limits for reading the bodies of all requests to a monitor.
 *
 * @param limits the limits of the monitor
 */
export function bodyLimits(
  limits: Pick<
    MonitorLimits,
    "requestBytes" | "requestTimeoutMs" | "unfinishedBodies" | "unfinishedBodyBytes"
  >,
): BodyLimits {
  const { requestBytes, requestTimeoutMs, unfinishedBodies, unfinishedBodyBytes } = limits;
  return {
    requestBytes,
    requestTimeoutMs,
    unfinished: new Slots(unfinishedBodies, "unfinished request bodies"),
    received: new ByteBudget(unfinishedBodyBytes),
  };
}

/**
 * Reads a body as text.
 *
 * @param request the request
 * @param limits the maximum size and time, and the limits that all bodies have in common
 * @returns the text
 * @throws {Problem} 413 if the body is too large, 408 if it takes too long, 503 if too many bodies have not arrived
 * yet, 400 if it is not UTF-8 or incomplete
 */
export async function readText(request: Request, limits: BodyLimits): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  await readChunks(request, limits, (chunk) => {
    text += decoder.decode(chunk, { stream: chunk !== undefined });
  });
  return text;
}

/**
 * Reads a body without decoding it.
 *
 * @param request the request
 * @param limits the maximum size and time, and the limits that all bodies have in common
 * @returns the bytes
 * @throws {Problem} as {@linkcode readText}
 */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  await readChunks(request, limits, (chunk) => {
    if (chunk !== undefined) chunks.push(chunk);
  });
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * Reads a body chunk by chunk.
 *
 * @param onChunk called with each chunk, and with `undefined` at the end; an error that it throws says that the body is
 * not valid
 */
async function readChunks(
  request: Request,
  limits: BodyLimits,
  onChunk: (chunk: Uint8Array<ArrayBuffer> | undefined) => void,
): Promise<void> {
  const { requestBytes, received, share } = limits;
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > requestBytes) throw tooLarge(limits);
  if (request.body === null) return;
  const reader = request.body.getReader();
  using patience = new Patience(limits, () => reader.cancel().catch(() => {}));
  let bytes = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const { byteLength } = chunk.value;
      if (bytes + byteLength > requestBytes) throw tooLarge(limits);
      if (!received.take(byteLength, share)) {
        throw limitReached("Too much data of unfinished request bodies has arrived");
      }
      bytes += byteLength;
      onChunk(chunk.value);
    }
    onChunk(undefined);
  } catch (error) {
    if (error instanceof Problem) {
      reader.cancel().catch(() => {});
      throw error;
    }
    // A cancelled body may end within a character.
    if (patience.problem === null) throw new Problem("bad_body", "The body is incomplete or not valid UTF-8");
  } finally {
    received.release(bytes, share);
  }
  // A cancelled body looks complete to its reader.
  if (patience.problem !== null) throw patience.problem;
}

/** Gives up on a body that does not arrive in time, or that arrives slowly while too many others do. */
class Patience implements Disposable {
  readonly #limits: BodyLimits;
  readonly #onEnd: () => void;
  #timer: ReturnType<typeof setTimeout>;
  #release = () => {};
  /** The reason to have given up; `null` if there is none. */
  problem: Problem | null = null;

  constructor(limits: BodyLimits, onEnd: () => void) {
    this.#limits = limits;
    this.#onEnd = onEnd;
    const firstMs = Math.min(SLOW_MS, limits.requestTimeoutMs);
    this.#timer = setTimeout(() => this.#wait(limits.requestTimeoutMs - firstMs), firstMs);
  }

  #wait(restMs: number): void {
    if (restMs === 0) return this.#end(this.#overdue());
    try {
      this.#release = this.#limits.unfinished.take(this.#limits.share);
    } catch (error) {
      return this.#end(error as Problem);
    }
    this.#timer = setTimeout(() => this.#end(this.#overdue()), restMs);
  }

  #overdue(): Problem {
    return new Problem("slow_body", `The body did not arrive within ${this.#limits.requestTimeoutMs} ms`);
  }

  #end(problem: Problem): void {
    this.problem = problem;
    this.#onEnd();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#release();
  }
}

/**
 * Reads a body as JSON. An empty body counts as `{}`.
 *
 * @param request the request
 * @param limits the maximum size and time
 * @returns the value, not validated yet
 * @throws {Problem} 415 if the Content-Type is not JSON, 400 if the body is not valid JSON, 413 if it is too large
 */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const type = bodyTypeOf(request);
  const text = await readText(request, limits);
  if (text === "") return {};
  if (type !== "json") {
    throw new Problem("wrong_content_type", "Send JSON, with the header Content-Type: application/json");
  }
  return parseJson(text);
}

/** The format of a body. */
export type BodyType = "json" | "form" | "text";

/** A body in its parsed form, whose content is not validated yet. */
export type Body =
  | { readonly type: "json"; readonly value: unknown }
  | { readonly type: "form"; readonly fields: URLSearchParams }
  | { readonly type: "text"; readonly text: string };

const MEDIA_TYPES: Readonly<Record<BodyType, string>> = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  text: "text/plain",
};

/**
 * Reads a body that may be of several types. An empty body counts as `{}`, whatever its Content-Type.
 *
 * @param request the request
 * @param limits the maximum size and time
 * @param accepted the accepted types
 * @returns the body
 * @throws {Problem} 415 if the Content-Type is not accepted, 400 if the content does not match it, 413 if it is too large
 */
export async function readBody<Type extends BodyType>(
  request: Request,
  limits: BodyLimits,
  accepted: readonly (Type | "json")[],
): Promise<Extract<Body, { readonly type: Type | "json" }>> {
  const received = headerOf(request, "content-type")?.slice(0, 100) ?? "none";
  const declared = bodyTypeOf(request);
  const text = await readText(request, limits);
  const type = text === "" ? "json" : accepted.find((type) => type === declared);
  if (type === undefined) {
    const wanted = accepted.map((type) => MEDIA_TYPES[type]).join(" or ");
    throw new Problem(
      "wrong_content_type",
      `Cannot read the body: the Content-Type must be ${wanted}, received ${received}`,
    );
  }
  return bodyOf(type, text) as Extract<Body, { readonly type: Type | "json" }>;
}

function bodyOf(type: BodyType, text: string): Body {
  switch (type) {
    case "json":
      return { type, value: text === "" ? {} : parseJson(text) };
    case "form":
      return { type, fields: formFields(text) };
    case "text":
      return { type, text };
  }
}

function bodyTypeOf(request: Request): BodyType | null {
  const [media = ""] = (headerOf(request, "content-type") ?? "").split(";", 1);
  const type = media.trim().toLowerCase();
  if (/^application\/(json|[a-z0-9.+-]+\+json)$/.test(type)) return "json";
  if (type === MEDIA_TYPES.form) return "form";
  return type === MEDIA_TYPES.text ? "text" : null;
}

function parseJson(text: string): unknown {
  if (isTooDeep(text)) {
    throw new Problem("bad_json", `The body is nested more than ${MAX_JSON_DEPTH} levels deep`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("bad_json", "The body is not valid JSON");
  }
}

/**
 * Returns whether JSON text is nested too deeply. Call this before parsing, because recursive code would
 * overflow the stack.
 */
export function isTooDeep(text: string): boolean {
  return nestsDeeperThan(text, MAX_JSON_DEPTH);
}

/**
 * Reads a body as the fields of an HTML form.
 *
 * @param request the request
 * @param limits the maximum size and time
 * @returns the form fields
 * @throws {Problem} 415 if the Content-Type is not that of a form, 413 if the body is too large, 400 if it has
 * too many fields
 */
export async function readForm(request: Request, limits: BodyLimits): Promise<URLSearchParams> {
  const type = bodyTypeOf(request);
  const text = await readText(request, limits);
  if (text !== "" && type !== "form") {
    throw new Problem(
      "wrong_content_type",
      "Send form fields, with the header Content-Type: application/x-www-form-urlencoded",
    );
  }
  return formFields(text);
}

function tooLarge(limits: BodyLimits): Problem {
  return new Problem(
    "body_too_large",
    `The body is too large: at most ${limits.requestBytes} bytes are accepted`,
  );
}
