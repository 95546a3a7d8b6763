/**
 * Identifies a key without revealing it.
 *
 * @module
 */

import { hkdfSync } from "node:crypto";

/** Separates the fingerprint from the other values that are derived from a key (RFC 5869, section 3.2). */
const PURPOSE = "taskscope key fingerprint, version 1";

/** Returns 128 bits, in hexadecimal digits, that identify a key, and from which the key cannot be derived. */
export function keyFingerprint(key: string): string {
  const bytes = new Uint8Array(hkdfSync("sha256", key, "", PURPOSE, 16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
