/**
 * The types of the route table, and helpers that read a request.
 *
 * @module
 */

// @ts-types="./negotiation.d.ts"
import { accepts } from "@std/http/negotiation";
import type { Access, Need } from "../access/grant.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import { queryFields } from "./fields.ts";
import { MAX_HEADER_CHARACTERS } from "./headers.ts";
import type { Visitor } from "./gate.ts";
import { Problem } from "./problem.ts";

/**
 * A response, or a promise of a response. Small responses are made synchronously, because an `async` function
 * would cost more than the response itself.
 */
export type Answer = Response | Promise<Response>;

/**
 * The methods that routes use, in the order of the header `Allow`. A HEAD request is handled by the route for
 * GET.
 */
export const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;

/** The method of a route, one of {@linkcode METHODS}. */
export type Method = (typeof METHODS)[number];

/** The percent-decoded values of a path's parameters. A parameter that the path does not have is `""`. */
export interface PathParams {
  /** The client token, already validated. */
  readonly client: string;
  /** The task id, already validated. */
  readonly id: string;
  /** The name of a registered task, or the name that a client's tasks have; any text. */
  readonly name: string;
  /** The name of an asset; any text. */
  readonly file: string;
  /** The version of a file that programs import or install; any text. */
  readonly version: string;
  /** The token of a shared link; any text. */
  readonly token: string;
}

/** One of the parameters that a path can have. */
export type PathParam = keyof PathParams;

/** A request that matched a route and may proceed. */
export interface Call extends PathParams {
  readonly request: Request;
  readonly visitor: Visitor;
}

/**
 * The authorisation that a route needs: permission for an action on the client and task that the path names,
 * permission to report some task, any valid key or token, or nothing.
 */
export type RouteAccess = Access["action"] | Extract<Need, string>;

/** Properties that only some routes have. */
export interface RouteTraits {
  /** Whether pages of the origins in `allowedOrigins` may call the route. */
  readonly isShared?: boolean;
  /**
   * Whether the route keeps the connection of a request open. The Origin of a request that stays open is
   * checked although it is a GET: a foreign page could read from a socket, and the page's event streams and
   * long polls could use up the limits on watchers and waiting requests.
   */
  readonly isLasting?: boolean | ((request: Request) => boolean);
  /**
   * Whether the route upgrades to a WebSocket. Browsers that have followed a shared link cannot use WebSockets,
   * because fragments of a message are buffered without a limit until the message is complete.
   */
  readonly isSocket?: boolean;
  /**
   * Whether the route serves people with a browser: errors on its path are pages, and its path with a trailing
   * slash redirects to the path without it.
   */
  readonly isPage?: boolean;
  /**
   * Whether the responses may be compressed. A response with a key, a token or a link must not be compressed,
   * see `compression.ts`.
   */
  readonly isCompressed?: boolean;
  /** Whether every node of a cluster handles the route by itself, even if it does not know the latest tasks. */
  readonly isLocal?: boolean;
  /**
   * Whether the route changes tasks, so that only the node that owns them can handle it. By default, every
   * route with a method other than GET changes tasks.
   */
  readonly isChange?: boolean;
  /** What the server must have for the route to exist: a key, or sign-in with that key. */
  readonly requires?: "key" | "sign_in";
}

/** An entry of the route table: one method of one path. */
export interface Route<Areas> extends RouteTraits {
  readonly method: Method;
  /**
   * The path, whose segments are literal, or `{param}` with or without a prefix and a suffix, as in `{id}.svg`.
   * Only the paths of folders end with a slash.
   */
  readonly path: string;
  /**
   * The access that the route needs. The value is a function if the access depends on the query; the function
   * may throw a {@linkcode Problem}.
   */
  readonly access: RouteAccess | ((request: Request) => RouteAccess);
  readonly handler: (areas: Areas, call: Call) => Answer;
  /**
   * Returns the name of the function that a request starts; `undefined` if the name can't be determined, in
   * which case the request will be refused. Absent if the route starts no function.
   */
  readonly starts?: (areas: Areas, params: PathParams) => MaybePromise<string | undefined>;
}

/** Creates the error for a path that matches no route. */
export function nothingHere(): Problem {
  return new Problem("not_found", "This page or endpoint does not exist");
}

/**
 * Returns the query parameters of a request.
 *
 * @throws {Problem} 400 if there are too many parameters
 */
export function paramsOf(request: Request): URLSearchParams {
  return queryFields(request.url);
}

/** Returns whether a request has a certain query parameter. */
export function hasParam(request: Request, name: string): boolean {
  return request.url.includes("?") && paramsOf(request).has(name);
}

/** Returns whether a request to a page gets JSON instead of HTML, such as a request of the page's script. */
export function wantsJson(request: Request): boolean {
  const accept = request.headers.get("accept");
  return accept !== null && /json/i.test(accept) && !isHtmlAccepted(accept);
}

/** Returns whether a browser opened the URL as a page, so that an error must be a page as well. */
export function wantsHtml(request: Request): boolean {
  const accept = request.headers.get("accept");
  // An `Accept` header that is too long can't be refused here, because this function decides the format of
  // error responses.
  return accept !== null && accept.length <= MAX_HEADER_CHARACTERS && isHtmlAccepted(accept) &&
    accepts(request, "text/html", "application/json") === "text/html";
}

/** Returns whether an `Accept` header names HTML; the wildcard that curl sends is not enough. */
function isHtmlAccepted(accept: string): boolean {
  return /text\/html/i.test(accept);
}
