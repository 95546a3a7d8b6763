/**
 * Converts errors to responses in the format that the client expects: a page for people, otherwise a problem
 * document.
 *
 * @module
 */

import type { Cors } from "./cors.ts";
import { type Problem, type ProblemCode, problemOf, problemResponse } from "./problem.ts";
import { redirect } from "./responses.ts";
import { type Route, wantsHtml, wantsJson } from "./route.ts";
import type { Match } from "./route_tree.ts";

/**
 * The kind of client that a response is for, which decides the format of errors and whether CORS headers are
 * needed.
 */
export type Reader = "program" | "person" | "foreign_page";

/** Options of {@linkcode ErrorResponses}. */
export interface ErrorResponsesOptions {
  readonly routes: readonly Route<never>[];
  readonly cors: Cors;
  /**
   * Renders the page that shows an error to a person, with a link to sign in unless the address is `null`.
   */
  readonly pages: { problem(problem: Problem, signInAddress: string | null): Response };
  readonly signIn: { addressFor(request: Request): string | null };
  /** Called with the code of every error. */
  readonly refused: (code: ProblemCode) => void;
  /** Called with an unexpected error. */
  readonly reportError: (error: unknown) => void;
}

/** Determines the kind of client of a request, and responds with errors. */
export class ErrorResponses {
  readonly #options: ErrorResponsesOptions;
  readonly #pageDepths: ReadonlyMap<string, number>;

  constructor(options: ErrorResponsesOptions) {
    this.#options = options;
    this.#pageDepths = depthsOf(options.routes.filter(({ isPage }) => isPage));
  }

  /**
   * Returns the kind of client that a response is for.
   *
   * @param request the request
   * @param segments the segments of its path
   * @param match the resource at this path; `null` if there is none
   */
  readerOf(request: Request, segments: readonly string[], match: Match<never> | null): Reader {
    if (isBelow(this.#pageDepths, segments) && !wantsJson(request)) return "person";
    return match !== null && this.#options.cors.covers(request, match.resource) ? "foreign_page" : "program";
  }

  /** Responds with an error. */
  respond(error: unknown, request: Request, reader: Reader): Response {
    const { pages, signIn, cors, refused, reportError } = this.#options;
    const problem = problemOf(error, reportError);
    refused(problem.code);
    // The header is read only now, so that successful requests need not read it.
    if (reader === "person" || (reader === "program" && wantsHtml(request))) {
      const mayHelp = problem.code === "key_needed" || problem.code === "not_allowed";
      const address = mayHelp ? signIn.addressFor(request) : null;
      // A visitor with a token or a shared link may not know the key, so an error page is shown in place of
      // the sign-in page.
      return problem.code === "key_needed" && address !== null
        ? redirect(address)
        : pages.problem(problem, address);
    }
    const response = problemResponse(problem);
    if (reader === "foreign_page") return cors.open(request, response);
    response.headers.append("vary", "Accept");
    return response;
  }
}

/**
 * Returns, for the first segment of each path, the number of segments of the shortest path that begins with
 * it.
 */
function depthsOf(routes: readonly Route<never>[]): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  for (const { path } of routes) {
    const [root = "", ...more] = path.slice(1).split("/");
    depths.set(root, Math.min(1 + more.length, depths.get(root) ?? Infinity));
  }
  return depths;
}

function isBelow(depths: ReadonlyMap<string, number>, segments: readonly string[]): boolean {
  return segments.length >= (depths.get(segments[0]!) ?? Infinity);
}
