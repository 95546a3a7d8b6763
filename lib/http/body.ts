/**
 * Reads request bodies as JSON, form fields or text, by their Content-Type.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { nestsDeeperThan } from "../task/json_depth.ts";
import { formFields } from "./fields.ts";
import { headerOf } from "./headers.ts";
import { Problem } from "./problem.ts";
import { type BodyLimits, readText } from "./raw_body.ts";

/**
 * The maximum nesting of arrays and objects in a body: the maximum for a value in a record, plus the levels
 * of the body around that value.
 */
const MAX_JSON_DEPTH = LIMITS.jsonDepth + 8;

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
 * overflow the stack on deeply nested JSON.
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
