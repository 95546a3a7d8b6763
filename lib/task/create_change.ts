/**
 * Builds the change that creates a task.
 *
 * @module
 */

import type { CreateChange } from "./task.ts";

/** The name of a task to create, and fields that replace the defaults. */
export type CreateFields =
  & Pick<CreateChange, "name">
  & { readonly [Field in Exclude<keyof CreateChange, "type" | "name">]?: CreateChange[Field] | undefined };

/** Returns the change that creates a task; a field that is absent or `undefined` gets its default. */
export function createChange({
  name,
  metadata = {},
  tags = [],
  parent_id = null,
  weight = 1,
  share = null,
  attempt = 1,
  retry_of = null,
  retryable = false,
  stale_after = null,
}: CreateFields): CreateChange {
  return {
    type: "create",
    name,
    metadata,
    tags,
    parent_id,
    weight,
    share,
    attempt,
    retry_of,
    retryable,
    stale_after,
  };
}
