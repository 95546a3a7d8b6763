/**
 * What browsers are told so that pages of other origins may report (the Fetch standard, section 3.3). Origins that are
 * allowed by name, and no others; none of what they could read, start or remove is opened to them.
 *
 * @module
 */

import type { Method } from "./route.ts";

/** The methods of a path that pages of other origins may use, by its segments below the base path. */
export type SharedMethods = (segments: readonly string[]) => readonly Method[];

/** How long a browser may remember the answer to a preflight, in seconds. */
const MAX_AGE_SECONDS = 3_600;

/** Opens single calls to the pages of some origins. */
export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #areas: ReadonlyMap<string, SharedMethods>;

  /**
   * @param origins the origins that are allowed by name
   * @param areas what is shared below each first segment of a path
   */
  constructor(origins: ReadonlySet<string>, areas: ReadonlyMap<string, SharedMethods>) {
    this.#origins = origins;
    this.#areas = areas;
  }

  /**
   * Whether a request is one that pages of other origins may make, or the preflight of one. Decided by the form of the
   * path alone, so that a page can read what is wrong with the words in it.
   *
   * @param request what came
   * @param segments its path below the base path
   */
  covers(request: Request, segments: readonly string[]): boolean {
    const { method } = request;
    if (method === "GET") return false;
    const area = this.#areas.get(segments[0]!);
    if (area === undefined) return false;
    const asked = method === "OPTIONS" ? request.headers.get("access-control-request-method") : method;
    return area(segments).some((shared) => shared === asked);
  }

  /**
   * Answers a preflight that is covered.
   *
   * @param request the preflight; its origin was checked
   * @param segments its path below the base path
   */
  preflight(request: Request, segments: readonly string[]): Response {
    const response = new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    const { headers } = this.open(request, response);
    if (!headers.has("access-control-allow-origin")) return response;
    const methods = this.#areas.get(segments[0]!)?.(segments) ?? [];
    headers.set("access-control-allow-methods", methods.join(", "));
    headers.set("access-control-allow-headers", "content-type, authorization");
    headers.set("access-control-max-age", String(MAX_AGE_SECONDS));
    return response;
  }

  /**
   * Lets the page that asked read an answer, where its origin is allowed by name.
   *
   * @param request what came, and is covered
   * @param response the answer, or what says that there is none
   * @returns the same answer
   */
  open(request: Request, response: Response): Response {
    const { headers } = response;
    headers.append("vary", "Origin");
    const origin = request.headers.get("origin");
    if (origin === null || !this.#origins.has(origin)) return response;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "location, retry-after");
    return response;
  }
}
