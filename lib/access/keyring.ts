/**
 * The key of a server, and the tokens that are signed with it. The key itself is not kept: only its digest, and a secret
 * that was derived from it. So another key ends every token.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash, hkdfSync, timingSafeEqual } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { ConfigError } from "../errors.ts";
import { FULL_GRANT, type Grant, hasExpired, type ScopedGrant } from "./grant.ts";

/** What a token is: made for somebody by whoever has the key, or of a browser that somebody has signed in with. */
export type TokenKind = "scoped" | "session";

const ALGORITHM = "HS256";
const TYPES: Readonly<Record<TokenKind, string>> = {
  scoped: "taskscope-scoped+jwt",
  session: "taskscope-session+jwt",
};
/** What tells this secret from others that may once be derived from the key (RFC 5869, section 3.2). */
const PURPOSE = "taskscope tokens, version 1";
/** Good tokens that are remembered, so that they are not verified with every request; of more, the oldest goes. */
const REMEMBERED_TOKENS = 1_000;
/** Longer ones are none of ours. */
const MOST_CHARACTERS = 2_048;

/**
 * Checks a key.
 *
 * @param key what the user gave
 * @param name where it came from, for the message
 * @returns the key
 * @throws {ConfigError} where it is too short to keep anybody out, or could not be sent; the message does not show it
 */
export function checkKey(key: string, name: string): string {
  if (/^[\x21-\x7e]{16,1024}$/.test(key)) return key;
  throw new ConfigError(
    `${name} must be 16 to 1024 characters of ASCII without spaces, received ${key.length} characters; ` +
      '"openssl rand -hex 32" makes one',
  );
}

/** Tells who may do what by the key, or a token signed with it. */
export class Keyring {
  readonly #digest: Buffer;
  readonly #secret: Uint8Array;
  /** The grants of tokens that were verified, by their digests. */
  readonly #verified: Map<string, Grant> = new Map();

  /** @param key the key, checked */
  constructor(key: string) {
    this.#digest = digestOf(key);
    this.#secret = new Uint8Array(hkdfSync("sha256", key, "", PURPOSE, 32));
  }

  /**
   * What the holder of the key, or of a scoped token, may do.
   *
   * @param text the key or the token
   * @returns the grant, at once where it is known; `null` where the text is neither, or has expired
   */
  grantOf(text: string): Grant | null | Promise<Grant | null> {
    if (text.length > MOST_CHARACTERS) return null;
    const digest = digestOf(text);
    // Of digests: how long it takes tells nothing about the key.
    if (timingSafeEqual(digest, this.#digest)) return FULL_GRANT;
    return this.#verify(text, digest, "scoped");
  }

  /** What a browser may do that somebody has signed in with. */
  grantOfSession(token: string): Grant | null | Promise<Grant | null> {
    return token.length > MOST_CHARACTERS ? null : this.#verify(token, digestOf(token), "session");
  }

  /** Signs a token that does what a grant says. */
  async sign({ may, client, taskId, expiresAt }: Omit<ScopedGrant, "kind">): Promise<string> {
    const claims = { may, client, ...(taskId !== null && { task: taskId }) };
    return await this.#sign("scoped", claims, expiresAt);
  }

  /**
   * Signs the token of a browser that somebody has signed in with.
   *
   * @param expiresAt when it ends, in epoch seconds
   */
  async signSession(expiresAt: number): Promise<string> {
    return await this.#sign("session", {}, expiresAt);
  }

  #sign(kind: TokenKind, claims: Record<string, string>, expiresAt: number | null): Promise<string> {
    const token = new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: TYPES[kind] });
    if (expiresAt !== null) token.setExpirationTime(Math.floor(expiresAt));
    return token.sign(this.#secret);
  }

  #verify(token: string, digest: Buffer, kind: TokenKind): Grant | null | Promise<Grant | null> {
    const name = `${kind} ${digest.toString("base64")}`;
    const known = this.#verified.get(name);
    if (known === undefined) return this.#verifyAnew(token, name, kind);
    return hasExpired(known, Date.now() / 1_000) ? null : known;
  }

  async #verifyAnew(token: string, name: string, kind: TokenKind): Promise<Grant | null> {
    let grant: Grant;
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: [ALGORITHM], typ: TYPES[kind] });
      grant = grantFrom(kind, payload);
    } catch {
      return null;
    }
    if (this.#verified.size >= REMEMBERED_TOKENS) this.#verified.delete(this.#verified.keys().next().value!);
    this.#verified.set(name, grant);
    return grant;
  }
}

/** What the claims of a token say, which nobody but us has signed. */
function grantFrom(
  kind: TokenKind,
  { may, client, task, exp }: { readonly [claim: string]: unknown; readonly exp?: number },
): Grant {
  if (kind === "session") return { ...FULL_GRANT, expiresAt: exp ?? null };
  return {
    kind: "scoped",
    may: may as ScopedGrant["may"],
    client: client as string,
    taskId: task === undefined ? null : task as string,
    expiresAt: exp ?? null,
  };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
