/**
 * Converts a function's return value to JSON within the size limits of a record.
 *
 * @module
 */

import { byteLength, nestsDeeperThan } from "../task/protocol.ts";
import { LIMITS } from "../task/grammar.ts";
import type { JsonValue } from "../task/task.ts";

/** A return value in the form in which a record stores it. */
export interface BoundedResult {
  readonly value: JsonValue;
  /** A log line that says why the value was replaced by `null`; `null` if the value was kept. */
  readonly warning: string | null;
}

/**
 * Copies a return value as JSON.
 *
 * @param returned the return value, of any type
 * @returns the copy; its value is `null`, with a warning, if the return value is not JSON, too large or
 * nested too deeply
 */
export function boundResult(returned: unknown): BoundedResult {
  if (returned === undefined) return { value: null, warning: null };
  const text = jsonTextOf(returned);
  if (text === undefined) return omitted("it is not JSON");
  const bytes = byteLength(text);
  if (bytes > LIMITS.resultBytes) {
    return omitted(`${bytes} bytes of JSON exceed the limit of ${LIMITS.resultBytes}`);
  }
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) {
    return omitted(`it is nested more than ${LIMITS.jsonDepth} levels deep`);
  }
  return { value: JSON.parse(text), warning: null };
}

function omitted(why: string): BoundedResult {
  return { value: null, warning: `The result was omitted: ${why}` };
}

function jsonTextOf(returned: unknown): string | undefined {
  try {
    return JSON.stringify(returned);
  } catch {
    return undefined;
  }
}
