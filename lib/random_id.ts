/**
 * Creates random identifiers for channel members, reporters and epochs.
 *
 * @module
 */

/**
 * Returns 80 random bits as 20 lower-case hexadecimal digits.
 *
 * `crypto.randomUUID()` is not used because it exists only in secure contexts, which a page served over plain
 * HTTP is not.
 */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
