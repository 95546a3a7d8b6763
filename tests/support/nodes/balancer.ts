/**
 * A load balancer for TCP: passes each connection to one of several servers.
 *
 * @module
 */

import { closeQuietly } from "../raw_http.ts";

/** A connection of a client, and the port of the server that it was passed to. */
interface Passed {
  readonly near: Deno.Conn;
  readonly far: Deno.Conn;
  readonly port: number;
}

/** A balancer on a free port of 127.0.0.1; disposal closes it and all its connections. */
export class Balancer implements AsyncDisposable {
  readonly #ports: () => readonly number[];
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #passed: Set<Passed> = new Set();
  readonly #work: Set<Promise<void>> = new Set();
  #next = 0;

  /** @param ports returns the ports of the servers that are up, on 127.0.0.1 */
  constructor(ports: () => readonly number[]) {
    this.#ports = ports;
    this.#do(this.#accept());
  }

  /** The address of the balancer, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Closes the connections to a server. */
  drop(port: number): void {
    for (const passed of [...this.#passed]) if (passed.port === port) this.#end(passed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const passed of [...this.#passed]) this.#end(passed);
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #do(work: Promise<void>): void {
    // The test causes these failures, so they are ignored.
    const done = work.catch(() => {}).finally(() => this.#work.delete(done));
    this.#work.add(done);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) this.#do(this.#serve(near));
  }

  /** Passes a connection to the first server in turn that accepts it. */
  async #serve(near: Deno.Conn): Promise<void> {
    const ports = this.#ports();
    const first = this.#next++;
    for (let tries = 0; tries < ports.length; tries++) {
      const port = ports[(first + tries) % ports.length]!;
      const far = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
      if (far === null) continue;
      const passed = { near, far, port };
      this.#passed.add(passed);
      const pass = (from: Deno.Conn, to: Deno.Conn) =>
        from.readable.pipeTo(to.writable).catch(() => {}).finally(() => this.#end(passed));
      await Promise.all([pass(near, far), pass(far, near)]);
      return;
    }
    closeQuietly(near);
  }

  #end(passed: Passed): void {
    this.#passed.delete(passed);
    closeQuietly(passed.near);
    closeQuietly(passed.far);
  }
}
