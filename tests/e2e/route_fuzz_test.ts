/** Tests of every route with requests that are generated from its grammar, and mutated. */

import { Keyring } from "../../lib/access/keyring.ts";
import { ROUTES } from "../../lib/http/routes.ts";
import { assert, assertEquals, assertGreater } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { LoopWitness } from "../support/loop_witness.ts";
import { closeQuietly, send } from "../support/raw_http.ts";
import { type RouteCase, RouteFuzzer } from "../support/route_fuzzer.ts";
import { startServer } from "../support/server.ts";

const SOAK = Deno.env.get("TASKSCOPE_SOAK") === "1";
/** The number of requests to each of the two servers. */
const CASES = SOAK ? 10_000 : 300;
/** The time after which a response that has not begun is not awaited any more, in milliseconds. */
const DEADLINE_MS = 3_000;
/** How long a request may block the event loop, in milliseconds: a constant, and for each megabyte. */
const BLOCKED_MS = 50;
const BLOCKED_MS_PER_MB = 100;

const KEY = "a-key-for-this-very-test-0123456789";
const IDS = ["run", "ended", "logged", "gone", "unknown"];

/** Starts a server with tasks in several states. */
async function startVictim(key: string | undefined) {
  const server = startServer({
    ...(key !== undefined && { key }),
    tasks: { echo: (_task: unknown, ...args: unknown[]) => args },
    allowedOrigins: ["https://allowed.example"],
    trustedProxies: ["127.0.0.1"],
    limits: { liveTasksPerClient: 50, endedTasksPerClient: 50, clients: 100, wrongKeysPerAddress: 1e6 },
  });
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const post = (path: string, body: unknown) =>
    call("POST", `${server.url}/tasks/c${path}`, { headers, body });
  for (const id of IDS.slice(0, -1)) {
    await post("", { id, name: "task", tags: ["a"], metadata: { a: 1 }, progress: 5 });
  }
  await post("/logged/logs", { lines: Array(1_000).fill("a line of a log") });
  await post("/ended/fail", { message: "m" });
  await post("/gone/finish", {});
  await call("DELETE", `${server.url}/tasks/c/gone`, { headers });
  return server;
}

async function credentialsOf(key: string): Promise<{ readonly keys: string[]; readonly cookies: string[] }> {
  const keyring = new Keyring(key);
  const expiresAt = Date.now() / 1_000 + 3_600;
  const tokens = await Promise.all([
    keyring.sign({ may: "read", client: "c", taskId: null, expiresAt }),
    keyring.sign({ may: "read", client: "c", taskId: "run", expiresAt }),
    keyring.sign({ may: "write", client: "c", taskId: null, expiresAt }),
  ]);
  const session = await keyring.signSession(expiresAt);
  return {
    keys: [key, ...tokens],
    cookies: [`__Host-taskscope=${session}`, `__Host-taskscope-share=${tokens[0]}`],
  };
}

/** Sends a request and its frames; returns the status of the response, or 0 if there was none. */
async function play(port: number, { bytes, frames }: RouteCase): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => closeQuietly(connection), DEADLINE_MS);
  const chunk = new Uint8Array(65_536);
  try {
    const sending = send(connection, bytes).catch(() => {});
    let length = await connection.read(chunk).catch(() => null);
    const head = new TextDecoder().decode(chunk.subarray(0, length ?? 0));
    const status = Number(/^(?:HTTP\/1\.1 100 .*\r\n\r\n)?HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    if (status === 101) { for (const frame of frames) await send(connection, frame).catch(() => {}); }
    // An event stream has no end, nor has the connection of a handshake that was refused; a socket is closed by its last
    // frame.
    const hasEnd = !head.includes("text/event-stream") && (frames.length === 0 || status === 101);
    while (length !== null && hasEnd) length = await connection.read(chunk).catch(() => null);
    if (hasEnd) await sending;
    return status;
  } finally {
    clearTimeout(timer);
  }
}

for (const key of [undefined, KEY]) {
  const name = `Handler: ${CASES} requests to all routes ${
    key === undefined ? "without" : "with"
  } a key break nothing`;
  // Closing a connection in the middle of a response leaves the server with it for a while.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false }, async () => {
    await using server = await startVictim(key);
    using witness = new LoopWitness();
    const { keys, cookies } = key === undefined ? { keys: [], cookies: [] } : await credentialsOf(key);
    const fuzzer = new RouteFuzzer({ seed: 7, port: server.port, ids: IDS, keys, cookies });
    const statuses = new Map<string, Map<number, number>>();
    for (let index = 0; index < CASES; index++) {
      const request = fuzzer.next();
      const shown = () => `request ${index}, ${new TextDecoder().decode(request.bytes).slice(0, 3_000)}`;
      witness.take();
      const status = await play(server.port, request);
      assert(status !== 500, shown());
      assertEquals(server.errors, [], shown());
      const ofRoute = statuses.get(request.route) ?? new Map<number, number>();
      statuses.set(request.route, ofRoute.set(status, (ofRoute.get(status) ?? 0) + 1));
      if (SOAK) await assertBrief(server.port, request, witness, shown);
    }
    assertEquals(statuses.size, new Set(ROUTES.map(({ method, path }) => `${method} ${path}`)).size);
    const counts = new Map<number, number>();
    for (const ofRoute of statuses.values()) {
      for (const [status, count] of ofRoute) counts.set(status, (counts.get(status) ?? 0) + count);
    }
    // These statuses show that the requests reach all parts of the server.
    for (const status of [101, 200, 303, 400, 403, 404, 405, 415, ...key === undefined ? [409] : [401]]) {
      assertGreater(
        counts.get(status) ?? 0,
        0,
        `${status} was never answered: ${JSON.stringify([...counts])}`,
      );
    }
    assertEquals((await call("GET", `${server.url}/healthz`)).status, 200);
  });
}

/** Asserts that a request does not block the event loop for long; one that did is sent again. */
async function assertBrief(
  port: number,
  request: RouteCase,
  witness: LoopWitness,
  shown: () => string,
): Promise<void> {
  const mostMs = BLOCKED_MS + BLOCKED_MS_PER_MB * request.bytes.length / 2 ** 20;
  const blockedMs = [witness.take()];
  while (blockedMs.at(-1)! > mostMs && blockedMs.length < 3) {
    await play(port, request);
    blockedMs.push(witness.take());
  }
  assert(blockedMs.at(-1)! <= mostMs, `blocked for ${blockedMs.map(Math.round)} ms: ${shown()}`);
}
