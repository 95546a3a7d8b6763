/**
 * Opens many watchers that count frames; they use bare TCP, because `WebSocket` would cost more than the server to measure.
 *
 * @module
 */

import { verify, WrongWorkError } from "./harness.ts";
import { CLIENT } from "./records.ts";
import type { Remote } from "./remote.ts";

const OPCODE = { text: 1, ping: 9 } as const;
/** A pong frame without payload, masked, as every frame of a client must be. */
const PONG = new Uint8Array([0x8a, 0x80, 0, 0, 0, 0]);
/** The number of connections opened concurrently. */
const OPENED_AT_ONCE = 50;

/** A number of watchers of the same path. */
export class Watchers implements Disposable {
  readonly #connections: Deno.TcpConn[] = [];
  #frames = 0;
  #bytes = 0;
  #onFrames: (frames: number) => void = () => {};
  #isClosed = false;

  /** The number of watchers. */
  get count(): number {
    return this.#connections.length;
  }

  /** The number of text frames that all watchers together have received. */
  get frames(): number {
    return this.#frames;
  }

  /** The number of bytes that all watchers together have received. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A listener that is called with the number of frames whenever frames have been received. */
  set onFrames(listener: (frames: number) => void) {
    this.#onFrames = listener;
  }

  /**
   * Opens watchers, and waits until each has received its first message.
   *
   * @param port the port of the server
   * @param path the path of the WebSocket
   * @param count the number of watchers
   */
  static async open(port: number, path: string, count: number): Promise<Watchers> {
    const watchers = new Watchers();
    for (let opened = 0; opened < count; opened += OPENED_AT_ONCE) {
      const length = Math.min(OPENED_AT_ONCE, count - opened);
      await Promise.all(Array.from({ length }, () => watchers.#open(port, path)));
    }
    // There may be more frames, because a stalled task changes without a report.
    verify("whether all got a first message", true, watchers.#frames >= count);
    return watchers;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close();
  }

  async #open(port: number, path: string): Promise<void> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#connections.push(connection);
    await connection.write(
      new TextEncoder().encode(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      ),
    );
    await new Promise<void>((resolve, reject) => void this.#read(connection, resolve).catch(reject));
  }

  async #read(connection: Deno.TcpConn, onFirst: () => void): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    let filled = await readHead(connection, buffer);
    let toSkip = 0;
    while (true) {
      const before = this.#frames;
      let at = 0;
      // An incomplete header stays in the buffer until the rest arrives.
      while (at < filled) {
        const skipped = Math.min(toSkip, filled - at);
        at += skipped;
        toSkip -= skipped;
        const header = toSkip > 0 ? null : headerAt(buffer, at, filled);
        if (header === null) break;
        if (header.opcode === OPCODE.text) this.#frames++;
        else if (header.opcode === OPCODE.ping) await connection.write(PONG);
        else throw new WrongWorkError(`Cannot watch: received a frame with opcode ${header.opcode}`);
        at += header.length;
        toSkip = header.payload;
      }
      buffer.copyWithin(0, at, filled);
      filled -= at;
      if (this.#frames > before) {
        onFirst();
        this.#onFrames(this.#frames);
      }
      const read = await connection.read(buffer.subarray(filled)).catch(() => null);
      if (this.#isClosed) return;
      if (read === null) throw new WrongWorkError("Cannot watch: the connection was closed");
      filled += read;
      this.#bytes += read;
    }
  }
}

/**
 * Returns the path on which changes are watched. The path has a cursor, because the first message would otherwise contain
 * all tasks.
 *
 * @param monitor the process with the monitor
 * @returns the path of the WebSocket
 */
export async function deltaPath(monitor: Remote): Promise<string> {
  return `/ws/tasks/${CLIENT}?mode=delta&after=${await monitor.call<string>("cursor")}`;
}

/** Reads the response to the handshake; returns how many bytes after it are now at the start of the buffer. */
async function readHead(connection: Deno.TcpConn, buffer: Uint8Array): Promise<number> {
  let filled = 0;
  while (true) {
    const read = await connection.read(buffer.subarray(filled));
    if (read === null) throw new WrongWorkError("Cannot watch: the handshake was refused");
    filled += read;
    const head = new TextDecoder().decode(buffer.subarray(0, filled));
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) continue;
    verify("the handshake's status", "HTTP/1.1 101", head.slice(0, 12));
    buffer.copyWithin(0, end + 4, filled);
    return filled - end - 4;
  }
}

/** Parses the frame header at an offset (RFC 6455, section 5.2); returns `null` if the header is incomplete. */
function headerAt(
  buffer: Uint8Array,
  at: number,
  end: number,
): { readonly opcode: number; readonly length: number; readonly payload: number } | null {
  if (end - at < 2) return null;
  const opcode = buffer[at]! & 0x0f;
  const short = buffer[at + 1]! & 0x7f;
  const length = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (end - at < length) return null;
  let payload = length === 2 ? short : 0;
  for (let index = at + 2; index < at + length; index++) payload = payload * 256 + buffer[index]!;
  return { opcode, length, payload };
}
