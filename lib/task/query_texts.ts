/**
 * Describes the filters, the order and the pages of a list, for the API reference and error messages. These texts are
 * not in `task_query.ts`, because that file is part of the script that the list's page loads.
 *
 * @module
 */

import {
  DEFAULT_PAGE_SIZE,
  type FilterName,
  MAX_PAGE,
  MAX_PAGE_SIZE,
  SORT_FIELDS,
  type TASK_PAGING,
} from "./task_query.ts";

/** The texts about one parameter of the query string. */
export interface ParameterText {
  /** What the parameter selects or sets, for the API reference. */
  readonly about: string;
  /** The values it accepts, to follow "must be" in error messages. */
  readonly accepts: string;
}

const TIMES = "a time, such as 1h, 7d or 2026-11-24T14:00:00Z";

/** The texts about the filters. */
export const FILTER_TEXTS: Readonly<Record<FilterName, ParameterText>> = {
  q: {
    about: "only tasks with this text in their id, name, status, error or tags",
    accepts: "text to search for",
  },
  state: {
    about: "only these states, comma-separated or repeated",
    accepts: "a list of states, such as ERROR,FINISHED",
  },
  name: {
    about: "only tasks of this name; `*` matches any characters",
    accepts: "a name",
  },
  tag: {
    about: "only tasks with all of these tags, comma-separated or repeated",
    accepts: "a list of tags",
  },
  since: {
    about:
      "only tasks that had not ended before this time, such as `1h` (ago), `7d` or `2026-11-24T14:00:00Z`",
    accepts: TIMES,
  },
  until: {
    about: "only tasks that were created by this time, in the same forms as `since`",
    accepts: TIMES,
  },
};

const SORTS = `one of ${SORT_FIELDS.join(", ")}, with - in front for descending`;

/** The texts about the parameters that do not filter. */
export const PAGING_TEXTS: Readonly<Record<keyof typeof TASK_PAGING, ParameterText>> = {
  sort: {
    about: `${SORTS}; -created_at by default`,
    accepts: SORTS,
  },
  limit: {
    about: `tasks per page, 1 to ${MAX_PAGE_SIZE}; ${DEFAULT_PAGE_SIZE} by default`,
    accepts: `1 to ${MAX_PAGE_SIZE}`,
  },
  page: {
    about: "the number of the page, from 1",
    accepts: `1 to ${MAX_PAGE}`,
  },
};
