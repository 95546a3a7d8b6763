/**
 * Schemas of the parameters in paths and queries.
 *
 * @module
 */

import { z } from "zod";
import { CLIENT_TOKEN, LIMITS, TASK_ID } from "../../task/grammar.ts";
import { FILTER_TEXTS, PAGING_TEXTS } from "../../task/query_texts.ts";
import {
  FILTER_NAMES,
  type FilterName,
  MAX_PAGE_SIZE,
  SORT_FIELDS,
  TASK_FILTERS,
} from "../../task/task_query.ts";
import { TASK_STATES } from "../../task/task.ts";
import { MAX_WAIT_SECONDS } from "../tasks/waits.ts";

/** The parameters of path templates. */
export const PATH_PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  client: z.string().regex(CLIENT_TOKEN).describe("the client that the tasks belong to, such as `default`"),
  id: z.string().regex(TASK_ID).describe("the id of the task"),
  name: z.string().min(1).max(LIMITS.nameLength)
    .describe("the name that the task is registered under, percent-encoded"),
};

/** The schemas of filters that accept only certain values. */
const FILTER_VALUES: Partial<Record<FilterName, z.ZodType>> = {
  state: z.enum(TASK_STATES as unknown as [string, ...string[]]),
};

function filterSchema(name: FilterName): z.ZodType {
  const { isList } = TASK_FILTERS[name];
  const value = FILTER_VALUES[name] ?? z.string();
  return (isList ? z.array(value) : value).describe(FILTER_TEXTS[name].about);
}

const descending = SORT_FIELDS.map((field) => `-${field}` as const);
const filters = Object.fromEntries(
  FILTER_NAMES.map((name) => [name, filterSchema(name).optional()]),
) as Record<FilterName, z.ZodOptional<z.ZodType>>;

/** The parameters of a list of tasks. */
export const LIST_QUERY = z.object({
  ...filters,
  sort: z.enum([...SORT_FIELDS, ...descending]).describe(PAGING_TEXTS.sort.about).optional(),
  limit: z.int().min(1).max(MAX_PAGE_SIZE).describe(PAGING_TEXTS.limit.about).optional(),
  page: z.int().min(1).describe(PAGING_TEXTS.page.about).optional(),
});

/** The parameters of a list of names. */
export const NAME_QUERY: z.ZodObject = z.object(
  Object.fromEntries(
    FILTER_NAMES.filter((name) => TASK_FILTERS[name].isForNames).map((name) => [name, filters[name]]),
  ),
);

/** The cursor to resume from. */
export const AFTER = z.string();

/** The maximum time that a request waits, in seconds. */
export const TIMEOUT = z.number().min(0).max(MAX_WAIT_SECONDS);
