/**
 * Identifies a key without revealing it.
 *
 * @module
 */

import { hkdfSync } from "node:crypto";

/**
 * The purpose of the derived value, which makes it differ from other values derived from the same key (RFC
 * 5869, section 3.2).
 */
const PURPOSE = "taskscope key fingerprint, version 1";

/** Returns 128 bits, in hexadecimal digits, that identify a key, and from which the key cannot be derived. */
export function keyFingerprint(key: string): string {
  const bytes = new Uint8Array(hkdfSync("sha256", key, "", PURPOSE, 16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
