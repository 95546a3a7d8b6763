/**
 * Reads request bodies within limits of size and time, which `Deno.serve` does not enforce.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { nestsDeeperThan } from "../task/json_depth.ts";
import { formFields } from "./fields.ts";
import { headerOf } from "./headers.ts";
import { Problem } from "./problem.ts";

/**
 * The maximum nesting of arrays and objects in a body: the maximum for a value in a record, plus the levels
 * of the body around that value.
 */
const MAX_JSON_DEPTH = LIMITS.jsonDepth + 8;

/** Limits for reading a request's body. */
export interface BodyLimits {
  readonly requestBytes: number;
  readonly requestTimeoutMs: number;
}

/**
 * Reads a body as text.
 *
 * @param request the request
 * @param limits the maximum size and time
 * @returns the text
 * @throws {Problem} 413 if the body is too large, 408 if it takes too long, 400 if it is not UTF-8 or
 * incomplete
 */
export async function readText(request: Request, limits: BodyLimits): Promise<string> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > limits.requestBytes) throw tooLarge(limits);
  if (request.body === null) return "";
  const reader = request.body.getReader();
  let isOverdue = false;
  const timer = setTimeout(() => {
    isOverdue = true;
    reader.cancel().catch(() => {});
  }, limits.requestTimeoutMs);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      bytes += chunk.value.byteLength;
      if (bytes > limits.requestBytes) {
        reader.cancel().catch(() => {});
        throw tooLarge(limits);
      }
      text += decoder.decode(chunk.value, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    if (error instanceof Problem) throw error;
    // A cancelled body may end within a character.
    if (!isOverdue) throw new Problem("bad_body", "The body is incomplete or not valid UTF-8");
  } finally {
    clearTimeout(timer);
  }
  // A cancelled body looks complete to its reader.
  if (isOverdue) {
    throw new Problem("slow_body", `The body did not arrive within ${limits.requestTimeoutMs} ms`);
  }
  return text;
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
