/**
 * Keeps a port open: `Deno.serve()` stops accepting connections for good once the process is out of file
 * descriptors.
 *
 * @module
 */

import { withTimeout } from "../../timeout.ts";

/** The interval of the checks whether the port still accepts connections, in milliseconds. */
const CHECK_MS = 500;

/** The maximum wait for the connection of a check, in milliseconds; a full backlog delays it. */
const PROBE_MS = 5_000;

/** The time without a failure, in milliseconds, after which the next failure is reported again. */
const CALM_MS = 60_000;

/** Options of a {@linkcode Listener}. */
export interface ListenerOptions {
  /**
   * Starts a server; called again with the same port whenever the port has stopped accepting connections.
   *
   * @throws {Error} if the server cannot listen on the port
   */
  readonly serve: (port: number) => Deno.HttpServer<Deno.NetAddr>;
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on; 0 picks a free port. */
  readonly port: number;
  /**
   * Called when the port has stopped accepting connections, but only once for failures that follow each other within
   * a minute. Receives the reason; `null` if the reason is unknown.
   */
  readonly onFailure: (reason: string | null) => void;
}

/**
 * Serves on a port, and serves again if the port has stopped accepting connections. The previous server is shut down:
 * this closes its idle connections and frees their file descriptors, while open requests and event streams continue.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  /** The servers that have stopped listening, but still have connections. */
  readonly #retired: Set<Deno.HttpServer> = new Set();
  #server: Deno.HttpServer<Deno.NetAddr>;
  #isListening = true;
  #isProbing = false;
  #isOver = false;
  #lastFailureMs = -Infinity;
  #reopenings = 0;

  /**
   * Starts to listen.
   *
   * @param options how to serve, and where to listen
   * @throws {Error} if the server cannot listen on the port
   */
  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = this.#serve(options.port);
    // The timer is ref'd: while no server listens, nothing else may keep the process alive.
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** The port that the server listens on. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** The number of times that the port was opened again. */
  get reopenings(): number {
    return this.#reopenings;
  }

  /** Stops listening; resolves when every connection is closed. */
  async shutdown(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#retired, this.#server].map(shutDown));
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    const server = this.#options.serve(port);
    // Deno before 2.9 settles this promise only when the last connection of the server is closed.
    server.finished.then(() => this.#failed(server, null), (error) => this.#failed(server, String(error)));
    return server;
  }

  #check(): void {
    if (this.#isListening) void this.#probe();
    else this.#reopen();
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    const server = this.#server;
    if (await isRefused(this.#options.hostname, server.addr.port)) this.#failed(server, null);
    this.#isProbing = false;
  }

  #failed(server: Deno.HttpServer, reason: string | null): void {
    if (this.#isOver || server !== this.#server || !this.#isListening) return;
    this.#isListening = false;
    const now = performance.now();
    if (now - this.#lastFailureMs > CALM_MS) this.#options.onFailure(reason);
    this.#lastFailureMs = now;
    this.#retired.add(server);
    void shutDown(server).finally(() => this.#retired.delete(server));
  }

  #reopen(): void {
    try {
      this.#server = this.#serve(this.port);
    } catch {
      // There are still no free file descriptors, or another process has taken the port; the next check tries again.
      return;
    }
    this.#isListening = true;
    this.#reopenings++;
  }
}

async function shutDown(server: Deno.HttpServer): Promise<void> {
  // Deno rejects if the server has failed.
  await server.shutdown().catch(() => {});
}

/**
 * Returns whether nothing listens on a port. Any other failure of the connection, such as a lack of file descriptors,
 * says nothing about the port.
 */
async function isRefused(hostname: string, port: number): Promise<boolean> {
  const connecting = Deno.connect({ hostname, port }).then(
    (connection) => {
      connection.close();
      return false;
    },
    (error) => error instanceof Deno.errors.ConnectionRefused,
  );
  return await withTimeout(connecting, PROBE_MS) ?? false;
}
