/**
 * Converts a thrown value to the error of a task record.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import type { TaskError } from "../task/task.ts";
import { truncate } from "../task/truncate.ts";
import { errorText, isError, thrownText } from "./error_text.ts";

/** The maximum depth of nested causes that {@linkcode isAbort} looks at. */
const MAX_CAUSES = 100;

/**
 * Converts a thrown value to a record's error, with every text truncated to its limit. Never throws.
 *
 * @param thrown the thrown value: an error, whose stack trace {@linkcode errorText} formats, or any other
 * value, whose message is its text or its JSON
 */
export function taskErrorOf(thrown: unknown): TaskError {
  try {
    if (!isError(thrown)) {
      const { errorMessageLength } = LIMITS;
      const message = typeof thrown === "string"
        ? truncate(thrown, errorMessageLength)
        : thrownText(thrown, errorMessageLength);
      return { message, type: thrown === null ? "null" : typeof thrown };
    }
    const stack = errorText(thrown, LIMITS.errorStackLength);
    return {
      message: truncate(String(thrown.message), LIMITS.errorMessageLength),
      type: truncate(String(thrown.name), LIMITS.errorTypeLength),
      ...(stack !== undefined && { stack }),
    };
  } catch {
    return { message: "The thrown value can't be converted to text", type: "unknown" };
  }
}

/** Returns whether an error is, or was caused by, the abort of the task's signal. Never throws. */
export function isAbort(error: unknown, reason: unknown): boolean {
  try {
    let cause = error;
    // The number is limited, because causes can be circular, and a getter can return more of them forever.
    for (let causes = 0; causes <= MAX_CAUSES && cause !== undefined; causes++) {
      if (cause === reason || (isError(cause) && cause.name === "AbortError")) return true;
      cause = isError(cause) ? cause.cause : undefined;
    }
  } catch {
    // Reading a thrown value can itself throw, for example in a getter.
  }
  return false;
}
