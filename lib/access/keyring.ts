/**
 * Verifies the server's key and the tokens signed with it. Only a digest of the key and a secret derived from
 * it are kept in memory. Tokens are signed with that secret, so changing the server's key revokes all of
 * them. While the key is being replaced, the previous key and its tokens can be accepted, too.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, hkdfSync, timingSafeEqual } from "node:crypto";
// @ts-types="./jws.d.ts"
import jws from "jws";
import { now } from "../clock.ts";
import { ConfigError } from "../errors.ts";
import { FULL_GRANT, type Grant, hasExpired, type ScopedGrant } from "./grant.ts";

/**
 * The kind of a token. `scoped`: created by the key's holder for somebody else. `session`: issued to a
 * browser that has signed in.
 */
export type TokenKind = "scoped" | "session";

const ALGORITHM = "HS256";
const TYPES: Readonly<Record<TokenKind, string>> = {
  scoped: "taskscope-scoped+jwt",
  session: "taskscope-session+jwt",
};
/**
 * The purpose of the derived secret, which makes it differ from other secrets derived from the same key (RFC
 * 5869, section 3.2).
 */
const PURPOSE = "taskscope tokens, version 1";
/**
 * The maximum number of verified tokens to cache, so that a token is not verified again for each request;
 * beyond it, the oldest token is evicted.
 */
const REMEMBERED_TOKENS = 1_000;
/**
 * The form of a token: three texts in base64url (RFC 7515, section 3.1). No text in base64url has one character more
 * than a multiple of four, and Deno 2.6 throws when it decodes one.
 */
const TOKEN_FORM = /^(?:[\w-]{4})*(?:[\w-]{2,3})?(?:\.(?:[\w-]{4})*(?:[\w-]{2,3})?){2}$/;
/** The maximum length of a key or token, in characters; longer texts are rejected without verification. */
const MAX_CHARACTERS = 2_048;

/**
 * Validates a key.
 *
 * @param key the key
 * @param name the source of the key, such as a flag, for the error message
 * @returns the same key
 * @throws {ConfigError} if the key is too short to be secure, contains characters that can't be sent in a
 * header, or is a token; the message does not contain the key
 */
export function checkKey(key: string, name: string): string {
  if (isToken(key)) {
    throw new ConfigError(
      `${name} must be the server's key, received a token, which was signed with the key`,
    );
  }
  if (/^[\x21-\x7e]{16,1024}$/.test(key)) return key;
  throw new ConfigError(
    `${name} must be 16 to 1024 characters of ASCII without spaces, received ${key.length} characters; ` +
      'create one with "openssl rand -hex 32"',
  );
}

/** Returns whether a text has the form of a token that a server or `taskscope token` has signed. */
function isToken(text: string): boolean {
  if (!TOKEN_FORM.test(text)) return false;
  const header = Buffer.from(text.split(".", 1)[0]!, "base64url").toString();
  return Object.values(TYPES).some((type) => header.includes(`"${type}"`));
}

/** A key that the server accepts: its digest, and the secret derived from it. The key itself is not kept. */
class KnownKey {
  readonly #digest: Buffer;
  /** The secret that signs tokens. */
  readonly secret: Buffer;

  constructor(key: string) {
    this.#digest = digestOf(key);
    this.secret = Buffer.from(hkdfSync("sha256", key, "", PURPOSE, 32));
  }

  /** Compares digests in constant time, so that the duration reveals nothing about the key. */
  hasDigest(digest: Buffer): boolean {
    return timingSafeEqual(digest, this.#digest);
  }
}

/** The claims of a token (RFC 7519, section 4). */
interface Claims {
  readonly may?: ScopedGrant["may"];
  readonly client?: string;
  readonly task?: string;
  readonly run?: string;
  readonly reporter?: string;
  /** When the token was signed, in epoch seconds. */
  readonly iat?: number;
  /** When the token expires, in epoch seconds; absent if it never does. */
  readonly exp?: number;
}

/**
 * Verifies keys and tokens, and signs tokens. All of it is synchronous, so that no WebSocket handshake has to
 * wait for its grant (see `lib/http/waiting_handshakes.ts`).
 */
export class Keyring {
  readonly #key: KnownKey;
  /** The key, followed by the previous key if that is still accepted. */
  readonly #accepted: readonly KnownKey[];
  /** The grants of verified tokens, by the token's kind and digest. */
  readonly #verified: Map<string, Grant> = new Map();

