/**
 * Returns the key for reports for which no key is given.
 *
 * @module
 */

import { readVariable } from "../environment.ts";

/** Whether a warning about an invalid `TASKSCOPE_KEY` was already logged. */
let hasWarned = false;

/** Returns whether a text may be a key or a token, which must be valid in a header. */
export function isKey(text: string): boolean {
  return /^[\x21-\x7e]{1,2048}$/.test(text);
}

/**
 * Returns the key or token in `TASKSCOPE_KEY`. A value that is not valid in a header is ignored with a
 * warning.
 *
 * @returns the key; `null` if there is none
 */
export function defaultKey(): string | null {
  const key = readVariable("TASKSCOPE_KEY") ?? "";
  if (isKey(key)) return key;
  if (key !== "" && !hasWarned) {
    hasWarned = true;
    // The warning must not contain the value, because most of it may be the key.
    const received = `received ${key.length} characters`;
    // No caller would receive an error, so this warning is the only hint why the server refuses the reports.
    // deno-lint-ignore no-console
    console.warn(
      `[taskscope] Ignored TASKSCOPE_KEY: wanted ASCII without spaces and line breaks, ${received}`,
    );
  }
  return null;
}
