/**
 * Decides which pages are cut off from the window that opened them.
 *
 * @module
 */

/**
 * The values of `Sec-Fetch-Site` if a page was requested by the user, such as from a bookmark, or by another page of this
 * server.
 */
const OWN_REQUESTS: ReadonlySet<string> = new Set(["none", "same-origin"]);

/**
 * Removes the policy that cuts a page off from its opener, unless a page of another site may have opened it. With the policy,
 * a browser discards the process that it has started for a new tab and starts another one, which can take a tenth of the
 * processor time of opening the page.
 *
 * @param request the request for the page; if it does not say who requests the page, the policy stays
 * @param response the page, which must not be stored by caches
 */
export function relaxOpenerPolicy(request: Request, { headers }: Response): void {
  if (OWN_REQUESTS.has(request.headers.get("sec-fetch-site") ?? "")) {
    headers.delete("cross-origin-opener-policy");
  }
}
