/**
 * Serves a monitor on a real server, for one test.
 *
 * @module
 */

import { createMonitor, type Monitor, type MonitorOptions } from "../../lib/mod.ts";

/** A monitor that listens on a free port of this machine. */
export interface TestServer extends AsyncDisposable {
  readonly monitor: Monitor;
  readonly port: number;
  /** Where it listens: `http://127.0.0.1:1234`. */
  readonly url: string;
  /** Unexpected errors, which a test would not notice otherwise. */
  readonly errors: unknown[];
}

let channels = 0;

/**
 * Starts a monitor with a server and a channel of its own.
 *
 * @param options the monitor's options
 * @returns the server, to be disposed of
 */
export function startServer(options: MonitorOptions = {}): TestServer {
  const errors: unknown[] = [];
  const monitor = createMonitor({
    channel: `test-${++channels}-${crypto.randomUUID()}`,
    onError: (error) => errors.push(error),
    ...options,
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, monitor.fetch);
  const { port } = server.addr;
  return {
    monitor,
    port,
    url: `http://127.0.0.1:${port}`,
    errors,
    async [Symbol.asyncDispose]() {
      // Before Deno 2.8, a channel that is closed before it has finished opening leaks; opening takes some turns.
      for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      await monitor[Symbol.asyncDispose]();
      await server.shutdown();
      // Older Deno releases a closed channel in a later turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}
