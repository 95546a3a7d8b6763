/**
 * What a path stands for. Each area of the server knows its own paths.
 *
 * @module
 */

import type { Access, Need } from "../access/grant.ts";
import type { Visitor } from "./gate.ts";
import { Problem } from "./problem.ts";

/** What answers a request; at once where it can, because an `async` function would cost more than a small answer. */
export type Answer = Response | Promise<Response>;

/** The methods that are answered; a HEAD is answered as a GET, and the server leaves the body out. */
export const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;

/** One of {@linkcode METHODS}. */
export type Method = (typeof METHODS)[number];

/** What a path stands for, by method. */
export type Route = { readonly [M in Method]?: Action };

/** What one method of a path does. */
export interface Action {
  /** What whoever asks has to be allowed. */
  readonly access: Need;
  /**
   * It stays open, so that its Origin is checked as that of a change is: foreign pages could read a socket, and hold the
   * seats of others with a stream.
   */
  readonly isLasting?: boolean;
  /** It is a socket: not for those who were only sent a link, as parts of a message can't be bounded until it is whole. */
  readonly isSocket?: boolean;
  /** Answers. */
  readonly answer: (visitor: Visitor) => Answer;
}

/** Finds what a path stands for, by its segments below the base path. */
export type Router = (request: Request, segments: readonly string[]) => Route;

/** The answer to a path that stands for nothing. */
export function nothingHere(): Problem {
  return new Problem("not_found", "There is nothing here");
}

/** To look at a client's tasks, or at one of them. */
export function read(client: string, taskId: string | null = null): Access {
  return { action: "read", client, taskId };
}

/** The parameters of a request. */
export function paramsOf(request: Request): URLSearchParams {
  const mark = request.url.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : request.url.slice(mark + 1));
}

/** Whether a page's script asks, where somebody with a browser would be given a page. */
export function wantsJson(request: Request): boolean {
  return request.headers.get("accept") === "application/json";
}

/** Reads a segment that may hold any text. */
export function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Problem("bad_path", "The path is not valid percent-encoded UTF-8");
  }
}
