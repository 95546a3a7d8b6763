// deno-lint-ignore-file no-console -- its output is what the test reads
/**
 * A program that prints how many bytes of memory a WebSocket takes right after its peer has disconnected without a close
 * frame, for each kind of socket of a server.
 */

import { call } from "../../../support/calls.ts";
import { HANDSHAKE, send } from "../../../support/raw_http.ts";
import { startServer, type TestServer } from "../../../support/server.ts";
import { eventually } from "../../../support/until.ts";

const SOCKETS = 100;
/** The number of sockets that connect before the measurement, so that code and caches are not counted. */
const EARLIER = 20;
const TASKS = 10;
/** Almost the limit of the metadata of a task. */
const METADATA = { text: "x".repeat(16_000) };

const PATHS = ["/ws/tasks/c", "/ws/tasks/c?mode=delta", "/ws/tasks/c/task-0", "/ws/report?reporter=reporter"];

const { gc } = globalThis as unknown as { readonly gc: () => void };
const encoder = new TextEncoder();

/** Opens a socket, waits for its first message, and disconnects. */
async function drop({ port }: TestServer, path: string): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const headers = [["Host", "127.0.0.1"], ...HANDSHAKE].map(([name, value]) => `${name}: ${value}\r\n`);
  await send(connection, encoder.encode(`GET ${path} HTTP/1.1\r\n${headers.join("")}\r\n`));
  const head = new Uint8Array(4_096);
  const length = await connection.read(head) ?? 0;
  const text = new TextDecoder().decode(head.subarray(0, length));
  if (!text.startsWith("HTTP/1.1 101 ")) throw new Error(text);
  // A reporter receives no message until it sends one. A watcher's first message may arrive with the head.
  if (path.startsWith("/ws/tasks/") && text.endsWith("\r\n\r\n")) await connection.read(head);
}

async function bytesPerSocket(server: TestServer, path: string): Promise<number> {
  const dropped = async (count: number) => {
    for (let n = 0; n < count; n++) await drop(server, path);
    await eventually(
      () => call("GET", `${server.url}/metrics`),
      ({ text }) => /^taskscope_watchers\{transport="socket"\} 0$/m.test(text),
    );
    gc();
    return Deno.memoryUsage().heapUsed;
  };
  const before = await dropped(EARLIER);
  return Math.round((await dropped(SOCKETS) - before) / SOCKETS);
}

await using server = startServer();
for (let index = 0; index < TASKS; index++) {
  const body = { id: `task-${index}`, name: "task", metadata: METADATA };
  const { status, text } = await call("POST", `${server.url}/tasks/c`, { body });
  if (status !== 201) throw new Error(text);
}
const bytes: Record<string, number> = {};
for (const path of PATHS) bytes[path] = await bytesPerSocket(server, path);
console.log(JSON.stringify(bytes));
