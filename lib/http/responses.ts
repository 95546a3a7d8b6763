/**
 * Creates JSON responses, pages and redirects, with the headers that each of them needs.
 *
 * @module
 */

import { now } from "../clock.ts";
import type { Text } from "../hub/long_text.ts";
import { TIME_HEADER } from "../task/clock_offset.ts";

/** Returns the next part of a text; `null` if there is none. */
export type NextText = () => Promise<string | null>;

/**
 * The maximum length of a text, in characters, that becomes the body of its response at once. A longer text
 * would be copied in vain, because Deno does not tell when it has sent a body that is a text.
 */
export const SHORT_CHARACTERS = 32 * 1024;

/**
 * The length, in characters, above which a response is always sent piece by piece. Below it, responses are
 * sent as a whole if possible, because that is faster.
 */
export const LARGE_CHARACTERS = 256 * 1024;

/** The minimum length of a text to compress, in characters; a shorter text fits into one packet anyway. */
const MIN_COMPRESSED_CHARACTERS = 1_024;

/** The status and the headers of a {@linkcode TextResponse}. */
export interface TextInit {
  /** @default {200} */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns the current time as the value of {@linkcode TIME_HEADER}. */
export function timeNow(): string {
  return `${Math.round(now() * 1_000) / 1_000}`;
}

/**
 * A response that keeps its text, so that the response can be compressed later, or sent piece by piece. A
 * short text is the body of the response from the start. The body of a text of medium length is complete
 * after {@linkcode TextResponse.sendAsWhole}; for a large text, `UnsentTexts` creates another response.
 */
export class TextResponse extends Response {
  /** The body, or its first part. */
  readonly content: Text;
  /** Returns the further parts of the body, one after another; `null` if the body has only one part. */
  readonly more: NextText | null;
  /** Whether the text is long enough to be compressed. */
  readonly isCompressible: boolean;
  readonly #whole: WholeBody | null;

  /**
   * @param content the body, which is sent piece by piece if it is a {@linkcode LongText}
   * @param init the status and the headers
   * @param more returns the next part of the body; called when the previous part has been sent
   */
  constructor(content: Text, init: TextInit, more: NextText | null = null) {
    const whole = more === null && typeof content === "string" && content.length <= LARGE_CHARACTERS
      ? content
      : null;
    const isShort = whole !== null && whole.length <= SHORT_CHARACTERS;
    const body = whole === null || isShort ? null : new WholeBody();
    const isCompressible = content.length >= MIN_COMPRESSED_CHARACTERS || more !== null;
    // What every response needs is set here, because a request for one task takes a tenth longer if the headers of
    // the response are read or set later.
    const headers: Record<string, string> = { ...init.headers, [TIME_HEADER]: timeNow() };
    if (isCompressible) {
      headers.vary = [...headers.vary === undefined ? [] : [headers.vary], "Accept-Encoding"].join(", ");
    }
    super(isShort ? whole : body?.stream, { ...init, headers });
    this.#whole = body;
    this.content = content;
    this.more = more;
    this.isCompressible = isCompressible;
  }

  /**
   * Completes the body of a text of medium length.
   *
   * @param bytes the encoded text, which must not change any more
   */
  sendAsWhole(bytes: Uint8Array<ArrayBuffer>): void {
    this.#whole!.bytes = bytes;
    this.headers.set("content-length", String(bytes.length));
  }
}

/**
 * The body of a text of medium length. Its bytes are set after the response was created: to create a second response
 * with the same headers instead would cost a twelfth of the server's time per request.
 */
class WholeBody {
  bytes: Uint8Array<ArrayBuffer> | null = null;
  // A stream, because for any other body, Deno resolves `completed` as soon as it has the body, not when it has sent it.
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> = new ReadableStream({
    pull: (controller) => {
      controller.enqueue(this.bytes!);
      controller.close();
    },
  }, { highWaterMark: 0 });
}

/** The headers of a JSON response, which forbid caching and content type sniffing. */
export const JSON_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Responds with serialised JSON. */
export function jsonResponse(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> | null = null,
): Response {
  return new TextResponse(body, {
    status,
    headers: headers === null ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
  });
}

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * Responds with a page.
 *
 * @param html the document
 * @param status the HTTP status
 * @param headers further headers
 */
export function pageResponse(
  html: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new TextResponse(html, { status, headers: { ...PAGE_HEADERS, ...headers } });
}

/**
 * Redirects to another page with GET.
 *
 * @param location the path and query of the page
 * @param headers further headers
 */
export function redirect(location: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { location, "cache-control": "no-store", "referrer-policy": "same-origin", ...headers },
  });
}
