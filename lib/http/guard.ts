/**
 * Checks the Host and Origin of requests, to prevent DNS rebinding and cross-site request forgery. The Host
 * is checked before any other code reads the URL, because `Deno.serve` builds the URL from the Host.
 *
 * @module
 */

import type { ResolvedAccess } from "../config/access_options.ts";
import { Problem } from "./problem.ts";

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?$/;

/** Checks the Host and Origin of requests against the configured hosts and origins. */
export class Guard {
  readonly #access: ResolvedAccess;

  /** @param access the allowed hosts and origins */
  constructor(access: ResolvedAccess) {
    this.#access = access;
  }

  /**
   * Refuses a request for an unknown host, which may come from a page whose domain was rebound to this
   * server's address.
   *
   * @param request the request
   * @returns the host, with the port if the request names one
   * @throws {Problem} 421 if the host is not allowed
   */
  checkHost(request: Request): string {
    const host = (request.headers.get("host") ?? authorityOf(request))?.toLowerCase();
    const { hosts, allowAddressHosts } = this.#access;
    // If the request line is an absolute URL, `request.url` has the host of that URL instead of the Host
    // header.
    if (
      host !== undefined &&
      ((hosts === null ? isLoopback(host) : isIn(hosts, host)) ||
        (allowAddressHosts && isAddress(host)))
    ) {
      const start = request.url.indexOf("://") + 3;
      if (request.url.startsWith(`${host}/`, start)) return host;
      // Parsed URLs are normalised: lower case, and without a default port.
      if (URL.parse(`http://${host}`)?.host === URL.parse(request.url)?.host) return host;
    }
    throw new Problem(
      "wrong_host",
      host === undefined
        ? "The request has no Host header; over HTTP/2 without TLS, use 127.0.0.1 in place of localhost"
        : "This server does not serve this host name; use --public-url to add it",
    );
  }

  /**
   * Refuses a request from a page of another origin. Requests without an Origin, such as those of curl, are
   * accepted.
   *
   * @param request the request, whose host was already checked
   * @param host the host of the request
   * @param isWatching whether the request opens a socket to read tasks, which the origins that may make changes
   * may not
   * @throws {Problem} 403 if the origin is not allowed
   */
  checkOrigin(request: Request, host: string, isWatching: boolean): void {
    const { origins, publicOrigins } = this.#access;
    const origin = request.headers.get("origin");
    const site = request.headers.get("sec-fetch-site");
    const isAllowed = origin === null
      ? site === null || site === "same-origin" || site === "none"
      : origin === "null"
      ? site === "same-origin"
      : isOriginOf(origin, host) || (isWatching ? publicOrigins : origins).has(origin);
    if (isAllowed) return;
    throw new Problem(
      "foreign_origin",
      isWatching
        ? "Pages of other origins are not allowed to watch tasks over a WebSocket"
        : "Pages of other origins are not allowed to do this; use --allow-origin to allow an origin",
    );
  }
}

/**
 * Returns the host of an HTTP/2 request, which has `:authority` instead of a Host header (RFC 9113, section
 * 8.3.1). The authority is read as text, so that it gets the same checks as a Host header.
 *
 * Without TLS, `localhost` is not accepted: if an HTTP/1 request has no Host header, Deno puts `localhost`
 * and the port into the URL, and nothing distinguishes such a request from one over HTTP/2.
 */
function authorityOf({ url }: Request): string | undefined {
  const [, scheme, authority = ""] = /^(https?):\/\/([^/?#]*)/.exec(url) ?? [];
  return scheme === "http" && /^localhost(:|$)/i.test(authority) ? undefined : authority;
}

/**
 * Returns whether a host is in a list of allowed hosts. A client may write the default port, which URLs leave out; the
 * scheme that the client used is unknown behind a proxy.
 */
function isIn(hosts: ReadonlySet<string>, host: string): boolean {
  return hosts.has(host) || hosts.has(host.replace(/:(?:80|443)$/, ""));
}

/** Returns whether an origin is that of a host. Browsers leave the default port out of the origin. */
function isOriginOf(origin: string, host: string): boolean {
  return ["http", "https"].some((scheme) => {
    const url = `${scheme}://${host}`;
    return origin === url || origin === URL.parse(url)?.origin;
  });
}

/** Returns whether a host is an IP address, with or without a port. */
function isAddress(host: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])(:\d{1,5})?$/.test(host);
}

function isLoopback(host: string): boolean {
  const match = LOOPBACK_HOST.exec(host);
  return match !== null && Number(match[2] ?? 0) <= 65_535;
}
