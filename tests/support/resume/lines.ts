/**
 * Opens WebSocket connections to a real server that can be cut in different ways.
 *
 * @module
 */

import { closeQuietly, HANDSHAKE, send, socketFrame } from "../raw_http.ts";

/** The callbacks of a {@linkcode Line}; none is called after the line was cut. */
export interface LineEvents {
  /** Called with each message that the line receives. */
  readonly heard: (text: string) => void;
  /** Called if the server closed the line; with the close code of the WebSocket, or 1006 if there was none. */
  readonly ended: (code: number) => void;
}

/** A WebSocket connection that can be cut. */
export interface Line {
  /** Ends the connection; no callback is called afterwards. */
  cut(): void;
  /** Closes the connection if it is still open, and resolves when it is closed. */
  closed(): Promise<void>;
}

/** A standard WebSocket, which is closed with a closing handshake. */
export class SocketLine implements Line {
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<void>();
  #isCut = false;

  /**
   * @param url the address, with the scheme `http` or `https`
   * @param events the callbacks for messages and for the end of the connection
   */
  constructor(url: string, events: LineEvents) {
    this.#socket = new WebSocket(url.replace(/^http/, "ws"));
    this.#socket.onmessage = ({ data }) => {
      if (!this.#isCut) events.heard(data);
    };
    this.#socket.onerror = (event) => event.preventDefault();
    this.#socket.onclose = ({ code }) => {
      this.#closed.resolve();
      if (!this.#isCut) events.ended(code);
      this.#isCut = true;
    };
  }

  cut(): void {
    this.#isCut = true;
    this.#socket.close();
  }

  closed(): Promise<void> {
    return this.#closed.promise;
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A raw WebSocket, which is cut as if its machine had lost its power or its network. */
export class RawLine implements Line {
  readonly #events: LineEvents;
  readonly #isSilent: boolean;
  readonly #done: Promise<void>;
  #connection: Deno.TcpConn | null = null;
  #isCut = false;
  #isOver = false;

  /**
   * @param url the address of a server on 127.0.0.1
   * @param events the callbacks for messages and for the end of the connection
   * @param isSilent whether a cut leaves the TCP connection open, so that the server does not notice it
   */
  constructor(url: string, events: LineEvents, isSilent: boolean) {
    this.#events = events;
    this.#isSilent = isSilent;
    this.#done = this.#run(new URL(url)).catch(() => 1006).then((code) => {
      if (this.#isCut) return;
      this.#isCut = this.#isOver = true;
      if (this.#connection !== null) closeQuietly(this.#connection);
      events.ended(code);
    });
  }

  cut(): void {
    this.#isCut = true;
    if (!this.#isSilent) this.#end();
  }

  closed(): Promise<void> {
    this.#end();
    return this.#done;
  }

  #end(): void {
    this.#isCut = this.#isOver = true;
    if (this.#connection !== null) closeQuietly(this.#connection);
  }

  /** Runs the connection to its end; returns the server's close code, or 1006 if there was none. */
  async #run({ hostname, port, host, pathname, search }: URL): Promise<number> {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    this.#connection = connection;
    if (this.#isOver) closeQuietly(connection);
    const headers = [["Host", host] as const, ...HANDSHAKE].map(([name, value]) => `${name}: ${value}\r\n`);
    await send(connection, encoder.encode(`GET ${pathname}${search} HTTP/1.1\r\n${headers.join("")}\r\n`));
    let bytes = new Uint8Array();
    let isOpen = false;
    const chunk = new Uint8Array(65_536);
    while (true) {
      const length = await connection.read(chunk);
      // A connection that was cut silently does not read, either.
      if (length === null || this.#isCut) return 1006;
      bytes = joined(bytes, chunk.subarray(0, length));
      if (!isOpen) {
        const end = decoder.decode(bytes).indexOf("\r\n\r\n");
        if (end === -1) continue;
        if (!decoder.decode(bytes).startsWith("HTTP/1.1 101")) return 1006;
        isOpen = true;
        bytes = bytes.slice(end + 4);
      }
      for (let frame = frameAt(bytes); frame !== null; frame = frameAt(bytes)) {
        bytes = bytes.slice(frame.length);
        if (frame.opcode === 8) return frame.payload[0]! * 256 + frame.payload[1]!;
        if (frame.opcode === 9) await send(connection, socketFrame(10, frame.payload));
        if (frame.opcode === 1 && !this.#isCut) this.#events.heard(decoder.decode(frame.payload));
      }
    }
  }
}

interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** The length of the whole frame, in bytes. */
  readonly length: number;
}

/** Parses the frame at the start of some bytes; returns `null` if the frame is incomplete. */
function frameAt(bytes: Uint8Array<ArrayBuffer>): Frame | null {
  if (bytes.length < 2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const short = bytes[1]! & 127;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return null;
  const size = short < 126 ? short : short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
  if (bytes.length < start + size) return null;
  return { opcode: bytes[0]! & 15, payload: bytes.slice(start, start + size), length: start + size };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
