/**
 * JSON responses with the headers that every one of them has.
 *
 * @module
 */

/** Never cached, never sniffed. */
export const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Responds with text that is JSON already. */
export function jsonResponse(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> | null = null,
): Response {
  return new Response(body, {
    status,
    headers: headers === null ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
  });
}
