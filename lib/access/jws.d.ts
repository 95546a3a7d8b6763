import type { Buffer } from "node:buffer";

/** The part of the package `jws` that is used; it signs and verifies synchronously. */
declare const jws: {
  /** Returns whether a text has the form of a token. The signature is not verified. */
  isValid(text: string): boolean;
  /** Returns whether the signature is valid; throws unless `isValid(token)`. */
  verify(token: string, algorithm: "HS256", secret: Buffer): boolean;
  /**
   * Returns `null` unless `isValid(token)`; throws if the header's `typ` is `JWT` and the payload is not
   * JSON.
   */
  decode(token: string): { readonly header: { readonly typ?: string }; readonly payload: string } | null;
  sign(options: {
    readonly header: { readonly alg: "HS256"; readonly typ: string };
    readonly payload: object;
    readonly secret: Buffer;
  }): string;
};
export default jws;
