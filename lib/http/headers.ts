/**
 * Reads request headers whose values are parsed.
 *
 * @module
 */

import { Problem } from "./problem.ts";

/**
 * The maximum length of a header whose value is a list or has parameters, in characters. The header `Cookie`
 * may be longer, because other programs on the same host set cookies, too.
 */
export const MAX_HEADER_CHARACTERS = 8_192;

/**
 * Returns the value of a header; `null` if the request does not have it.
 *
 * @param request the request
 * @param name the header's name, in lower case
 * @throws {Problem} 431 if the value is too long to be parsed
 */
export function headerOf({ headers }: { readonly headers: Headers }, name: string): string | null {
  const value = headers.get(name);
  if (value === null || value.length <= MAX_HEADER_CHARACTERS) return value;
  throw new Problem(
    "header_too_large",
    `Cannot read the header "${name}": at most ${MAX_HEADER_CHARACTERS} characters are accepted, ` +
      `received ${value.length}`,
  );
}

/**
 * Splits the value of a header at its commas (RFC 9110, section 5.6.1).
 *
 * @param value the value; `null` if the request does not have the header
 * @returns the elements without the space around them; empty elements are left out
 */
export function elementsOf(value: string | null): readonly string[] {
  return (value ?? "").split(",").map((element) => element.trim()).filter((element) => element !== "");
}