  /**
   * @param key the server's key, already validated, which signs tokens
   * @param previous the previous key, which is still accepted, as are its tokens; `null` if there is none
   */
  constructor(key: string, previous: string | null = null) {
    this.#key = new KnownKey(key);
    this.#accepted = previous === null ? [this.#key] : [this.#key, new KnownKey(previous)];
  }

  /**
   * Returns the grant of a key or scoped token.
   *
   * @param text the key or the token
   * @returns the grant; `null` if the text is neither a key nor a token, or the token has expired
   */
  grantOf(text: string): Grant | null {
    if (text.length > MAX_CHARACTERS) return null;
    const digest = digestOf(text);
    if (this.#accepted.some((key) => key.hasDigest(digest))) return FULL_GRANT;
    return this.#verify(text, digest, "scoped");
  }

  /** Returns the grant of a session token; `null` if it is invalid or has expired. */
  grantOfSession(token: string): Grant | null {
    return token.length > MAX_CHARACTERS ? null : this.#verify(token, digestOf(token), "session");
  }

  /**
   * Returns whether a text is a token of this key that was verified or signed before, even if it has expired since;
   * `false` for the key.
   */
  hasVerified(text: string, kind: TokenKind): boolean {
    return text.length <= MAX_CHARACTERS && this.#verified.has(nameOf(kind, digestOf(text)));
  }

  /** Signs a scoped token with the given permissions. */
  sign({ may, client, taskId, expiresAt, run }: Omit<ScopedGrant, "kind">): string {
    const claims = {
      ...{ may, client },
      ...(taskId !== null && { task: taskId }),
      ...(run !== undefined && { run: run.taskId, reporter: run.reporter, iat: Math.floor(run.signedAt) }),
    };
    return this.#sign("scoped", claims, expiresAt);
  }

  /**
   * Signs a session token.
   *
   * @param expiresAt when the token expires, in epoch seconds
   */
  signSession(expiresAt: number): string {
    const token = this.#sign("session", {}, expiresAt);
    // The new session counts as verified, so that it is accepted even if its network has sent too many wrong
    // cookies.
    this.#remember(nameOf("session", digestOf(token)), { ...FULL_GRANT, expiresAt: Math.floor(expiresAt) });
    return token;
  }

  #sign(kind: TokenKind, claims: Claims, expiresAt: number | null): string {
    return jws.sign({
      header: { alg: ALGORITHM, typ: TYPES[kind] },
      payload: expiresAt === null ? claims : { ...claims, exp: Math.floor(expiresAt) },
      secret: this.#key.secret,
    });
  }

  #verify(token: string, digest: Buffer, kind: TokenKind): Grant | null {
    const name = nameOf(kind, digest);
    let grant = this.#verified.get(name);
    if (grant === undefined) {
      const claims = this.#claimsOf(token, kind);
      if (claims === null) return null;
      grant = grantFrom(kind, claims);
      // An expired token is cached, too, because it is reported differently from a forged token.
      this.#remember(name, grant);
    }
    return hasExpired(grant, now()) ? null : grant;
  }

  /** Returns the claims of a token that one of the accepted keys has signed; `null` if none has. */
  #claimsOf(token: string, kind: TokenKind): Claims | null {
    if (!TOKEN_FORM.test(token) || !jws.isValid(token)) return null;
    const isSigned = this.#accepted.some(({ secret }) => jws.verify(token, ALGORITHM, secret));
    if (!isSigned) return null;
    const { header, payload } = jws.decode(token)!;
    return header.typ === TYPES[kind] ? JSON.parse(payload) : null;
  }

  #remember(name: string, grant: Grant): void {
    if (this.#verified.size >= REMEMBERED_TOKENS) this.#verified.delete(this.#verified.keys().next().value!);
    this.#verified.set(name, grant);
  }
}

/**
 * Converts the claims of a token to its grant. The claims need no validation, because they were signed with
 * the server's secret.
 */
function grantFrom(
  kind: TokenKind,
  { may, client, task, run, reporter, iat, exp }: Claims,
): Grant {
  if (kind === "session") return { ...FULL_GRANT, expiresAt: exp ?? null };
  return {
    kind: "scoped",
    may: may!,
    client: client!,
    taskId: task ?? null,
    expiresAt: exp ?? null,
    ...(run !== undefined &&
      { run: { taskId: run, reporter: reporter!, signedAt: iat ?? 0 } }),
  };
}

/** Returns the name under which the grant of a token is cached. */
function nameOf(kind: TokenKind, digest: Buffer): string {
  return `${kind} ${digest.toString("base64")}`;
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
