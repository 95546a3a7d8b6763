/**
 * Starts a real server with a monitor, for one test.
 *
 * @module
 */

import { call } from "./calls.ts";
import { createMonitor, type Monitor, type MonitorOptions, openMonitor } from "../../lib/mod.ts";

/** A monitor that listens on a free port of this machine. */
export interface TestServer extends AsyncDisposable {
  readonly monitor: Monitor;
  readonly port: number;
  /** The address of the server, such as `http://127.0.0.1:1234`. */
  readonly url: string;
  /** Unexpected errors that the monitor reported, which a test would not notice otherwise. */
  readonly errors: unknown[];
}

let channels = 0;

/**
 * Starts a server with a new monitor, whose channel no other test uses.
 *
 * @param options the monitor's options
 * @param tls the certificate and its key, to serve HTTPS
 * @returns the server, which the caller must dispose of
 */
export function startServer(options: MonitorOptions = {}, tls?: Deno.TlsCertifiedKeyPem): TestServer {
  const errors: unknown[] = [];
  return serve(createMonitor(optionsOf(options, errors)), errors, tls);
}

/** Starts a server as {@linkcode startServer} does, whose tasks may be in PostgreSQL. */
export async function openServer(options: MonitorOptions = {}): Promise<TestServer> {
  const errors: unknown[] = [];
  return serve(await openMonitor(optionsOf(options, errors)), errors);
}

function optionsOf(options: MonitorOptions, errors: unknown[]): MonitorOptions {
  return {
    channel: `test-${++channels}-${crypto.randomUUID()}`,
    onError: (error) => errors.push(error),
    ...options,
  };
}

function serve(monitor: Monitor, errors: unknown[], tls?: Deno.TlsCertifiedKeyPem): TestServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls }, monitor.fetch);
  const { port } = server.addr;
  return {
    monitor,
    port,
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    errors,
    async [Symbol.asyncDispose]() {
      // Before Deno 2.8, a channel leaks if it is closed while it opens, which takes a few turns of the event loop.
      for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      await monitor[Symbol.asyncDispose]();
      await server.shutdown();
      // Older versions of Deno release a closed channel only in a later turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

/** Returns the number of watchers of one transport that a server disconnected because they read too slowly. */
export async function disconnected(
  { url }: Pick<TestServer, "url">,
  transport: "socket" | "events",
): Promise<number> {
  const { text } = await call("GET", `${url}/metrics`);
  return Number(
    new RegExp(`^taskscope_watchers_cut_total\\{transport="${transport}"\\} (\\d+)$`, "m").exec(text)?.[1],
  );
}
