/** Tests of every route with requests that are generated from its grammar, and mutated. */

import { Keyring } from "../../lib/access/keyring.ts";
import { ROUTES } from "../../lib/http/routes.ts";
import { assert, assertEquals, assertGreater } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { http2Call } from "../support/http2.ts";
import { LoopWitness } from "../support/loop_witness.ts";
import { closeQuietly, send } from "../support/raw_http.ts";
import { IS_SOAK } from "../support/repetitions.ts";
import { type RouteCase, RouteFuzzer } from "../support/route_fuzzer.ts";
import { startServer } from "../support/server.ts";

/** The number of requests to each server, by transport; with TLS, most of the time of each is that of the handshake. */
const CASES = IS_SOAK
  ? { HTTP: 10_000, HTTPS: 10_000, "HTTP/2": 10_000 }
  : { HTTP: 300, HTTPS: 100, "HTTP/2": 100 };
/** The time after which a response that has not begun is not awaited any more, in milliseconds. */
const DEADLINE_MS = 3_000;
/** How long a request may block the event loop, in milliseconds: a constant, and for each megabyte. */
const BLOCKED_MS = 50;
const BLOCKED_MS_PER_MB = 100;

const KEY = "a-key-for-this-very-test-0123456789";
const IDS = ["run", "ended", "logged", "gone", "unknown"];

/** How requests reach the server; HTTP/2 is over TLS. */
type Transport = keyof typeof CASES;
const TRANSPORTS = Object.keys(CASES) as Transport[];

/** Creates a certificate and its key; `undefined` for a transport without TLS. */
async function certificateFor(transport: Transport): Promise<Deno.TlsCertifiedKeyPem | undefined> {
  if (transport === "HTTP") return undefined;
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await makeCertificate(folder);
    const [cert, key] = await Promise.all(
      ["cert", "key"].map((name) => Deno.readTextFile(`${folder}/${name}.pem`)),
    );
    return { cert: cert!, key: key! };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts a server with tasks in several states. */
async function startVictim(key: string | undefined, tls: Deno.TlsCertifiedKeyPem | undefined) {
  const server = startServer({
    ...(key !== undefined && { key }),
    tasks: { echo: (_task: unknown, ...args: unknown[]) => args },
    allowedOrigins: ["https://allowed.example"],
    trustedProxies: ["127.0.0.1"],
    limits: { liveTasksPerClient: 50, endedTasksPerClient: 50, clients: 100, wrongKeysPerAddress: 1e6 },
  }, tls);
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const request = async (method: string, path: string, body: unknown = null) => {
    const init = { method, headers: { ...headers, "content-type": "application/json" } };
    const url = `${server.url}/tasks/c${path}`;
    await server.monitor.fetch(
      new Request(url, body === null ? init : { ...init, body: JSON.stringify(body) }),
    );
  };
  const post = (path: string, body: unknown) => request("POST", path, body);
  for (const id of IDS.slice(0, -1)) {
    await post("", { id, name: "task", tags: ["a"], metadata: { a: 1 }, progress: 5 });
  }
  await post("/logged/logs", { lines: Array(1_000).fill("a line of a log") });
  await post("/ended/fail", { message: "m" });
  await post("/gone/finish", {});
  await request("DELETE", "/gone");
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
  const session = keyring.signSession(expiresAt);
  return {
    keys: [key, ...tokens],
    cookies: [`__Host-taskscope=${session}`, `__Host-taskscope-share=${tokens[0]}`],
  };
}

/** Sends a request and its frames; returns the status of the response, or 0 if there was none. */
type Play = (request: RouteCase) => Promise<number>;

/** Returns a function that sends requests to a server. */
function playOver(transport: Transport, port: number, ca: string | undefined): Play {
  if (transport === "HTTP/2") return (request) => playHttp2(port, request, ca!);
  return (request) => playHttp1(port, request, ca);
}

async function playHttp1(
  port: number,
  { bytes, frames }: RouteCase,
  ca: string | undefined,
): Promise<number> {
  using connection = ca === undefined
    ? await Deno.connect({ hostname: "127.0.0.1", port })
    : await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [ca] });
  const timer = setTimeout(() => closeQuietly(connection), DEADLINE_MS);
  const chunk = new Uint8Array(65_536);
  try {
    const sending = send(connection, bytes).catch(() => {});
    let length = await connection.read(chunk).catch(() => null);
    const head = new TextDecoder().decode(chunk.subarray(0, length ?? 0));
    const status = Number(/^(?:HTTP\/1\.1 100 .*\r\n\r\n)?HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
    if (status === 101) { for (const frame of frames) await send(connection, frame).catch(() => {}); }
    // The server does not end an event stream, nor a connection whose handshake it refused. The last frame closes a
    // socket.
    const hasEnd = !head.includes("text/event-stream") && (frames.length === 0 || status === 101);
    while (length !== null && hasEnd) length = await connection.read(chunk).catch(() => null);
    if (hasEnd) await sending;
    return status;
  } finally {
    clearTimeout(timer);
  }
}

