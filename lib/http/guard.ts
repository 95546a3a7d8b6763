/**
 * Who may talk to the server at all: the Host and Origin rules. They run before anything else reads the URL, because
 * `Deno.serve` builds the URL from a Host header that nobody checked.
 *
 * @module
 */

import type { ResolvedAccess } from "../config/access_options.ts";
import { Problem } from "./problem.ts";

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?$/;

/** Checks Host and Origin against what is allowed. */
export class Guard {
  readonly #access: ResolvedAccess;

  /** @param access what is allowed */
  constructor(access: ResolvedAccess) {
    this.#access = access;
  }

  /**
   * Refuses a request that names another host: it was sent by a page whose name was rebound to this address.
   *
   * @param request what came
   * @returns the host that is named
   * @throws {Problem} 421
   */
  checkHost(request: Request): string {
    const host = request.headers.get("host")?.toLowerCase() ?? authorityOf(request);
    const { hosts, allowAddressHosts } = this.#access;
    // A request line in absolute form names a host of its own, which makes the URL.
    if (
      host !== undefined &&
      ((hosts === null ? isLoopback(host) : hosts.has(host)) ||
        (allowAddressHosts && isAddress(host)))
    ) {
      const start = request.url.indexOf("://") + 3;
      if (request.url.startsWith(`${host}/`, start)) return host;
      // The URL is normalised: a default port is left out, letters are small.
      if (URL.parse(`http://${host}`)?.host === URL.parse(request.url)?.host) return host;
    }
    throw new Problem("wrong_host", "This host name is not served here; --public-url adds one");
  }

  /**
   * Refuses a change, or a socket, that a foreign page asks for. Programs such as curl send no Origin.
   *
   * @param request what came; its host was checked
   * @param host the host that it names
   * @throws {Problem} 403
   */
  checkOrigin(request: Request, host: string): void {
    const origin = request.headers.get("origin");
    const site = request.headers.get("sec-fetch-site");
    const isAllowed = origin === null
      ? site === null || site === "same-origin" || site === "none"
      : origin === "null"
      ? site === "same-origin"
      : origin === `http://${host}` || origin === `https://${host}` || this.#access.origins.has(origin);
    if (!isAllowed) {
      throw new Problem("foreign_origin", "Pages of other origins may not do this; --allow-origin adds one");
    }
  }
}

/**
 * What takes the place of the Host header in HTTP/2 (RFC 9113, section 8.3.1), which is spoken over TLS alone: it is in the
 * URL already. Where an older client leaves the header out, the URL has the address that it came to.
 */
function authorityOf({ url }: Request): string | undefined {
  return url.startsWith("https:") ? URL.parse(url)?.host : undefined;
}

/** Whether a host is named by an IP address. */
function isAddress(host: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])(:\d{1,5})?$/.test(host);
}

function isLoopback(host: string): boolean {
  const match = LOOPBACK_HOST.exec(host);
  return match !== null && Number(match[2] ?? 0) <= 65_535;
}
