/** Tests of the program when connections use up its file descriptors. */

import { assertEquals, assertGreater, assertMatch } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { makeCertificate } from "../support/certificate.ts";
import { TestEventStream } from "../support/event_stream.ts";
import { type Program, spawn, startProgram } from "../support/program.ts";
import { closeQuietly, HANDSHAKE, readResponse, send } from "../support/raw_http.ts";
import { IS_SOAK } from "../support/repetitions.ts";

/** The maximum number of files that the program may open, far fewer than the connections that a test opens. */
const maxOpenFiles = 256;
const CONNECTIONS = 2_000;
/** A number of free descriptors with which a program can respond, but not start a worker. */
const FEW = 3;
/**
 * The time after the end of the connections within which the program must respond again, in milliseconds. Without
 * `TASKSCOPE_SOAK=1`, it only shows that the program recovers, because the machine may be busy.
 */
const RECOVERY_MS = IS_SOAK ? 2_000 : 20_000;

/**
 * Opens connections until the program refuses them, and sends the given text over each; returns the open
 * connections.
 */
async function flood({ port }: Program, text: string): Promise<Deno.Conn[]> {
  const connections: Deno.Conn[] = [];
  for (let index = 0; index < CONNECTIONS; index++) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connections.push(connection);
      if (text !== "") await send(connection, new TextEncoder().encode(text));
    } catch (error) {
      // The program may refuse a connection, or close it.
      if (error instanceof Deno.errors.PermissionDenied) throw error;
    }
  }
  return connections;
}

/** Returns the number of files and connections that the program has open. */
async function countDescriptors({ process: { pid } }: Program): Promise<number> {
  const { stdout } = await spawn("ls", [`/proc/${pid}/fd`]).ended();
  return stdout.trim().split("\n").length;
}

/** Calls the program until it responds; rejects if it does not respond in time. */
async function respond(url: string, client: Deno.HttpClient): Promise<string> {
  for (const startMs = performance.now();;) {
    try {
      const init: RequestInit & { client: Deno.HttpClient } = { client, signal: AbortSignal.timeout(1_000) };
      const response = await fetch(url, init);
      return await response.text();
    } catch (error) {
      if (performance.now() - startMs > RECOVERY_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function handshake(port: number): string {
  const headers = HANDSHAKE.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `GET /ws/tasks/c HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}\r\n`;
}

function healthRequest(port: number): string {
  return `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
}

const FLOODS: readonly (readonly [name: string, text: (port: number) => string])[] = [
  ["idle connections", () => ""],
  ["unfinished requests", () => "GET /tasks/c HTTP/1.1\r\nHost:"],
  ["keep-alive connections", healthRequest],
  ["WebSockets", handshake],
];

for (const [name, text] of FLOODS) {
  Deno.test(`descriptors: the program survives 2,000 ${name}, logs the shortage once, and responds after the connections have ended`, async () => {
    await using program = await startProgram([], { maxOpenFiles });
    const { url, port, process } = program;
    assertEquals((await call("POST", `${url}/tasks/c`, { body: { id: "t" } })).status, 201);
    const connections = await flood(program, text(port));
    connections.forEach(closeQuietly);
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    assertEquals(JSON.parse(await respond(`${url}/tasks/c/t`, client)).id, "t");
    assertEquals((await call("POST", `${url}/tasks/c/t/finish`, { body: {} })).status, 200);
    const { text: metrics } = await call("GET", `${url}/metrics`);
    const reopenings = Number(/^taskscope_port_reopenings_total (\d+)$/m.exec(metrics)?.[1]);
    assertGreater(reopenings, 0);
    process.kill("SIGTERM");
    const { code, stderr } = await process.ended();
    assertEquals([code, stderr.match(/stopped accepting connections/g)?.length], [0, 1], stderr);
    assertMatch(stderr, /ulimit -n/);
  });
}

Deno.test("descriptors: the program survives 2,000 idle connections over TLS", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await makeCertificate(folder);
    const tls = ["--cert", `${folder}/cert.pem`, "--tls-key", `${folder}/key.pem`];
    await using program = await startProgram(tls, { maxOpenFiles });
    const connections = await flood(program, "");
    connections.forEach(closeQuietly);
    const caCerts = [await Deno.readTextFile(`${folder}/cert.pem`)];
    using client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
    assertEquals(JSON.parse(await respond(`${program.url}/healthz`, client)).status, "ok");
    assertMatch(await respond(`${program.url}/metrics`, client), /^taskscope_port_reopenings_total [1-9]/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("descriptors: an event stream that was open before the flood continues", async () => {
  await using program = await startProgram([], { maxOpenFiles });
  await using stream = await TestEventStream.open(`${program.url}/events/tasks/c`);
  const connections = await flood(program, "");
  connections.forEach(closeQuietly);
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await respond(`${program.url}/healthz`, client);
  assertEquals((await call("POST", `${program.url}/tasks/c`, { body: { id: "later" } })).status, 201);
  await stream.find("task.created", ({ id }) => id === "later");
});

Deno.test("descriptors: during the flood, requests that need a worker fail; a search works again afterwards", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await using program = await startProgram(["--data", `${folder}/tasks.db`], { maxOpenFiles });
    const { url, port } = program;
    assertEquals((await call("POST", `${url}/tasks/c`, { body: { id: "t" } })).status, 201);
    assertEquals((await call("POST", `${url}/tasks/c/t/logs`, { body: { lines: ["needle"] } })).status, 200);
    using open = await Deno.connect({ hostname: "127.0.0.1", port });
    const target = "/tasks/c/t/logs?q=needle";
    const search = async () => {
      await send(open, new TextEncoder().encode(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
      return await readResponse(open);
    };
    // A connection that the program has accepted is served in spite of the flood.
    const healthz = new TextEncoder().encode(healthRequest(port));
    await send(open, healthz);
    assertEquals((await readResponse(open)).status, 200);
    const connections: Deno.Conn[] = [];
    while (await countDescriptors(program) < maxOpenFiles - FEW) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connections.push(connection);
      // A response shows that the program has accepted this connection, so it is counted before the next one is opened. If
      // the program ran out of descriptors, it would open its port again, and close the connections that are idle.
      await send(connection, healthz);
      assertEquals((await readResponse(connection)).status, 200);
    }
    const refused = await search();
    assertEquals(refused.status, 503, refused.body);
    assertMatch(refused.body, /too many files are open/);
    // A demo task that would need a worker fails.
    const head =
      `POST /tasks/c/start/count_primes HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`;
    await send(open, new TextEncoder().encode(head));
    const started = await readResponse(open);
    assertEquals(started.status, 202, started.body);
    connections.forEach(closeQuietly);
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    await respond(`${url}/healthz`, client);
    assertMatch(await respond(`${url}${target}`, client), /needle/);
    const { task_id } = JSON.parse(started.body);
    const { state, error } = JSON.parse(await respond(`${url}/tasks/c/${task_id}`, client));
    assertEquals(state, "ERROR");
    assertMatch(error.message, /too many files are open/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
