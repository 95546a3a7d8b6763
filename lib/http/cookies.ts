/**
 * Reads the cookies of a request.
 *
 * @module
 */

/**
 * Returns the value of a cookie (RFC 6265, section 5.4); `null` if the request does not have it. Malformed
 * pairs are skipped, because any page or program on the same host can set cookies.
 *
 * @param request the request
 * @param name the name of the cookie
 */
export function cookieOf(request: Request, name: string): string | null {
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return null;
}
