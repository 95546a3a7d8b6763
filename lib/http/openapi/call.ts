/**
 * How a call of the API is described.
 *
 * @module
 */

import type { z } from "zod";

/** The body of a response: JSON of a schema, text of a media type, or `null` if it is empty. */
export type ResponseBody = z.ZodType | string | null;

/** A call: one method of one path. */
export interface Call {
  /** The `operationId`, which generators name functions after. */
  readonly id: string;
  readonly method: "get" | "post" | "patch" | "delete";
  /** A path template with `{client}`, `{id}` or `{name}`. */
  readonly path: string;
  /** What it does, in a few words. */
  readonly summary: string;
  /** Details, in sentences of CommonMark without any markup but `code`. */
  readonly description?: string;
  /** The parameters of the query. */
  readonly query?: z.ZodObject;
  /** Request headers that change the response. */
  readonly headers?: z.ZodObject;
  /** The request body as JSON. */
  readonly body?: z.ZodType;
  /** Whether the request body may also be a form. */
  readonly isForm?: boolean;
  /** Whether the request body may also be plain text. */
  readonly isText?: boolean;
  /** The responses if nothing went wrong, and error responses that are not a problem, by status. */
  readonly responses: Readonly<Record<number, ResponseBody>>;
  /** Headers of the successful responses, with their meaning. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Whether `Accept: text/plain` gets these responses as text. */
  readonly hasTextResponse?: boolean;
  /** The statuses of problems specific to this call; those that any call can have are left out. */
  readonly problems?: readonly number[];
  /**
   * What it needs if the server has a key: nothing, any valid token, a token that may read (from
   * WebSockets, too, which are closed to shared links) or write, or the key itself.
   */
  readonly access: "public" | "any" | "read" | "write" | "socket" | "key";
  /** A shell command, with `{server}` for the address. A test runs them all, in the order of the list. */
  readonly example: string;
}

/** Calls that are documented together. */
export interface CallGroup {
  readonly title: string;
  readonly about: string;
  readonly calls: readonly Call[];
}
