/**
 * Sends HTTP/2 requests, over TLS or without an upgrade ("prior knowledge"), with any authority.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect } from "node:http2";

/** Options of {@linkcode http2Call}. */
export interface Http2Options {
  readonly body?: Uint8Array;
  /** The certificate of the server, in PEM; without one, the request is sent without TLS. */
  readonly ca?: string;
  /** The time after which the request is reset, in milliseconds. */
  readonly deadlineMs?: number;
}

/** The response to a request over HTTP/2. */
export interface Http2Response {
  /** The status; 0 if the server reset the stream. */
  readonly status: number;
  readonly body: string;
}

/**
 * Sends one request on a connection of its own. Of an event stream, which has no end, only the head is read.
 *
 * @param port the server's port on 127.0.0.1
 * @param headers the headers and pseudo-headers, such as `:path`, unchanged
 * @param options the body, the certificate and the deadline
 * @returns the response
 */
export async function http2Call(
  port: number,
  headers: Readonly<Record<string, string>>,
  { body, ca, deadlineMs }: Http2Options = {},
): Promise<Http2Response> {
  const session = ca === undefined
    ? connect(`http://127.0.0.1:${port}`)
    : connect(`https://127.0.0.1:${port}`, { ca });
  session.on("error", () => {});
  const closed = new Promise<void>((resolve) => session.once("close", resolve));
  const timer = deadlineMs === undefined ? undefined : setTimeout(() => session.destroy(), deadlineMs);
  try {
    const stream = session.request(headers);
    let status = 0;
    const chunks: Uint8Array[] = [];
    stream.on("response", (answer) => {
      status = Number(answer[":status"]);
      if (answer["content-type"] === "text/event-stream") stream.close();
    });
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on("error", () => {});
    if (body === undefined) stream.end();
    else stream.end(body);
    await Promise.race([closed, new Promise<void>((resolve) => stream.once("close", () => resolve()))]);
    return { status, body: Buffer.concat(chunks).toString() };
  } finally {
    clearTimeout(timer);
    session.close();
    await closed;
  }
}
