/**
 * What lies between a reporter and a server, and goes wrong when a test wants it to.
 *
 * @module
 */

import { freePort } from "./free_port.ts";
import { closeQuietly, send } from "./raw_http.ts";

/** What becomes of connections: passed on, swallowed without a word, or not accepted at all. */
type Mode = "pass" | "blackhole" | "refuse";

/** One connection, and the one to the server that it is passed on to. */
interface Pair {
  readonly near: Deno.Conn;
  far: Deno.Conn | null;
  isSwallowed: boolean;
  readonly ended: PromiseWithResolvers<void>;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Passes connections on to a server. Closed when it is disposed of. */
export class TcpProxy implements AsyncDisposable {
  /** Whether sockets are kept out, as by a proxy that knows plain HTTP only. */
  blocksUpgrades = false;
  /** How many connections were passed on. */
  connections = 0;
  /** How many of them asked for a socket. */
  upgrades = 0;
  /** How many bytes went to the server. */
  bytes = 0;
  readonly #port: number;
  readonly #pairs: Set<Pair> = new Set();
  readonly #work: Set<Promise<void>> = new Set();
  #target: number;
  #mode: Mode = "pass";
  #listener: Deno.TcpListener | null;

  /**
   * @param target the port of the server, on 127.0.0.1
   * @param port where to listen; any free port by default
   */
  constructor(target: number, port: number = freePort()) {
    this.#target = target;
    this.#port = port;
    this.#listener = this.#listen(port);
  }

  /** Where it listens: `http://127.0.0.1:1234`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Ends every connection; new ones are passed on, to another server where one is named. */
  cut(target: number = this.#target): void {
    this.#target = target;
    for (const pair of [...this.#pairs]) this.#end(pair);
  }

  /** Ends every connection, and accepts no new one. */
  refuse(): void {
    this.#mode = "refuse";
    this.#listener?.close();
    this.#listener = null;
    this.cut();
  }

  /** Swallows whatever is sent, and closes nothing; new connections are accepted and get no answer either. */
  blackhole(): void {
    this.#mode = "blackhole";
    for (const pair of this.#pairs) pair.isSwallowed = true;
  }

  /** Passes new connections on again, to another server where one is named. What was swallowed stays so. */
  async restore(target: number = this.#target): Promise<void> {
    this.#target = target;
    this.#mode = "pass";
    // A listener that was closed lets go of its port only once nobody waits for connections any more.
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
    // Whatever goes wrong is what the test wanted.
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

  /** The first bytes of a connection, where it is to be passed on. */
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
      // Where everything is swallowed, the other side hears nothing of an end either.
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
