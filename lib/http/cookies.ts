/**
 * Reads the cookies of a request.
 *
 * @module
 */

// @ts-types="./cookie.d.ts"
import { getCookies } from "@std/http/cookie";

/**
 * The cookies of a request, by name. A request whose `Cookie` header is malformed has none.
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
