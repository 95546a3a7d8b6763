/**
 * Converts values from user code to text.
 *
 * @module
 */

/** Converts any value from user code to a string. Never throws. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "(not convertible to text)";
  }
}
