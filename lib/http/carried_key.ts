/**
 * Finds the key or token that a request carries, and names the cookies that can carry one.
 *
 * @module
 */

import { TOKEN_PROTOCOL } from "../remote/credentials.ts";
import { elementsOf, headerOf } from "./headers.ts";

/** The part of a request that carries a key or a token. */
export type Source = "bearer" | "subprotocol" | "session" | "share";

/** The cookie of a session. The prefix of the name binds the cookie to this host and to TLS (RFC 6265bis). */
export const SESSION_COOKIE = "__Host-taskscope";
/** The cookie of a browser that has opened a shared link. */
export const SHARE_COOKIE = "__Host-taskscope-share";

/** Returns the key or token of the header Authorization; `null` if there is none. */
export function bearerOf(request: Request): string | null {
  // Other authentication schemes, such as Basic, are for a reverse proxy.
  return /^bearer +(\S+) *$/i.exec(headerOf(request, "authorization") ?? "")?.[1] ?? null;
}

/**
 * Returns the key or token of a WebSocket subprotocol, which carries it because the API of browsers cannot set headers;
 * `null` if there is none.
 */
export function subprotocolTokenOf(request: Request): string | null {
  const protocols = elementsOf(headerOf(request, "sec-websocket-protocol"));
  const found = protocols.find((protocol) => protocol.startsWith(TOKEN_PROTOCOL));
  if (found === undefined) return null;
  try {
    return atob(found.slice(TOKEN_PROTOCOL.length).replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}
