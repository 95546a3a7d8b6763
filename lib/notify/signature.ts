/**
 * Signs webhook requests, so that receivers can verify their origin, age and content.
 *
 * A request has the headers `taskscope-timestamp`, the time of sending in whole epoch seconds, and
 * `taskscope-signature: v1=<hex>`, the HMAC-SHA256 of `<timestamp>.<body>` with the shared secret. A receiver
 * should:
 *
 * 1. reject a timestamp that differs from its own clock by more than five minutes,
 * 2. compute the signature from the timestamp and the raw bytes of the body, before parsing it,
 * 3. compare the signatures in constant time,
 * 4. ignore a request whose `taskscope-delivery` it has handled already: retries have the same delivery id,
 * but a new timestamp.
 *
 * `tests/examples/webhook/main.ts` is an example of a receiver.
 *
 * @module
 */

/** Signs requests with one secret. */
export class Signer {
  readonly #key: Promise<CryptoKey>;

  /** @param secret the shared secret, whose UTF-8 bytes are the HMAC key */
  constructor(secret: string) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.#key = crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  }

  /**
   * Signs a request.
   *
   * @param timestamp the time of sending, in epoch seconds
   * @param body the bytes of the body
   * @returns the value of the header `taskscope-signature`
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
