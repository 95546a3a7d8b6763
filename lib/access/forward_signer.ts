/**
 * Signs the statements that a node makes about a request that it forwards, and verifies them at the node that
 * owns the tasks.
 *
 * @module
 */

import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { ReplayWindow } from "./replay_window.ts";

/**
 * The purpose of the derived secret, which makes it differ from other secrets derived from the same key (RFC
 * 5869, section 3.2).
 */
const PURPOSE = "taskscope forwarding, version 1";
/**
 * The maximum difference between the time of a signature and the clock of the verifying node, in
 * milliseconds.
 */
const TOLERANCE_MS = 60_000;
/** The maximum length of a signed text, in characters; longer texts are rejected without parsing. */
const MAX_CHARACTERS = 4_096;

/**
 * The separator between the text that is signed with the key and the text that is signed with the previous
 * key.
 */
const SEPARATOR = ",";

/**
 * Matches a signed text: version, time, sender and number, the {@linkcode Vouched} statements, and the
 * signature.
 */
const SIGNED = /^(v1\.(\d{1,15})\.([\w-]{16})-(\d{1,15})\.([\w-]{1,3072}))\.([\w-]{43})$/;

/** The statements that a node makes and signs about a request that it forwards. */
export interface Vouched {
  /** The origin of the URL that the request was sent to, such as `https://ci.example.org`. */
  readonly origin: string;
  /** The address at the other end of the request's connection; `""` if it is unknown. */
  readonly peer: string;
  /** The id of the node that sends the request. */
  readonly node: string;
  /** Whether the node sends the request for itself, not for a client. @default {false} */
  readonly isOwn?: boolean;
}

/** The request that a signature is for. */
export interface SignedRequest {
  readonly method: string;
  /** The path and the query. */
  readonly target: string;
  /** The address of the node that the request is forwarded to. */
  readonly to: string;
}

/** Options of a {@linkcode ForwardSigner}. */
export interface ForwardSignerOptions {
  /** The server's key; `null` if there is none. */
  readonly key: string | null;
  /** The previous key, which other nodes may still use; `null` if there is none. @default {null} */
  readonly previousKey?: string | null;
  /** The secret that all nodes of the cluster know. */
  readonly secret: string;
  /** Returns the time of the clock that all nodes use, in epoch milliseconds. */
  readonly nowMs: () => number;
}

/**
 * Signs and verifies with secrets that are derived from the cluster's secret and the server's key or the
 * previous key.
 */
export class ForwardSigner {
  readonly #secrets: readonly Uint8Array[];
  readonly #nowMs: () => number;
  /**
   * The random id of this signer. The signer numbers its signatures, so that each of them is accepted once.
   */
  readonly #sender: string = base64url(crypto.getRandomValues(new Uint8Array(12)));
  readonly #seen: ReplayWindow = new ReplayWindow();
  #count = 0;

  /** @param options the secrets and the clock */
  constructor({ key, previousKey = null, secret, nowMs }: ForwardSignerOptions) {
    const keys = previousKey === null ? [key] : [key, previousKey];
    this.#secrets = keys.map((key) => new Uint8Array(hkdfSync("sha256", key ?? "", secret, PURPOSE, 32)));
    this.#nowMs = nowMs;
  }

  /**
   * Signs a node's statements about a request.
   *
   * @param vouched the statements
   * @param request the request
   * @returns the signed text, which is accepted once; it contains a signature for each key, because the other
   * node may have only one of the keys
   */
  sign({ origin, peer, node, isOwn }: Vouched, request: SignedRequest): string {
    const json = base64url(new TextEncoder().encode(JSON.stringify({ origin, peer, node, isOwn })));
    const text = `v1.${Math.trunc(this.#nowMs())}.${this.#sender}-${++this.#count}.${json}`;
    return this.#secrets.map((secret) => `${text}.${base64url(mac(secret, text, request))}`).join(SEPARATOR);
  }

  /**
   * Verifies a signed text, which is not accepted again afterwards.
   *
   * @param signed the signed text
   * @param request the request that it came with
   * @returns the sender's statements; `null` if the signature is not valid, too old, or was used before
   */
  verify(signed: string, request: SignedRequest): Vouched | null {
    if (signed.length > 2 * MAX_CHARACTERS) return null;
    for (const one of signed.split(SEPARATOR, 2)) {
      const vouched = this.#verifyOne(one, request);
      if (vouched !== null) return vouched;
    }
    return null;
  }

  #verifyOne(signed: string, request: SignedRequest): Vouched | null {
    if (signed.length > MAX_CHARACTERS) return null;
    const [, text, atMs, sender, number, json, signature] = SIGNED.exec(signed) ?? [];
    if (text === undefined) return null;
    const bytes = bytesOf(signature!);
    const isValid = this.#secrets.some((secret) => {
      const wanted = mac(secret, text, request);
      return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
    });
    if (!isValid) return null;
    if (Math.abs(this.#nowMs() - Number(atMs)) > TOLERANCE_MS) return null;
    if (!this.#seen.use(sender!, Number(number))) return null;
    // The text needs no validation, because it was signed by a node.
    return JSON.parse(new TextDecoder().decode(bytesOf(json!))) as Vouched;
  }
}

function mac(secret: Uint8Array, text: string, { method, target, to }: SignedRequest): Uint8Array {
  return createHmac("sha256", secret).update(`${text}\n${method}\n${target}\n${to}`).digest();
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}
