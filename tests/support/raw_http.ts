/**
 * Sends HTTP and WebSocket bytes that a well-behaved client would not send.
 *
 * @module
 */

/** A response as read from the connection. */
export interface RawResponse {
  /** The status; 0 if the server closed the connection, or did not respond in time. */
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Options of {@linkcode rawRequest}. */
export interface RawRequestOptions {
  /** The time to wait for the response, in milliseconds. */
  readonly deadlineMs?: number;
  /** Whether to close the sending side after the request. */
  readonly half?: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Sends bytes unchanged, and reads one response.
 *
 * @param port the server's port on 127.0.0.1
 * @param request the bytes to send; `\n` is not converted to `\r\n`
 * @param options the time to wait, and whether to close the sending side
 * @returns the response; its status is 0 if there was none
 */
export async function rawRequest(
  port: number,
  request: string | Uint8Array<ArrayBuffer>,
  options: RawRequestOptions = {},
): Promise<RawResponse> {
  const { deadlineMs = 10_000, half = false } = options;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => closeQuietly(connection), deadlineMs);
  try {
    const reading = readResponse(connection);
    // A server may respond before it has received everything.
    const sending = send(connection, typeof request === "string" ? encoder.encode(request) : request)
      .then(() => half ? connection.closeWrite() : undefined)
      .catch(() => {});
    const response = await reading;
    closeQuietly(connection);
    await sending;
    return response;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a well-formed request with exactly the given headers, in order; `Host` is not added. */
export function rawCall(
  port: number,
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  body = "",
): Promise<RawResponse> {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return rawRequest(port, `${method} ${target} HTTP/1.1\r\n${lines}\r\n${body}`);
}

/** Sends all of the bytes. */
export async function send(connection: Deno.Conn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  let sent = 0;
  while (sent < bytes.length) sent += await connection.write(bytes.subarray(sent));
}

/**
 * Reads a response.
 *
 * @param connection the connection to read from
 * @param part `head` to read the head only, else also the body, if its length is known
 */
export async function readResponse(
  connection: Deno.Conn,
  part: "head" | "whole" = "whole",
): Promise<RawResponse> {
  let bytes = new Uint8Array();
  const chunk = new Uint8Array(16_384);
  while (true) {
    const parsed = parseResponse(bytes);
    if (parsed !== undefined && (part === "head" || isComplete(parsed))) return parsed;
    const length = await connection.read(chunk).catch(() => null);
    if (length === null) return parsed ?? { status: 0, headers: new Headers(), body: "" };
    const longer = new Uint8Array(bytes.length + length);
    longer.set(bytes);
    longer.set(chunk.subarray(0, length), bytes.length);
    bytes = longer;
  }
}

function parseResponse(bytes: Uint8Array): RawResponse | undefined {
  // Skips informational responses, such as 100.
  const text = decoder.decode(bytes).replace(/^(HTTP\/1\.1 10[^1].*\r\n(.+\r\n)*\r\n)+/, "");
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...fields] = text.slice(0, end).split("\r\n");
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers.append(field.slice(0, colon), field.slice(colon + 1).trim());
  }
  return { status: Number(line.split(" ")[1]), headers, body: text.slice(end + 4) };
}

function isComplete({ status, headers, body }: RawResponse): boolean {
  if (status === 101 || status === 204 || status === 303) return true;
  const length = headers.get("content-length");
  if (length !== null) return encoder.encode(body).length >= Number(length);
  return headers.get("transfer-encoding") === "chunked" && body.endsWith("0\r\n\r\n");
}

/** The key that every handshake sends: 16 bytes in base64, as RFC 6455 demands. */
export const SOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** The headers of a valid handshake except `Host`. */
export const HANDSHAKE: readonly (readonly [string, string])[] = [
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", SOCKET_KEY],
];

/** Returns a client's WebSocket frame, masked with zeros, which leave the payload readable. */
export function socketFrame(opcode: number, payload: Uint8Array, final = true): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126
    ? [0x80 | length]
    : length < 65_536
    ? [0x80 | 126, length >> 8, length & 255]
    : [0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  const frame = new Uint8Array(1 + head.length + 4 + length);
  frame.set([(final ? 0x80 : 0) | opcode, ...head]);
  frame.set(payload, 1 + head.length + 4);
  return frame;
}

/** Closes a connection, which may already be closed. */
export function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The connection is already closed.
  }
}
