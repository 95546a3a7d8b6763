/**
 * Creates and verifies the identity of a reporter: an id that is public, and a secret that proves it.
 *
 * @module
 */

import { randomId } from "../random_id.ts";
import { sha256 } from "../sha256.ts";

/** The identity of a reporter. */
export interface ReporterIdentity {
  /** The public id of the reporter, which the records of its tasks contain; it authorises nothing. */
  readonly id: string;
  /** The secret that only the reporter knows. */
  readonly secret: string;
}

/**
 * The prefix of ids that belong to a secret. Reporters up to version 0.1.0 have no secret, and ids without
 * this prefix.
 */
const PREFIX = "s-";
/** The length of the digest in an id, in characters of base64url: 22 of these have 132 bits. */
const DIGEST_LENGTH = 22;

/** Creates a random identity. */
export function createIdentity(): ReporterIdentity {
  const secret = randomId() + randomId();
  return { id: idOf(secret), secret };
}

/**
 * Returns whether a secret proves that its sender is the reporter with a certain id. The id is derived from
 * the secret, so a server need not store secrets, and can verify a reporter that it has never seen.
 *
 * @param id the id of the reporter
 * @param secret the secret that was sent; `null` if none was
 * @returns whether the secret belongs to the id; always `true` for an id that belongs to no secret
 */
export function provesIdentity(id: string, secret: string | null): boolean {
  return !hasSecret(id) || (secret !== null && idOf(secret) === id);
}

/** Returns whether an id belongs to a secret, which its reporter must send. */
export function hasSecret(id: string): boolean {
  return id.startsWith(PREFIX);
}

function idOf(secret: string): string {
  const digest = btoa(String.fromCharCode(...sha256(new TextEncoder().encode(secret))));
  return PREFIX + digest.replaceAll("+", "-").replaceAll("/", "_").slice(0, DIGEST_LENGTH);
}
