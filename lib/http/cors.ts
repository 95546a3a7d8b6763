/**
 * Cross-origin resource sharing (the Fetch standard, section 3.3): lets pages of allowed origins report tasks.
 *
 * @module
 */

import type { Resource } from "./route_tree.ts";

/** How long a browser may cache the response to a preflight, in seconds. */
const MAX_AGE_SECONDS = 3_600;

/** Gives only pages of allowed origins access to the shared routes. */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  /** @param origins the allowed origins */
  constructor(origins: ReadonlySet<string>) {
    this.#origins = origins;
  }

  /**
   * Returns whether a request, or the request that a preflight announces, is to a shared route. Only the form
   * of the path is checked, so that a page can also read the error for an invalid client token or task id in
   * the path.
   *
   * @param request the request
   * @param resource the resource that the request's path matched
   */
  covers(request: Request, { sharedMethods }: Resource<never>): boolean {
    const { method } = request;
    if (method === "GET") return false;
    const asked = method === "OPTIONS" ? request.headers.get("access-control-request-method") : method;
    return sharedMethods.some((shared) => shared === asked);
  }

  /**
   * Responds to the preflight of a shared route.
   *
   * @param request the preflight, whose origin was already checked
   * @param resource the resource that the request's path matched
   */
  preflight(request: Request, { sharedMethods }: Resource<never>): Response {
    const response = new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    const { headers } = this.open(request, response);
    if (!headers.has("access-control-allow-origin")) return response;
    headers.set("access-control-allow-methods", sharedMethods.join(", "));
    headers.set("access-control-allow-headers", "content-type, authorization");
    headers.set("access-control-max-age", String(MAX_AGE_SECONDS));
    return response;
  }

  /**
   * Lets the page that sent a request to a shared route read the response, if its origin is allowed.
   *
   * @param request the request
   * @param response the response, which may be an error
   * @returns the same response
   */
  open(request: Request, response: Response): Response {
    const { headers } = response;
    // A response that another node made already has this `vary`.
    if (headers.get("vary")?.includes("Origin") !== true) headers.append("vary", "Origin");
    const origin = request.headers.get("origin");
    if (origin === null || !this.#origins.has(origin)) return response;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "location, retry-after");
    return response;
  }
}
