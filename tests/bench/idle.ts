/**
 * Measures response times of a server with 10,000 idle connections, half of which have sent a part of a request, against
 * the same server without them.
 *
 * @module
 */

import { startProgram } from "../support/program.ts";
import { send } from "../support/raw_http.ts";
import { type Figure, percentile, WrongWorkError } from "./support/harness.ts";

const CONNECTIONS = 10_000;
const REQUESTS = 1_000;
const HALF_A_HEAD = new TextEncoder().encode("GET /tasks/default HTTP/1.1\r\nHost:");

/** Measures the response times of one client before and after the idle connections are opened. */
export async function benchIdle(): Promise<Figure[]> {
  await using program = await startProgram(["--no-demo"]);
  const url = `${program.url}/tasks/default`;
  const bare = await ninetyNinth(url);
  const connections: Deno.Conn[] = [];
  try {
    while (connections.length < CONNECTIONS) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
      connections.push(connection);
      if (connections.length % 2 === 0) await send(connection, HALF_A_HEAD);
    }
    const ours = await ninetyNinth(url);
    const target = { of: "ours", atMost: 100 } as const;
    return [{
      name: `idle: ${CONNECTIONS} connections, p99 of others`,
      unit: "ms",
      ours,
      bare,
      ratio: ours / bare,
      target,
    }];
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Returns the 99th percentile of the response times, in milliseconds. */
async function ninetyNinth(url: string): Promise<number> {
  const times: number[] = [];
  for (let request = 0; request < REQUESTS; request++) {
    const startMs = performance.now();
    const response = await fetch(url);
    await response.body?.cancel();
    if (response.status !== 200) {
      throw new WrongWorkError(`Cannot measure ${url}: received status ${response.status}`);
    }
    times.push(performance.now() - startMs);
  }
  return percentile(times, 99);
}
