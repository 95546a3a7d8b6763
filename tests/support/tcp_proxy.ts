/**
 * A TCP proxy between a reporter and a server, whose connections a test can make fail.
 *
 * @module
 */

import { freePort } from "./free_port.ts";
import { closeQuietly, send } from "./raw_http.ts";

/** Whether connections are forwarded, accepted but never answered, or refused. */
type Mode = "pass" | "blackhole" | "refuse";

/** A client connection and its connection to the server. */
interface Pair {
  readonly near: Deno.Conn;
  far: Deno.Conn | null;
  isSwallowed: boolean;
  readonly ended: PromiseWithResolvers<void>;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A proxy that forwards connections to a server; disposal closes it. */
export class TcpProxy implements AsyncDisposable {
  /** Whether WebSocket upgrades are rejected, as by a proxy that only supports plain HTTP. */
  blocksUpgrades = false;
  /** The number of connections forwarded so far. */
  connections = 0;
  /** The number of WebSocket upgrades requested so far. */
  upgrades = 0;
  /** The number of bytes sent to the server so far. */
  bytes = 0;
  readonly #port: number;
  readonly #pairs: Set<Pair> = new Set();
  readonly #work: Set<Promise<void>> = new Set();
  #target: number;
  #mode: Mode = "pass";
  #listener: Deno.TcpListener | null;

  /**
   * @param target the port of the server, on 127.0.0.1
   * @param port the port to listen on; a free one by default
   */
  constructor(target: number, port: number = freePort()) {
    this.#target = target;
    this.#port = port;
    this.#listener = this.#listen(port);
  }

  /** The address of the proxy, such as `http://127.0.0.1:1234`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The number of open connections. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Closes all connections; new ones are forwarded, to another server if `target` names one. */
  cut(target: number = this.#target): void {
    this.#target = target;
    for (const pair of [...this.#pairs]) this.#end(pair);
  }

  /** Closes all connections, and refuses new ones. */
  refuse(): void {
    this.#mode = "refuse";
    this.#listener?.close();
    this.#listener = null;
    this.cut();
  }

  /** Drops all data without closing connections; new connections are accepted, but never answered. */
  blackhole(): void {
    this.#mode = "blackhole";
    for (const pair of this.#pairs) pair.isSwallowed = true;
  }

  /** Forwards new connections again, to another server if `target` names one; data of older ones is still dropped. */
  async restore(target: number = this.#target): Promise<void> {
    this.#target = target;
    this.#mode = "pass";
    // A closed listener releases its port only after its pending accept has ended.
    while (this.#listener === null) {
      try {
        this.#listener = this.#listen(this.#port);
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #listen(port: number): Deno.TcpListener {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#do(this.#accept(listener));
    return listener;
  }

  #do(work: Promise<void>): void {
    // The test causes these failures, so they are ignored.
    const done = work.catch(() => {}).finally(() => this.#work.delete(done));
    this.#work.add(done);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const near of listener) {
      const isSwallowed = this.#mode === "blackhole";
      this.#do(this.#serve({ near, far: null, isSwallowed, ended: Promise.withResolvers() }));
    }
  }

  async #serve(pair: Pair): Promise<void> {
    this.#pairs.add(pair);
    try {
      const first = await this.#head(pair);
      if (first === null) return;
      this.connections++;
      pair.far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      this.bytes += first.length;
      await send(pair.far, first);
      this.#do(this.#pass(pair, pair.near, pair.far));
      this.#do(this.#pass(pair, pair.far, pair.near));
      await pair.ended.promise;
    } finally {
      this.#end(pair);
    }
  }

  /** Reads the first bytes of a connection; returns `null` if the connection is not to be forwarded. */
  async #head(pair: Pair): Promise<Uint8Array<ArrayBuffer> | null> {
    const chunk = new Uint8Array(65_536);
    do {
      const length = await pair.near.read(chunk);
      if (length === null) return null;
      if (pair.isSwallowed) continue;
      const head = chunk.slice(0, length);
      if (!/^upgrade: *websocket/im.test(decoder.decode(head))) return head;
      this.upgrades++;
      if (!this.blocksUpgrades) return head;
      await send(pair.near, encoder.encode("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
      return null;
    } while (true);
  }

  async #pass(pair: Pair, from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const chunk = new Uint8Array(65_536);
    try {
      for (let length = await from.read(chunk); length !== null; length = await from.read(chunk)) {
        if (pair.isSwallowed) continue;
        if (to === pair.far) this.bytes += length;
        await send(to, chunk.slice(0, length));
      }
    } finally {
      // If the data of a connection is dropped, the other side must not see its end either.
      if (!pair.isSwallowed) this.#end(pair);
    }
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.ended.resolve();
    closeQuietly(pair.near);
    if (pair.far !== null) closeQuietly(pair.far);
  }
}
