/**
 * Sends the key or a token along with requests and WebSockets.
 *
 * @module
 */

/**
 * The subprotocol of our WebSockets. A token may be offered beside it, but the server always selects this
 * one.
 */
export const SUBPROTOCOL = "taskscope";
/** Prefix of a subprotocol that carries a token, in base64url (RFC 4648, section 5). */
export const TOKEN_PROTOCOL = "taskscope.bearer.";

/**
 * Returns the headers that authenticate a request.
 *
 * @param key the key or a token; `null` if there is none
 */
export function keyHeaders(key: string | null): Readonly<Record<string, string>> {
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/**
 * Returns the subprotocols that authenticate a WebSocket, for runtimes that can't set its headers.
 *
 * @param key the key or a token; `null` if there is none
 */
export function keyProtocols(key: string | null): string[] {
  if (key === null) return [];
  const text = btoa(key).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [SUBPROTOCOL, `${TOKEN_PROTOCOL}${text}`];
}
