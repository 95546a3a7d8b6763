/**
 * The messages between a {@linkcode LogSearcher} and its worker.
 *
 * @module
 */

import type { LogMatches, LogQuery } from "../log_search.ts";
import type { NumberedLine } from "../side_tables.ts";

/** A request to search, to which the worker responds once. */
export interface SearchRequest {
  /** The number of the search. */
  readonly id: number;
  /** The path of the database. */
  readonly file: string;
  /** The place of the task whose log is searched. */
  readonly place: number;
  /** The newest lines, which may not be in the database yet, oldest first. */
  readonly unsaved: readonly NumberedLine[];
  readonly query: LogQuery;
}

/** The result of a search, or the message of the error that it failed with. */
export type SearchAnswer =
  & { readonly id: number }
  & (
    | { readonly found: LogMatches }
    | { readonly error: string }
  );
