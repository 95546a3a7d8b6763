/**
 * Returns the key for a server unless another one is given.
 *
 * @module
 */

import { readVariable } from "../environment.ts";

/** Whether a warning about an invalid `TASKSCOPE_KEY` was already logged. */
let hasWarned = false;

/** Returns whether a text may be a key or a token: a header can carry it. */
export function isKey(text: string): boolean {
  return /^[\x21-\x7e]{1,2048}$/.test(text);
}

/**
 * Returns the key or token in `TASKSCOPE_KEY`. An invalid one is ignored with a warning, because a header could not carry
 * it.
 *
 * @returns the key; `null` if there is none
 */
export function defaultKey(): string | null {
  const key = readVariable("TASKSCOPE_KEY") ?? "";
  if (isKey(key)) return key;
  if (key !== "" && !hasWarned) {
    hasWarned = true;
    // The warning must not contain the value, most of which may be the key.
    const received = `received ${key.length} characters`;
    // An error would reach no caller, so this warning is the only hint why the server refuses the reports.
    // deno-lint-ignore no-console
    console.warn(
      `[taskscope] Ignored TASKSCOPE_KEY: wanted ASCII without spaces and line breaks, ${received}`,
    );
  }
  return null;
}
