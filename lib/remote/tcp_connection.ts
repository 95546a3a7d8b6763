/**
 * Opens TCP and TLS connections in Deno, Node and Bun that keep no process alive.
 *
 * @module
 */

import { nodeModule } from "../environment.ts";

/** A connection that is unref'd. */
export interface TcpConnection {
  /**
   * Reads some bytes. Must not be called again before the promise has settled.
   *
   * @returns the bytes; `null` if the other end has closed the connection
   * @throws {Error} if the connection is lost or closed
   */
  read(): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Writes all of the given bytes.
   *
   * @throws {Error} if the connection is lost or closed
   */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Closes the connection without waiting for anything. Idempotent. */
  close(): void;
}

/** The server to connect to. */
interface Target {
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** The members of `node:net` and `node:tls` that this file uses. */
interface NodeNet {
  connect(
    options: { readonly host: string; readonly port: number; readonly servername?: string },
  ): NodeSocket;
}

interface NodeSocket extends AsyncIterable<Uint8Array<ArrayBuffer>> {
  on(event: string, listener: (error: Error) => void): void;
  write(bytes: Uint8Array, onDone: (error?: Error | null) => void): void;
  setNoDelay(): void;
  unref(): void;
  destroy(): void;
}

const READ_BYTES = 65_536;

/** Returns whether this runtime can open TCP connections. */
export function hasTcp(): boolean {
  return typeof Deno !== "undefined" || nodeModule("node:net") !== undefined;
}

/**
 * Opens a connection.
 *
 * @param url the server's address, with the scheme `http:` or `https:`
 * @param signal aborts the attempt to connect; has no effect once the connection is nearly open
 * @param caCerts certificates of authorities that Deno trusts in addition to public authorities, as PEM
 * @returns the connection
 * @throws {Error} if the connection can't be opened, or the attempt was given up
 */
export async function connectTcp(
  url: URL,
  signal: AbortSignal,
  caCerts: string[] = [],
): Promise<TcpConnection> {
  const isSecure = url.protocol === "https:";
  const target: Target = {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (isSecure ? 443 : 80),
    isSecure,
  };
  return await (typeof Deno === "undefined"
    ? connectNode(target, signal)
    : connectDeno(target, signal, caCerts));
}

async function connectDeno(
  { hostname, port, isSecure }: Target,
  signal: AbortSignal,
  caCerts: string[],
): Promise<TcpConnection> {
  const tcp = await Deno.connect({ hostname, port, signal });
  // Disables Nagle's algorithm: batches are small and should not wait for each other.
  tcp.setNoDelay();
  const connection = isSecure ? await Deno.startTls(tcp, { hostname, caCerts }) : tcp;
  connection.unref();
  const chunk = new Uint8Array(READ_BYTES);
  return {
    async read() {
      const length = await connection.read(chunk);
      return length === null ? null : chunk.slice(0, length);
    },
    async write(bytes) {
      for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    },
    close() {
      try {
        connection.close();
      } catch {
        // The connection is already closed.
      }
    },
  };
}

async function connectNode(
  { hostname, port, isSecure }: Target,
  signal: AbortSignal,
): Promise<TcpConnection> {
  const net = nodeModule<NodeNet>(isSecure ? "node:tls" : "node:net")!;
  // An IP address must not be sent as the server name (RFC 6066, section 3).
  const isName = /[^\d.]/.test(hostname) && !hostname.includes(":");
  const socket = net.connect({ host: hostname, port, ...(isSecure && isName && { servername: hostname }) });
  socket.unref();
  socket.setNoDelay();
  const destroy = () => socket.destroy();
  signal.addEventListener("abort", destroy);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on(isSecure ? "secureConnect" : "connect", () => resolve());
      // The listener is never removed, because an `error` event without a listener would end the process.
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("Cannot connect: the connection was closed")));
    });
  } finally {
    signal.removeEventListener("abort", destroy);
  }
  const chunks = socket[Symbol.asyncIterator]();
  return {
    async read() {
      const { done, value } = await chunks.next();
      return done ? null : value;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => socket.write(bytes, (error) => error ? reject(error) : resolve())),
    close: destroy,
  };
}
