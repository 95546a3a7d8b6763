/**
 * Shows receivers that a message is ours, is new, and is as we sent it.
 *
 * A message carries `taskscope-timestamp`, when it was sent, in whole epoch seconds, and
 * `taskscope-signature: v1=<hex>`, the HMAC-SHA256 of `<timestamp>.<body>` by the shared secret. A receiver
 *
 * 1. refuses a timestamp that is more than five minutes away from its own clock,
 * 2. makes the same signature from the timestamp and the bytes of the body, before it parses them,
 * 3. compares the two in constant time,
 * 4. forgets a `taskscope-delivery` that it has seen already: a message may come more than once, each time with a new
 *    timestamp.
 *
 * `tests/examples/webhook/main.ts` does so.
 *
 * @module
 */

/** Signs messages with one secret. */
export class Signer {
  readonly #key: Promise<CryptoKey>;

  /** @param secret the shared secret; its UTF-8 bytes are the key */
  constructor(secret: string) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  }

  /**
   * Signs a message.
   *
   * @param timestamp when it is sent, in epoch seconds
   * @param body its bytes
   * @returns the value of the header
   */
  async sign(timestamp: number, body: Uint8Array): Promise<string> {
    const head = encoder.encode(`${timestamp}.`);
    const signed = new Uint8Array(head.length + body.length);
    signed.set(head);
    signed.set(body, head.length);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", await this.#key, signed));
    return `v1=${Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
}

const encoder = new TextEncoder();
