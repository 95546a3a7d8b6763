/**
 * Sends HTTP/2 requests without TLS and without an upgrade ("prior knowledge"), with any authority.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:http2";

/** The response to a request over HTTP/2. */
export interface Http2Response {
  /** The status; 0 if the server reset the stream. */
  readonly status: number;
  readonly body: string;
}

/**
 * Sends one request on a connection of its own.
 *
 * @param port the server's port on 127.0.0.1
 * @param headers the headers and pseudo-headers, such as `:path`, unchanged
 * @returns the response
 */
export async function http2Call(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<Http2Response> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  try {
    const stream = session.request(headers);
    let status = 0;
    const chunks: Uint8Array[] = [];
    stream.on("response", (answer) => status = Number(answer[":status"]));
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    stream.on("error", () => {});
    stream.end();
    await new Promise<void>((resolve) => stream.once("close", () => resolve()));
    return { status, body: Buffer.concat(chunks).toString() };
  } finally {
    const closed = once(session, "close");
    session.close();
    await closed;
  }
}
