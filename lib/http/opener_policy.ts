/**
 * Decides which pages have a `Cross-Origin-Opener-Policy`, which separates a page from the window that opened
 * it.
 *
 * @module
 */

/**
 * The values of `Sec-Fetch-Site` of a request for a page that the user made, such as with a bookmark, or that
 * another page of this server made.
 */
const OWN_REQUESTS: ReadonlySet<string> = new Set(["none", "same-origin"]);

/**
 * Removes the opener policy of a page, unless a page of another site may have opened it. With the policy, a
 * browser discards the process that it has started for a new tab and starts another process, which can take a
 * tenth of the CPU time for opening the page.
 *
 * @param request the request for the page; if it has no `Sec-Fetch-Site`, the policy stays
 * @param response the page, which caches must not store
 */
export function relaxOpenerPolicy(request: Request, { headers }: Response): void {
  if (OWN_REQUESTS.has(request.headers.get("sec-fetch-site") ?? "")) {
    headers.delete("cross-origin-opener-policy");
  }
}
