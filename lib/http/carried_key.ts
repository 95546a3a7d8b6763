/**
 * Finds the key or token that a request carries, and names the cookies that can carry one.
 *
 * @module
 */

import { TOKEN_PROTOCOL } from "../remote/credentials.ts";
import { elementsOf, headerOf } from "./headers.ts";

/** The part of a request that carries a key or a token. */
export type Source = "bearer" | "subprotocol" | "session" | "share";

/** The names of the cookies that carry a session or a token. */
export interface CookieNames {
  /** The cookie of a session. */
  readonly session: string;
  /** The cookie of a browser that has opened a shared link. */
  readonly share: string;
}

/**
 * Returns the names of the cookies of a server. Their prefix binds a cookie to the host and to TLS (RFC 6265bis), and
 * requires the path `/`, so servers below different paths of one host need different names. Slashes, which a name can't
 * contain, become exclamation marks, which no base path contains.
 *
 * @param basePath the prefix of all paths of the server
 */
export function cookieNames(basePath: string): CookieNames {
  const suffix = basePath.replaceAll("/", "!");
  return { session: `__Host-taskscope${suffix}`, share: `__Host-taskscope-share${suffix}` };
}

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
