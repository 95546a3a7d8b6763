/**
 * Adds the key or a token to requests and WebSocket handshakes.
 *
 * @module
 */

/**
 * The subprotocol of Taskscope's WebSockets. A client may also offer a subprotocol that carries a token, but
 * the server always selects this one.
 */
export const SUBPROTOCOL = "taskscope";
/** The prefix of a subprotocol that carries a token, encoded in base64url (RFC 4648, section 5). */
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
 * Returns the subprotocols that authenticate a WebSocket, for runtimes that can't set the headers of its
 * handshake.
 *
 * @param key the key or a token; `null` if there is none
 */
export function keyProtocols(key: string | null): string[] {
  if (key === null) return [];
  const text = btoa(key).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [SUBPROTOCOL, `${TOKEN_PROTOCOL}${text}`];
}
