/**
 * A WebSocket server that a test controls byte for byte.
 *
 * @module
 */

import { closeQuietly, send } from "./raw_http.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A connection whose handshake has been read. */
export class RawPeer {
  readonly connection: Deno.Conn;
  /** The head of the request that the client sent. */
  readonly head: string;

  constructor(connection: Deno.Conn, head: string) {
    this.connection = connection;
    this.head = head;
  }

  /** Sends text or bytes unchanged. */
  async send(data: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await send(this.connection, typeof data === "string" ? encoder.encode(data) : data);
  }

  /** Accepts the handshake. */
  async accept(): Promise<void> {
    const key = /^sec-websocket-key: (\S+)$/im.exec(this.head)?.[1];
    const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const digest = await crypto.subtle.digest("SHA-1", encoder.encode(`${key}${guid}`));
    const accept = btoa(String.fromCharCode(...new Uint8Array(digest)));
    await this.send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  }

  /** Reads the available bytes; returns `null` if the client closed the connection. */
  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const chunk = new Uint8Array(65_536);
    const length = await this.connection.read(chunk).catch(() => null);
    return length === null ? null : chunk.slice(0, length);
  }

  /** Closes the connection without a close frame. */
  close(): void {
    closeQuietly(this.connection);
  }
}

/** A server that accepts connections and reads their handshakes. */
export class RawSocketServer implements Disposable {
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #peers: RawPeer[] = [];

  /** The address of the server, such as `http://127.0.0.1:1234`. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Waits for the next connection and reads its handshake. */
  async next(): Promise<RawPeer> {
    const connection = await this.#listener.accept();
    const chunk = new Uint8Array(4096);
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      const length = await connection.read(chunk);
      if (length === null) break;
      head += decoder.decode(chunk.subarray(0, length));
    }
    const peer = new RawPeer(connection, head.replaceAll("\r\n", "\n"));
    this.#peers.push(peer);
    return peer;
  }

  [Symbol.dispose](): void {
    for (const peer of this.#peers) peer.close();
    this.#listener.close();
  }
}
