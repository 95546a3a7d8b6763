/**
 * Converts a task's result to JSON within the size limits of a record.
 *
 * @module
 */

import { LIMITS } from "./grammar.ts";
import { writeJson, type WrittenJson } from "./json_writer.ts";
import type { JsonValue } from "./task.ts";

/** A result in the form in which a record stores it. */
export interface BoundedResult {
  readonly value: JsonValue;
  /** A log line that says what was lost; `null` if the result was stored as it is. */
  readonly warning: string | null;
}

/** The maximum number of types that the warning names. */
const MAX_KINDS = 10;

/**
 * Copies a result as JSON, which {@linkcode writeJson} describes. Never throws.
 *
 * @param returned the result, of any type
 * @returns the copy, with a warning if it differs from the result
 */
export function boundResult(returned: unknown): BoundedResult {
  const written = writeJson(returned, { bytes: LIMITS.resultBytes, depth: LIMITS.jsonDepth });
  return {
    value: written.text === undefined ? null : JSON.parse(written.text),
    warning: warningOf(written),
  };
}

function warningOf({ converted, isCut, isFlattened }: WrittenJson): string | null {
  const changes = [
    converted.size > 0 && `converted ${listOf(converted)}`,
    isCut && `cut to ${LIMITS.resultBytes} bytes`,
    isFlattened && `cut to ${LIMITS.jsonDepth} levels`,
  ].filter((change) => change !== false);
  return changes.length === 0 ? null : `The result was changed to fit JSON: ${changes.join("; ")}`;
}

function listOf(converted: ReadonlyMap<string, number>): string {
  const kinds = [...converted].slice(0, MAX_KINDS).map(([kind, count]) =>
    count === 1 ? kind : `${kind} (${count})`
  );
  const others = converted.size - kinds.length;
  return `${kinds.join(", ")}${others > 0 ? ` and ${others} other types` : ""}`;
}
