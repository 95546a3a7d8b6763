/**
 * The types that describe the calls of the API.
 *
 * @module
 */

import type { z } from "zod";

/**
 * The body of a response: a schema of its JSON, the media type of its text, or `null` if the body is empty.
 */
export type ResponseBody = z.ZodType | string | null;

/** The description of a call: one method of one path. */
export interface Call {
  /** The `operationId`, from which code generators derive the names of functions. */
  readonly id: string;
  readonly method: "get" | "post" | "patch" | "delete";
  /** A path template with `{client}`, `{id}` or `{name}`. */
  readonly path: string;
  /** What the call does, in a few words. */
  readonly summary: string;
  /** Details, in full sentences; text between backticks is code. */
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
  /** The successful responses, and error responses that are not a problem document, by status. */
  readonly responses: Readonly<Record<number, ResponseBody>>;
  /** Headers of the successful responses, each with its meaning. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Whether a client that sends `Accept: text/plain` gets the responses as text. */
  readonly hasTextResponse?: boolean;
  /** The statuses of errors that are specific to this call, without the statuses that any call can have. */
  readonly problems?: readonly number[];
  /**
   * The authorisation that the call needs if the server has a key. `public`: none; `any`: any valid token;
   * `read`: a token that may read; `socket`: a token that may read, but not from a shared link; `write`: a
   * token that may report; `key`: the key itself.
   */
  readonly access: "public" | "any" | "read" | "write" | "socket" | "key";
  /**
   * A shell command that shows the call, with `{server}` for the address. A test runs the examples of all
   * calls, in the order of the list.
   */
  readonly example: string;
}

/** Calls that are documented together. */
export interface CallGroup {
  readonly title: string;
  readonly about: string;
  readonly calls: readonly Call[];
}
