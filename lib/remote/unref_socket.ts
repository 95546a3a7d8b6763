/**
 * A WebSocket client for Deno, Node and Bun that can be terminated at once and is unref'd.
 *
 * The runtimes' own WebSocket clients can do neither: after `close()` they keep the process alive until the
 * server confirms the close, which takes minutes if the network is down. Node 20 has no WebSocket client.
 * Stop using this module in Deno once its `WebSocket` has `terminate()` and `unref()`
 * (https://github.com/denoland/deno/issues/36337).
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { SOCKET_OPCODE, type SocketFrame, SocketFrameReader, writeSocketFrame } from "./socket_frames.ts";
import { connectTcp, type TcpConnection } from "./tcp_connection.ts";

/** Callbacks of a {@linkcode UnrefSocket}. */
export interface SocketEvents {
  /** Called when messages can be sent. */
  readonly onOpen: () => void;
  /** Called with each text message. */
  readonly onText: (text: string) => void;
  /**
   * Called once, when the connection is closed or fails to open, but not after {@linkcode UnrefSocket.close}.
   *
   * @param code the code in the server's close frame; `undefined` if there is none
   * @param reason the reason in the close frame
   */
  readonly onClose: (code?: number, reason?: string) => void;
}

/** The maximum length of the head of the handshake response, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024;
/** The maximum length of a message, in bytes; the messages from a server to reporters are short. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** The maximum time for sending the close frame, in milliseconds. */
const CLOSE_TIMEOUT_MS = 100;
/** The GUID that is appended to the key to compute `Sec-WebSocket-Accept` (RFC 6455, section 1.3). */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const encoder = new TextEncoder();

/** A WebSocket over a {@linkcode TcpConnection}. */
export class UnrefSocket {
  readonly #events: SocketEvents;
  readonly #connecting: AbortController = new AbortController();
  readonly #decoder: TextDecoder = new TextDecoder("utf-8", { fatal: true });
  readonly #reader: SocketFrameReader = new SocketFrameReader(MAX_MESSAGE_BYTES);
  #connection: TcpConnection | null = null;
  #writing: Promise<void> = Promise.resolve();
  #isOpen = false;
  #isClosed = false;
  /** The fragments of a message that is not complete yet. */
  #parts: string[] = [];
  #partBytes = 0;

  /**
   * @param url the server's address, with the scheme `http:` or `https:`
   * @param events the callbacks
   * @param headers additional headers of the handshake
   * @param caCerts certificates of authorities that Deno trusts in addition to public authorities, as PEM
   */
  constructor(
    url: string,
    events: SocketEvents,
    headers: Readonly<Record<string, string>> = {},
    caCerts: string[] = [],
  ) {
    this.#events = events;
    this.#run(new URL(url), headers, caCerts).catch(() => {}).finally(() => this.#lost());
  }

  /**
   * Sends a text message; does nothing if the socket is not open.
   *
   * @returns a promise that resolves when the message was handed to the operating system, or the socket is
   * closed
   */
  send(text: string): Promise<void> {
    if (this.#isOpen) this.#write(SOCKET_OPCODE.text, encoder.encode(text));
    return this.#writing;
  }

  /** Closes the socket. Messages that were sent shortly before the close may be lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connecting.abort();
    const connection = this.#connection;
    if (connection === null) return;
    if (!this.#isOpen) return connection.close();
    this.#isOpen = false;
    // The wait is limited, because the server may no longer read.
    const timer = setTimeout(() => connection.close(), CLOSE_TIMEOUT_MS);
    this.#write(SOCKET_OPCODE.close, new Uint8Array([1000 >> 8, 1000 & 255]));
    this.#writing.finally(() => {
      clearTimeout(timer);
      connection.close();
    });
  }

  async #run(url: URL, headers: Readonly<Record<string, string>>, caCerts: string[]): Promise<void> {
    const connection = await connectTcp(url, this.#connecting.signal, caCerts);
    if (this.#isClosed) return connection.close();
    this.#connection = connection;
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    const path = `${url.pathname}${url.search}`;
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${url.host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    await connection.write(encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
    const rest = await this.#handshake(connection, key);
    if (this.#isClosed) return;
    this.#isOpen = true;
    this.#events.onOpen();
    this.#receive(rest);
    for (let chunk = await connection.read(); chunk !== null; chunk = await connection.read()) {
      if (this.#isClosed) return;
      this.#receive(chunk);
    }
  }

  /** Reads and checks the handshake response; returns the bytes that follow the response. */
  async #handshake(connection: TcpConnection, key: string): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = new Uint8Array();
    let end = -1;
    while (end === -1) {
      const chunk = await connection.read();
      if (chunk === null || bytes.length > MAX_HEAD_BYTES) {
        throw new ProtocolError("Cannot open WebSocket: the handshake response is incomplete or too long");
      }
      const longer = new Uint8Array(bytes.length + chunk.length);
      longer.set(bytes);
      longer.set(chunk, bytes.length);
      bytes = longer;
      end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
    }
    const head = new TextDecoder("latin1").decode(bytes.subarray(0, end));
    const accept = /^sec-websocket-accept:[ \t]*(\S+)[ \t]*$/im.exec(head)?.[1];
    if (!/^HTTP\/1\.1 101\b/.test(head) || accept !== await acceptOf(key)) {
      throw new ProtocolError("Cannot open WebSocket: the server did not accept the handshake");
    }
    return bytes.slice(end + 4);
  }

  #receive(bytes: Uint8Array<ArrayBuffer>): void {
    for (const frame of this.#reader.push(bytes)) {
      if (this.#isClosed) return;
      this.#handle(frame);
    }
  }

  #handle({ opcode, isFinal, payload }: SocketFrame): void {
    switch (opcode) {
      case SOCKET_OPCODE.ping:
        return this.#write(SOCKET_OPCODE.pong, payload);
      case SOCKET_OPCODE.pong:
        return;
      case SOCKET_OPCODE.close:
        // Closing the socket also replies with a close frame.
        return payload.length < 2
          ? this.#lost()
          : this.#lost(payload[0]! << 8 | payload[1]!, new TextDecoder().decode(payload.subarray(2)));
      case SOCKET_OPCODE.text:
      case SOCKET_OPCODE.continuation:
        if ((opcode === SOCKET_OPCODE.text) !== (this.#parts.length === 0)) break;
        this.#partBytes += payload.length;
        if (this.#partBytes > MAX_MESSAGE_BYTES) break;
        this.#parts.push(this.#decoder.decode(payload, { stream: !isFinal }));
        if (isFinal) this.#deliver();
        return;
    }
    throw new ProtocolError(`Cannot read frame: unexpected opcode ${opcode}`);
  }

  #deliver(): void {
    const text = this.#parts.join("");
    this.#parts = [];
    this.#partBytes = 0;
    this.#events.onText(text);
  }

  #write(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    const connection = this.#connection!;
    const mask = crypto.getRandomValues(new Uint8Array(4));
    const bytes = writeSocketFrame(opcode, payload, mask);
    this.#writing = this.#writing.then(() => connection.write(bytes)).catch(() => this.#lost());
  }

  #lost(code?: number, reason?: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onClose(code, reason);
  }
}

async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", encoder.encode(`${key}${HANDSHAKE_GUID}`));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