/** The fields of HTTP/1.1 that requests over HTTP/2 do not have. */
const HTTP1_FIELDS: ReadonlySet<string> = new Set(["host", "connection", "upgrade"]);

/** Sends a request whose text is that of HTTP/1.1 over HTTP/2. */
async function playHttp2(port: number, { bytes }: RouteCase, ca: string): Promise<number> {
  const end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
  const [line = "", ...lines] = new TextDecoder().decode(bytes.subarray(0, end)).split("\r\n");
  const [method = "", path = ""] = line.split(" ");
  const fields = lines.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field] as const)
    .filter(([name]) => !HTTP1_FIELDS.has(name))
    .map(([name, field]) => [name, field.slice(field.indexOf(":") + 1).trim()] as const);
  const headers = {
    ":method": method,
    ":path": path,
    ":authority": `127.0.0.1:${port}`,
    ...Object.fromEntries(fields),
  };
  const body = bytes.subarray(end + 4);
  const options = { ...(body.length > 0 && { body }), ca, deadlineMs: DEADLINE_MS };
  return (await http2Call(port, headers, options)).status;
}

for (const [transport, key] of TRANSPORTS.flatMap((each) => [[each, undefined], [each, KEY]] as const)) {
  const cases = CASES[transport];
  const name = `Handler: ${cases} requests to all routes over ${transport} ${
    key === undefined ? "without" : "with"
  } a key break nothing`;
  // After the test has closed a connection in the middle of a response, the server keeps it open for a while.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false }, async () => {
    const tls = await certificateFor(transport);
    await using server = await startVictim(key, tls);
    const play = playOver(transport, server.port, tls?.cert);
    using witness = new LoopWitness();
    const { keys, cookies } = key === undefined ? { keys: [], cookies: [] } : await credentialsOf(key);
    const fuzzer = new RouteFuzzer({ seed: 7, port: server.port, ids: IDS, keys, cookies });
    const statuses = new Map<string, Map<number, number>>();
    for (let index = 0; index < cases; index++) {
      const request = fuzzer.next();
      const shown = () => `request ${index}, ${new TextDecoder().decode(request.bytes).slice(0, 3_000)}`;
      witness.take();
      const status = await play(request);
      assert(status !== 500, shown());
      assertEquals(server.errors, [], shown());
      const ofRoute = statuses.get(request.route) ?? new Map<number, number>();
      statuses.set(request.route, ofRoute.set(status, (ofRoute.get(status) ?? 0) + 1));
      if (IS_SOAK) await assertBrief(play, request, witness, shown);
    }
    assertEquals(statuses.size, new Set(ROUTES.map(({ method, path }) => `${method} ${path}`)).size);
    const counts = new Map<number, number>();
    for (const ofRoute of statuses.values()) {
      for (const [status, count] of ofRoute) counts.set(status, (counts.get(status) ?? 0) + count);
    }
    // These statuses show that the requests reach all parts of the server.
    const others = [101, 303, 403, 405, 415, key === undefined ? 409 : 401];
    for (const status of [200, 400, 404, ...transport === "HTTP" ? others : []]) {
      assertGreater(
        counts.get(status) ?? 0,
        0,
        `${status} was never answered: ${JSON.stringify([...counts])}`,
      );
    }
    const text = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`;
    const bytes = new TextEncoder().encode(text);
    assertEquals(await play({ route: "GET /healthz", bytes, frames: [], isWhole: true }), 200);
  });
}

/** Asserts that a request does not block the event loop for long; a request that did is sent again. */
async function assertBrief(
  play: Play,
  request: RouteCase,
  witness: LoopWitness,
  shown: () => string,
): Promise<void> {
  const mostMs = BLOCKED_MS + BLOCKED_MS_PER_MB * request.bytes.length / 2 ** 20;
  const blockedMs = [witness.take()];
  while (blockedMs.at(-1)! > mostMs && blockedMs.length < 3) {
    await play(request);
    blockedMs.push(witness.take());
  }
  assert(blockedMs.at(-1)! <= mostMs, `blocked for ${blockedMs.map(Math.round)} ms: ${shown()}`);
}
