/**
 * The types of the route table, and helpers that read a request.
 *
 * @module
 */

import type { Access } from "../access/grant.ts";
import type { Visitor } from "./gate.ts";
import { Problem } from "./problem.ts";

/**
 * A response, or the promise of one. Small responses are made synchronously: an `async` function would cost more than the
 * response itself.
 */
export type Answer = Response | Promise<Response>;

/** The methods that routes use, in the order of the header `Allow`. A HEAD request takes the route of GET. */
export const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;

/** One of {@linkcode METHODS}. */
export type Method = (typeof METHODS)[number];

/** The values of a path's parameters, percent-decoded. A parameter that the path does not have is empty. */
export interface PathParams {
  /** A valid client token. */
  readonly client: string;
  /** A valid task id. */
  readonly id: string;
  /** The name of a registered task, or of a client's tasks; any text. */
  readonly name: string;
  /** The name of an asset; any text. */
  readonly file: string;
  /** A token for a shared link; any text. */
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
 * What a visitor must be allowed to do: an action on the client and task that the path names; any valid key or token; or
 * nothing.
 */
export type RouteAccess = Access["action"] | "any" | "none";

/** Properties that only some routes have. */
export interface RouteTraits {
  /** Pages of the origins in `allowedOrigins` may call it. */
  readonly isShared?: boolean;
  /**
   * Keeps the connection open. Its Origin is checked even though it is a GET, because a foreign page could read a socket,
   * and event streams of foreign pages could use up the limit of watchers.
   */
  readonly isLasting?: boolean;
  /**
   * Upgrades to a WebSocket. Closed to visitors with a shared link, because fragments of a message are buffered without
   * a limit until the message is complete.
   */
  readonly isSocket?: boolean;
  /** Serves people with a browser, so errors on its path are pages. */
  readonly isPage?: boolean;
  /** Paths below this one that end with a slash redirect to the path without it. */
  readonly redirectsSlash?: boolean;
  /** What the server needs for the route to exist: a key, or sign-in with that key. */
  readonly requires?: "key" | "sign_in";
}

/** A row of the route table: one method of one path. */
export interface Route<Areas> extends RouteTraits {
  readonly method: Method;
  /** Segments are literal, `{param}`, or `{param}` with a suffix, as in `{id}.svg`. */
  readonly path: string;
  /** A function if it depends on the query; it may throw a {@linkcode Problem}. */
  readonly access: RouteAccess | ((request: Request) => RouteAccess);
  readonly handler: (areas: Areas, call: Call) => Answer;
}

/** The problem of a path that no route has. */
export function nothingHere(): Problem {
  return new Problem("not_found", "This page or endpoint does not exist");
}

/** The query parameters of a request. */
export function paramsOf(request: Request): URLSearchParams {
  const mark = request.url.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : request.url.slice(mark + 1));
}

/** Whether a request has a query parameter. */
export function hasParam(request: Request, name: string): boolean {
  return request.url.includes("?") && paramsOf(request).has(name);
}

/** Whether the script of a page sent the request: it gets JSON where a browser gets a page. */
export function wantsJson(request: Request): boolean {
  return request.headers.get("accept") === "application/json";
}
