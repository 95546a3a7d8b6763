/**
 * Converts a thrown value to the error of a task record.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import type { TaskError } from "../task/task.ts";
import { truncate } from "../task/truncate.ts";

/** Converts a thrown value to a record's error, with every text truncated to its limit. Never throws. */
export function taskErrorOf(thrown: unknown): TaskError {
  try {
    if (!(thrown instanceof Error)) {
      return { message: truncate(String(thrown), LIMITS.errorMessageLength), type: typeof thrown };
    }
    return {
      message: truncate(String(thrown.message), LIMITS.errorMessageLength),
      type: truncate(String(thrown.name), LIMITS.errorTypeLength),
      ...(typeof thrown.stack === "string" && { stack: truncate(thrown.stack, LIMITS.errorStackLength) }),
    };
  } catch {
    return { message: "The thrown value can't be converted to text", type: "unknown" };
  }
}

/** Returns whether an error is, or was caused by, the abort of the task's signal. */
export function isAbort(error: unknown, reason: unknown): boolean {
  const seen = new Set<unknown>();
  try {
    for (let cause = error; !seen.has(cause); cause = cause instanceof Error ? cause.cause : undefined) {
      if (cause === reason || (cause instanceof Error && cause.name === "AbortError")) return true;
      seen.add(cause);
    }
  } catch {
    // Reading a thrown value can itself throw, for example in a getter.
  }
  return false;
}
