/**
 * A TCP relay in front of a server, whose connections a test can cut, block and restore.
 *
 * @module
 */

const decoder = new TextDecoder();
const SWITCHING = /^HTTP\/1\.1 101 /;

/** Relays connections to a server. */
export class Relay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #path: string;
  readonly #connections: Set<Deno.TcpConn> = new Set();
  readonly #passing: Set<Promise<void>> = new Set();
  /** The connections that became WebSockets. */
  readonly #sockets: Set<Deno.TcpConn> = new Set();
  #frozen: ReadonlySet<Deno.TcpConn> = new Set();
  #isCut = false;

  /** @param url the address of the server to relay to */
  constructor(url: string) {
    const { hostname, port, pathname } = new URL(url);
    this.#target = { hostname, port: Number(port) };
    this.#path = pathname.replace(/\/$/, "");
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#track(this.#accept());
  }

  /** The URL of the relay. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}${this.#path}`;
  }

  /** The number of WebSockets opened so far. */
  get sockets(): number {
    return this.#sockets.size / 2;
  }

  /** Closes all connections, and every new one as soon as it is opened. */
  cut(): void {
    this.#isCut = true;
    for (const connection of this.#connections) close(connection);
  }

  /** Relays new connections again after {@linkcode Relay.cut}. */
  mend(): void {
    this.#isCut = false;
  }

  /** Drops everything that is sent over the open WebSockets, but does not close them. */
  freezeSockets(): void {
    this.#frozen = new Set(this.#sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    while (this.#passing.size > 0) await Promise.all(this.#passing);
  }

  #track(passing: Promise<void>): void {
    this.#passing.add(passing);
    passing.finally(() => this.#passing.delete(passing));
  }

  async #accept(): Promise<void> {
    // Closing the listener ends this loop.
    for await (const near of this.#listener) {
      if (this.#isCut) close(near);
      else this.#track(this.#connect(near));
    }
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    this.#connections.add(near);
    try {
      const far = await Deno.connect(this.#target);
      this.#connections.add(far);
      await Promise.all([this.#pass(near, far), this.#pass(far, near)]);
      this.#connections.delete(far);
    } catch {
      // The server is not listening, so the connection of the client is closed below.
    }
    close(near);
    this.#connections.delete(near);
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        if (this.#frozen.has(from)) continue;
        if (SWITCHING.test(decoder.decode(buffer.subarray(0, read)))) this.#sockets.add(from).add(to);
        for (let done = 0; done < read;) done += await to.write(buffer.subarray(done, read));
      }
    } catch {
      // The connection was cut.
    }
    close(from);
    close(to);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The connection is already closed.
  }
}
