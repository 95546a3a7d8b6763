/**
 * How programs show a server the key, or a token.
 *
 * @module
 */

/** What sockets of ours speak, beside which a token may be offered; answers name only this one. */
export const SUBPROTOCOL = "taskscope";
/** What stands before a token that is offered so, in base64url (RFC 4648, section 5). */
export const TOKEN_PROTOCOL = "taskscope.bearer.";

/**
 * The headers of a request.
 *
 * @param key the key or the token; `null` where there is none
 */
export function keyHeaders(key: string | null): Readonly<Record<string, string>> {
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/**
 * The subprotocols of a socket, for platforms whose sockets have no headers of ours.
 *
 * @param key the key or the token; `null` where there is none
 */
export function keyProtocols(key: string | null): string[] {
  if (key === null) return [];
  const text = btoa(key).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [SUBPROTOCOL, `${TOKEN_PROTOCOL}${text}`];
}
