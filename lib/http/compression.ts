/**
 * Compresses responses on request.
 *
 * The length of a compressed response reveals how much of its text is repeated. If a response had both a
 * secret and text of an attacker's choice, anyone who sees the length of the encrypted response could guess
 * the secret bit by bit (BREACH). So these responses are never compressed:
 *
 * - responses with a key, a token or a link: their routes are not {@linkcode RouteTraits.isCompressed};
 * - pages whose URL has a query, because such a page repeats the query beside the texts of tasks;
 * - responses to anything but GET.
 *
 * @module
 */

// @ts-types="./negotiation.d.ts"
import { acceptsEncodings } from "@std/http/negotiation";
import { headerOf } from "./headers.ts";
import { TextResponse } from "./responses.ts";
import type { UnsentTexts } from "./unsent_texts.ts";

/** A content encoding. */
export type Encoding = "br" | "gzip";

/**
 * The encodings and their formats of `CompressionStream`, best first. Deno supports `brotli` from version 2.9
 * on.
 */
const FORMATS: ReadonlyMap<Encoding, CompressionFormat> = new Map(
  ([["br", "brotli"], ["gzip", "gzip"]] as [Encoding, CompressionFormat][])
    .filter(([, format]) => isSupported(format)),
);
const ENCODINGS = [...FORMATS.keys()];

/**
 * Returns the best encoding that the client accepts; `null` if it accepts none.
 *
 * @param request the request
 * @param offered the encodings to choose from, best first
 */
export function encodingFor(request: Request, offered: readonly Encoding[]): Encoding | null {
  // Without the header, `acceptsEncodings()` treats every encoding as accepted.
  if (!headerOf(request, "accept-encoding")) return null;
  return offered.find((encoding) => acceptsEncodings(request, encoding) !== undefined) ?? null;
}

/**
 * Compresses a response if that is worthwhile, safe, and accepted by the client. The body is compressed only
 * as fast as the peer reads it, so that the compressed body is never in memory as a whole.
 *
 * @param request the request
 * @param response the response of a route that allows compression
 * @param unsent holds the texts that are being sent, within a limit
 * @param share whose share of that limit the response uses; `null` for a peer that may use the whole limit
 * @returns the compressed response; the same response if it should not be compressed, or if too much data waits to be
 * sent, because a response that is not compressed may be sent as a whole
 */
export function compressed(
  request: Request,
  response: Response,
  unsent: UnsentTexts,
  share: string | null = null,
): Response {
  if (response.status === 304) return notModified(response, encodingFor(request, ENCODINGS));
  if (!(response instanceof TextResponse && response.isCompressible)) return response;
  const encoding = encodingFor(request, ENCODINGS);
  if (encoding === null) return response;
  const { headers } = response;
  if (isEcho(request, headers)) return response;
  const isHead = request.method === "HEAD";
  const text = isHead ? null : unsent.stream(response.content, response.more, share);
  if (text === null && !isHead) return response;
  weakenTag(headers);
  headers.set("content-encoding", encoding);
  const body = text?.pipeThrough(new CompressionStream(FORMATS.get(encoding)!)) ?? null;
  return new Response(body, { status: response.status, headers });
}

/** Gives a response without content the headers that it would have with the content in an encoding. */
function notModified(response: Response, encoding: Encoding | null): Response {
  response.headers.append("vary", "Accept-Encoding");
  if (encoding !== null) weakenTag(response.headers);
  return response;
}

/** Makes the entity tag of a compressed response a weak one. */
function weakenTag(headers: Headers): void {
  const tag = headers.get("etag");
  if (tag !== null && !tag.startsWith("W/")) headers.set("etag", `W/${tag}`);
}

/** Returns whether a response may repeat the query of its request. */
function isEcho({ url }: Request, headers: Headers): boolean {
  return url.includes("?") && headers.get("content-type")?.startsWith("text/html") === true;
}

function isSupported(format: CompressionFormat): boolean {
  try {
    new CompressionStream(format);
    return true;
  } catch {
    return false;
  }
}
