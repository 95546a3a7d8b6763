/**
 * Recognises redirects. No code that talks to a server follows them: a redirect turns a POST into a GET, and
 * loses the key.
 *
 * @module
 */

/** The target of a redirect. */
export interface Redirection {
  /** The address, without its query, which may contain a secret. */
  readonly address: string;
  /** Whether the address can be used as that of the server, because the request's own path follows it. */
  readonly isServer: boolean;
}

/**
 * Returns where a response redirects to.
 *
 * @param response the response to a request with `redirect: "manual"`
 * @param path the path of the request below the server's address
 * @returns the address; `null` if the response is no redirect, or if the runtime is a browser, which does not tell
 */
export function redirectionOf({ status, headers, url }: Response, path: string): Redirection | null {
  const location = status >= 300 && status < 400 ? headers.get("location") : null;
  const to = location === null ? null : URL.parse(location, url);
  if (to === null) return null;
  const address = to.origin + to.pathname;
  return address.endsWith(path)
    ? { address: address.slice(0, -path.length), isServer: true }
    : { address, isServer: false };
}
