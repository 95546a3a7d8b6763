/**
 * Reads the cookies of a request.
 *
 * @module
 */

// @ts-types="./cookie.d.ts"
import { getCookies } from "@std/http/cookie";

/**
 * Returns the cookies of a request, by name; an empty object if the `Cookie` header is malformed.
 *
 * @param request the request
 */
export function cookiesOf(request: Request): Readonly<Record<string, string>> {
  try {
    return getCookies(request.headers);
  } catch {
    return {};
  }
}
