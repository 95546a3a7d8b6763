/**
 * What is shown of what a function returned. Pure.
 *
 * @module
 */

import { byteLength, nestsDeeperThan } from "../task/protocol.ts";
import { LIMITS } from "../task/grammar.ts";
import type { JsonValue } from "../task/task.ts";

/** A result as it is shown, and why it is not where it is not. */
export interface BoundedResult {
  readonly value: JsonValue;
  /** A line for the log; `null` where there is nothing to say. */
  readonly warning: string | null;
}

/**
 * Makes JSON of what a function returned.
 *
 * @param returned whatever it is
 * @returns a copy, or `null` where it can't be shown
 */
export function boundResult(returned: unknown): BoundedResult {
  if (returned === undefined) return { value: null, warning: null };
  const text = jsonTextOf(returned);
  if (text === undefined) return omitted("it is not JSON");
  const bytes = byteLength(text);
  if (bytes > LIMITS.resultBytes) {
    return omitted(`${bytes} bytes of JSON are over the limit of ${LIMITS.resultBytes}`);
  }
  if (nestsDeeperThan(text, LIMITS.jsonDepth)) {
    return omitted(`it is nested more than ${LIMITS.jsonDepth} levels deep`);
  }
  return { value: JSON.parse(text), warning: null };
}

function omitted(why: string): BoundedResult {
  return { value: null, warning: `The result is not shown: ${why}` };
}

function jsonTextOf(returned: unknown): string | undefined {
  try {
    return JSON.stringify(returned);
  } catch {
    return undefined;
  }
}
