/** Tests of attacks against the program with its default settings. */

import type { Page } from "playwright-core";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertNotMatch,
} from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { type Program, startProgram } from "../support/program.ts";
import { closeQuietly, HANDSHAKE, rawRequest, readResponse, send, socketFrame } from "../support/raw_http.ts";
import { IS_SOAK } from "../support/repetitions.ts";
import { StaticHost } from "../support/static_host.ts";
import { TestSocket } from "../support/socket.ts";
import { eventually } from "../support/until.ts";

const KEY = "a-key-for-this-very-test-0123456789";
const bearer = { headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" } };
/** The text of a task, which must not be readable without the key. */
const SECRET = "a-secret-that-nobody-may-see";
/** The number of idle connections. */
const IDLE_CONNECTIONS = IS_SOAK ? 10_000 : 1_000;

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Returns the memory of the server's process in MiB, which the server reports in its metrics. */
async function residentOf({ url }: Program): Promise<number> {
  const { text } = await call("GET", `${url}/metrics`, bearer);
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]) / 2 ** 20;
}

/**
 * Asserts that the resident memory falls below a bound within 30 s: released memory still counts until the
 * next garbage collection.
 *
 * @param program the program
 * @param bound the bound, in MB
 */
async function assertSettlesBelow(program: Program, bound: number): Promise<void> {
  let resident = Infinity;
  for (let look = 0; look < 300 && resident >= bound; look++) {
    resident = await residentOf(program);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertLess(resident, bound);
}

/** Asserts that the server still works: that a task can be created and finished. */
async function assertWell({ url }: Program): Promise<void> {
  const id = crypto.randomUUID();
  // This request may fail, because fetch() may reuse a connection that the server closed after it refused a body.
  await call("GET", `${url}/healthz`).catch(() => {});
  assertEquals((await call("POST", `${url}/tasks/well`, { ...bearer, body: `{"id":"${id}"}` })).status, 201);
  assertEquals((await call("POST", `${url}/tasks/well/${id}/finish`, { ...bearer, body: "{}" })).status, 200);
}

async function handshake(
  program: Program,
  path: string,
  headers: readonly string[] = [],
): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${program.port}`,
    ...HANDSHAKE.map(([name, value]) => `${name}: ${value}`),
    ...headers,
  ];
  await send(connection, encode(`${lines.join("\r\n")}\r\n\r\n`));
  return connection;
}

async function plainGet({ port }: Program, path: string): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await send(connection, encode(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`));
  return connection;
}

Deno.test("attack: a page of another site cannot open WebSockets, submit forms or read tasks", async () => {
  await using host = new StaticHost();
  await using program = await startProgram();
  const { url } = program;
  await call("POST", `${url}/tasks/default`, { body: { id: "t", status: SECRET } });
  host.files.set("/", {
    type: "text/html",
    body: `<!doctype html><title>Elsewhere</title>
<form method="post" action="${url}/t/default/start/long_running_task"><button>Win</button></form>
<img src="${url}/t/default"><iframe src="${url}/t/default"></iframe>
<script>
const heard = [];
async function tryAll() {
  const socket = (path) => new Promise((resolve) => {
    const socket = new WebSocket("${url.replace("http", "ws")}" + path, []);
    socket.onmessage = ({ data }) => heard.push(data);
    socket.onclose = () => resolve();
  });
  await Promise.all(["/ws/tasks/default", "/ws/tasks/default?mode=delta", "/ws/tasks/default/t", "/ws/report?reporter=reporter-1"].map(socket));
  const plain = { method: "POST", mode: "no-cors", body: "id=planted" };
  for (const path of ["/tasks/default", "/tasks/default/t/cancel", "/t/default/t/cancel", "/tasks/default/start/long_running_task"]) {
    await fetch("${url}" + path, plain).catch(() => {});
    await fetch("${url}" + path, { ...plain, headers: { "content-type": "text/plain" } }).catch(() => {});
  }
  for (const path of ["/tasks/default", "/t/default", "/events/tasks/default", "/docs"]) {
    await fetch("${url}" + path).then((answer) => answer.text()).then((text) => heard.push(text), () => {});
  }
  return JSON.stringify(heard);
}
</script>`,
  });
  await withPage({}, async ({ page }) => {
    await page.goto(host.origin);
    const heard = await page.evaluate("tryAll()");
    assertEquals(heard, "[]");
    await page.getByRole("button", { name: "Win" }).click();
    await page.waitForLoadState();
    assert(!(await page.content()).includes(SECRET));
  });
  const { json } = await call("GET", `${url}/tasks/default`);
  assertEquals(Object.keys(json.all_tasks), ["t"]);
  assertEquals(json.all_tasks.t.cancel_requested, false);
});

Deno.test("attack: scripts in the texts of a task do not run on any page", async () => {
  await using program = await startProgram(["--no-demo"]);
  const { url } = program;
  const script =
    `</script><script>window.hit=1</script><img src=x onerror="window.hit=1">"'><svg/onload=window.hit=1>`;
  const texts = {
    name: script,
    status: script,
    unit: script.slice(0, 30),
    tags: [script.slice(0, 60), "javascript:window.hit=1"],
    metadata: { [script]: script, url: "javascript:window.hit=1" },
  };
  const create = async (id: string, more: object) => {
    const { status, text } = await call("POST", `${url}/tasks/default`, { body: { id, ...texts, ...more } });
    assertEquals(status, 201, text);
  };
  await create("run", { current: 1, total: 3 });
  await create("done", {});
  await create("bad", {});
  await create("part", { parent_id: "run" });
  await call("POST", `${url}/tasks/default/run/logs`, {
    body: { lines: [script, `\u001b]8;;javascript:window.hit=1\u0007x`] },
  });
  await call("POST", `${url}/tasks/default/done/finish`, { body: { result: { [script]: [script] } } });
  await call("POST", `${url}/tasks/default/bad/fail`, {
    body: { error: { message: script, type: script.slice(0, 100), stack: script } },
  });
  const paths = [
    "/t/default",
    `/t/default?q=${encodeURIComponent(script)}&name=${encodeURIComponent(script)}&group=name`,
    "/t/default/run",
    "/t/default/done",
    "/t/default/bad",
    "/stats/default",
    `/stats/default/${encodeURIComponent(script)}`,
    `/t/${encodeURIComponent(script)}`,
    `/t/default/${encodeURIComponent(script)}`,
    "/badge/default/run.svg",
    `/badge/default/run.svg?label=${encodeURIComponent(script)}`,
    "/tasks/default",
    "/tasks/default/run/logs?format=text",
  ];
  const visit = async (page: Page) => {
    for (const path of paths) {
      await page.goto(url + path).catch((error) => {
        // The browser downloads some text files instead of displaying them.
        if (!/Download is starting/.test(String(error))) throw error;
      });
      if (path.startsWith("/t/default") && !path.includes("%")) {
        await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
      }
      assertEquals(await page.evaluate("window.hit"), undefined, path);
    }
  };
  await withPage({}, async ({ page, complaints, hosts }) => {
    await visit(page);
    assertEquals(complaints.filter((text) => !/status of 40[04]/.test(text)), []);
    assertEquals([...hosts], [new URL(url).host]);
  });
});

Deno.test("attack: path traversal reads no file of the machine", async () => {
  await using program = await startProgram(["--key-file", await keyFile()]);
  const ups = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%252f",
    "..\\",
    "..%5c",
    ".%00./",
    "....//",
    "/",
    "%2f",
    "file:///",
  ];
  for (const root of ["assets", "s", "t", "tasks", "badge/default", "v0.1.0", "stats", "share"]) {
    for (const up of ups) {
      for (const target of ["etc/passwd", "deno.json", "main.ts", "proc/self/environ"]) {
        const path = `/${root}/${up.repeat(6)}${target}`;
        const request =
          `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\nConnection: close\r\n\r\n`;
        const { status, body } = await rawRequest(program.port, request);
        // Some paths count as guesses of a token; too many guesses get the status 429.
        assert([303, 400, 401, 404, 429].includes(status), `${path} responds with ${status}`);
        assertNotMatch(body, /root:|"imports"|taskscope shows|TASKSCOPE_/);
      }
    }
  }
});

Deno.test("attack: a smuggled request has no access with the key of the outer request", async () => {
  await using program = await startProgram(["--key-file", await keyFile()]);
  await call("POST", `${program.url}/tasks/c`, { ...bearer, body: `{"id":"t","status":"${SECRET}"}` });
  const host = `Host: 127.0.0.1:${program.port}`;
  // The hidden request has no key, and must not use that of the outer request. Older versions of Deno treat
  // the hidden request as the next request of the connection, which is harmless unless a proxy treats it as a
  // part of the first one.
  const hidden = `GET /tasks/c HTTP/1.1\r\n${host}\r\n\r\n`;
  const heads = [
    [`Content-Length: ${hidden.length}`, "Transfer-Encoding: chunked"],
    ["Content-Length: 0", `Content-Length: ${hidden.length}`],
    ["Content-Length: +0"],
    ["Content-Length: 0x0"],
    ["Content-Length: 0, 0"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding:\tchunked", "Content-Length: 5"],
    ["X: y\r\n Transfer-Encoding: chunked"],
    ["Transfer-Encoding: xchunked"],
  ];
  for (const lines of heads) {
    const own = `POST /tasks/c/none HTTP/1.1\r\n${host}\r\nAuthorization: Bearer ${KEY}`;
    const request = `${own}\r\n${lines.join("\r\n")}\r\n\r\n0\r\n\r\n${hidden}`;
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
    await send(connection, encode(request));
    const first = await readResponse(connection);
    assert(first.status === 0 || (first.status >= 400 && first.status < 500), `${lines}: ${first.status}`);
    assertEquals(first.body.includes(SECRET), false, lines.join());
  }
  await assertWell(program);
});

Deno.test("attack: the server refuses unfinished bodies, and huge headers, URLs and tokens", async () => {
  const limits = ["--limit", "requestTimeoutMs=300", "--limit", "wrongKeysPerAddress=100000"];
  await using program = await startProgram(["--key-file", await keyFile(), ...limits]);
  const head =
    `POST /tasks/c HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\nAuthorization: Bearer ${KEY}\r\n`;
  const slow = await rawRequest(
    program.port,
    `${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id"`,
  );
  assertEquals([slow.status, JSON.parse(slow.body).code], [408, "slow_body"]);
  const large = "x".repeat(1_000_000);
  const requests = [
    `${head}Content-Length: 99999999999\r\n\r\n`,
    `${head}X-Large: ${large}\r\n\r\n`,
    `${head}${"X-Many: y\r\n".repeat(20_000)}\r\n`,
    `${head}Cookie: ${"a=b; ".repeat(30_000)}\r\n\r\n`,
    `GET /${large} HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\n\r\n`,
    `GET /tasks/c?${
      "q=x&".repeat(10_000)
    } HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
    `GET /tasks/c HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\nAuthorization: Bearer ${
      large.slice(0, 50_000)
    }\r\n\r\n`,
    `GET /s/${large.slice(0, 50_000)} HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\n\r\n`,
    `GET /ws/tasks/c HTTP/1.1\r\nHost: 127.0.0.1:${program.port}\r\nSec-WebSocket-Protocol: taskscope, taskscope.bearer.${
      large.slice(0, 50_000)
    }\r\n\r\n`,
  ];
  for (const request of requests) {
    const { status } = await rawRequest(program.port, request);
    // The limit of headers differs between versions of Deno, some of which accept some of these requests.
    assert(status < 500, `${request.slice(0, 60)}: ${status}`);
  }
  const bodies: [string, string][] = [
    [`{"metadata":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "application/json"],
    [`{"metadata":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`, "application/json"],
    ["a=b&".repeat(100_000), "application/x-www-form-urlencoded"],
    [`{"result":"${"x".repeat(2_000_000)}"}`, "application/json"],
  ];
  for (const [body, type] of bodies) {
    const headers = { ...bearer.headers, "content-type": type };
    const { status } = await call("POST", `${program.url}/tasks/c`, { headers, body });
    assert([400, 413].includes(status), `${body.slice(0, 40)}: ${status}`);
  }
  await assertWell(program);
});

Deno.test("attack: the server works in spite of many idle connections, and watchers that do not read", async () => {
  await using program = await startProgram(["--key-file", await keyFile()]);
  const before = await residentOf(program);
  const connections: Deno.Conn[] = [];
  try {
    for (let index = 0; index < IDLE_CONNECTIONS; index++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: program.port });
      // A third of the connections sends an unfinished request.
      if (index % 3 === 0) await send(connection, encode("GET /tasks/c HTTP/1.1\r\nHost:"));
      connections.push(connection);
    }
    for (let index = 0; index < 20; index++) {
      const auth = [`Authorization: Bearer ${KEY}`];
      connections.push(await handshake(program, "/ws/tasks/c", auth));
    }
    await using watching = new TestSocket(`${program.url}/ws/tasks/c?mode=delta`, [
      "taskscope",
      `taskscope.bearer.${btoa(KEY).replaceAll("=", "")}`,
    ]);
    await watching.count(1);
    // The updates are more data than the queue of a slow watcher may hold.
    for (let index = 0; index < 60; index++) {
      const body = JSON.stringify({ id: `t-${index}`, metadata: { text: "x".repeat(15_000) } });
      assertEquals((await call("POST", `${program.url}/tasks/c`, { ...bearer, body })).status, 201);
    }
    await watching.task("t-59", () => true);
    await assertWell(program);
    await assertSettlesBelow(program, before + 200);
  } finally {
    for (const connection of connections) connection.close();
  }
  await assertWell(program);
});

Deno.test("attack: unfinished bodies without a key take a bounded amount of memory, and other requests are served", async () => {
  await using program = await startProgram(["--key-file", await keyFile()]);
  const { port, url } = program;
  // Warm-up, so that the code that the first requests load does not count as memory of the bodies.
  for (let index = 0; index < 20; index++) await assertWell(program);
  const before = await residentOf(program);
  const size = 1_000_000;
  const part = encode(`key=${"x".repeat(size - 100)}`);
  const head = (path: string, type: string) =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${type}\r\nContent-Length: ${size}\r\n\r\n`;
  const kinds = [
    head("/sign-in", "application/x-www-form-urlencoded"),
    head("/sign-in", "application/json"),
    head("/tasks/c", "application/json").replace("\r\n\r\n", `\r\nAuthorization: Bearer ${KEY}\r\n\r\n`),
  ];
  const connections: Deno.Conn[] = [];
  try {
    for (let index = 0; index < 600; index++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connections.push(connection);
      // The server may close a connection whose body it has refused.
      await send(connection, encode(kinds[index % kinds.length]!)).then(() => send(connection, part)).catch(
        () => {},
      );
    }
    await assertWell(program);
    await assertSettlesBelow(program, before + 300);
    const { text } = await call("GET", `${url}/metrics`, bearer);
    assertMatch(text, /^taskscope_problems_total\{code="limit_reached"\} [1-9]/m);
  } finally {
    for (const connection of connections) closeQuietly(connection);
  }
  await assertWell(program);
});

/**
 * The requests, each of which is sent 150 times; if `isChanging`, a task changes after every tenth, so that
 * their responses differ.
 */
const UNREAD: readonly (readonly [
  name: string,
  open: (program: Program) => Promise<Deno.Conn>,
  isChanging?: boolean,
])[] = [
  ["lists", (program) => plainGet(program, "/tasks/c")],
  ["pages", (program) => plainGet(program, "/t/c")],
  ["openings of delta sockets", (program) => handshake(program, "/ws/tasks/c?mode=delta")],
  ["openings of full sockets", (program) => handshake(program, "/ws/tasks/c")],
  ["openings of event streams", (program) => plainGet(program, "/events/tasks/c")],
  ["lists that change", (program) => plainGet(program, "/tasks/c"), true],
  ["openings of event streams of a changing list", (program) => plainGet(program, "/events/tasks/c"), true],
];

for (const [name, open, isChanging = false] of UNREAD) {
  Deno.test(`attack: 150 unread ${name}, with tasks of 12 MB, take a bounded amount of memory`, async () => {
    await using program = await startProgram();
    const metadata = { text: "x".repeat(15_000) };
    for (let index = 0; index < 800; index++) {
      await call("POST", `${program.url}/tasks/c`, { body: { id: `t-${index}`, metadata } });
    }
    await call("GET", `${program.url}/tasks/c`);
    const before = await residentOf(program);
    const connections: Deno.Conn[] = [];
    try {
      for (let index = 0; index < 150; index++) {
        connections.push(await open(program));
        if (!isChanging || index % 10 > 0) continue;
        await call("PATCH", `${program.url}/tasks/c/t-${index}`, { body: { progress: 1 } });
      }
      // The server has begun every response.
      for (const connection of connections) await readResponse(connection, "head");
      await assertWell(program);
      await assertSettlesBelow(program, before + 500);
    } finally {
      for (const connection of connections) closeQuietly(connection);
    }
    // The server learns only after a while that the connections are closed; until then it may answer with 503.
    const list = await eventually(
      () => call("GET", `${program.url}/tasks/c`),
      ({ status }) => status !== 503,
    );
    assertEquals(Object.keys(list.json.all_tasks).length, 800);
  });
}

Deno.test("attack: sockets do not keep the large messages that their peers have read", async () => {
  await using program = await startProgram(["--no-demo"]);
  const metadata = { text: "x".repeat(15_000) };
  for (let index = 0; index < 150; index++) {
    await call("POST", `${program.url}/tasks/c`, { body: { id: `t-${index}`, metadata } });
  }
  const before = await residentOf(program);
  const connections: Deno.Conn[] = [];
  const chunk = new Uint8Array(65_536);
  try {
    for (let index = 0; index < 100; index++) {
      const connection = await handshake(program, "/ws/tasks/c?mode=delta");
      connections.push(connection);
      // The state has more than 2.2 MB.
      for (let read = 0; read < 2_200_000;) read += await connection.read(chunk) ?? Infinity;
    }
    assertLess(await residentOf(program) - before, 100);
  } finally {
    for (const connection of connections) closeQuietly(connection);
  }
});

Deno.test("attack: watchers that do not read keep their slots, however often the server disconnects them", async () => {
  const limits = [
    "--limit",
    "watchers=20",
    "--limit",
    "watcherQueueBytes=65536",
    "--limit",
    "frameIntervalMs=0",
  ];
  await using program = await startProgram(limits);
  const connections: Deno.Conn[] = [];
  const open = async (request: (port: number) => Promise<Deno.Conn>) => {
    const connection = await request(program.port);
    connections.push(connection);
    return (await readResponse(connection, "head")).status;
  };
  const transports: ((port: number) => Promise<Deno.Conn>)[] = [
    () => handshake(program, "/ws/tasks/c?mode=delta"),
    () => handshake(program, "/ws/tasks/c"),
    () => plainGet(program, "/events/tasks/c"),
  ];
  const large = { text: "x".repeat(15_000) };
  for (let index = 0; index < 1_000; index++) {
    await call("POST", `${program.url}/tasks/c`, { body: { id: `t-${index}`, metadata: large } });
  }
  const statuses: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let index = 0; index < 20; index++) {
      statuses.push(await open(transports[index % transports.length]!));
    }
    // The opening message is more than the buffers of a connection hold, so these changes find full queues.
    for (let index = 0; index < 10; index++) {
      const body = { id: `t-${round}-${index}`, metadata: large };
      await call("POST", `${program.url}/tasks/c`, { body });
    }
    const { text } = await call("GET", `${program.url}/metrics`);
    assertMatch(text, /^taskscope_watchers_cut_total\{transport="socket"\} [1-9]/m);
    assertMatch(text, /^taskscope_watchers_cut_total\{transport="events"\} [1-9]/m);
    const counts = [...text.matchAll(/^taskscope_watchers\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
    // On a busy machine, a few connections end although their peers have not read everything, and free their
    // slots.
    assertGreaterOrEqual(counts.reduce((sum, count) => sum + count, 0), 15);
  }
  assertGreaterOrEqual(statuses.filter((status) => status === 503).length, 45);
  connections.forEach((connection) => connection.close());
  // The slots are free again once the connections are closed.
  assertEquals(await eventually(() => open(transports[0]!), (status) => status !== 503), 101);
  connections.at(-1)!.close();
  await assertWell(program);
});

/** A fragmented message that no honest client sends, and the number of sockets that send it at the same time. */
interface Fragmented {
  readonly name: string;
  readonly path: string;
  readonly sockets: number;
  /** The opcode of the first frame: 1 for text, 2 for bytes. */
  readonly opcode: number;
  /** The number of fragments, and the size of each. */
  readonly count: number;
  readonly bytes: number;
  /** Whether the message ends. */
  readonly isEnded?: boolean;
}

const WATCH = { path: "/ws/tasks/c", sockets: 1, opcode: 1 };
const REPORT = { path: "/ws/report?reporter=fragments", sockets: 1, opcode: 1 };
const FRAGMENTED: readonly Fragmented[] = [
  { ...WATCH, name: "a message of 160 MB", count: 160, bytes: 1_000_000, isEnded: true },
  { ...REPORT, name: "reports that never end", count: 1_000, bytes: 65_536 },
  { ...REPORT, name: "bytes where text is due", opcode: 2, count: 40, bytes: 1_000_000, isEnded: true },
  { ...WATCH, name: "fragments of nothing", count: 100_000, bytes: 0 },
  { ...WATCH, name: "many unfinished messages", sockets: 30, count: 20, bytes: 100_000 },
];

Deno.test("attack: the server survives fragmented WebSocket messages, and releases their memory", async () => {
  await using program = await startProgram(["--key-file", await keyFile()]);
  const flood = async ({ name, path, opcode, count, bytes, isEnded = false }: Fragmented) => {
    const connection = await handshake(program, path, [`Authorization: Bearer ${KEY}`]);
    assertEquals((await readResponse(connection, "head")).status, 101, name);
    // The test reads what the server sends in the meantime, so that the server is never blocked.
    const reading = (async () => {
      const chunk = new Uint8Array(65_536);
      while (await connection.read(chunk).catch(() => null) !== null);
    })();
    const part = new Uint8Array(bytes).fill(0x61);
    // A ping may come between two fragments.
    const next = [...socketFrame(0, part, false), ...socketFrame(9, part.subarray(0, 10))];
    const atOnce = Math.ceil(65_536 / next.length);
    const batch = Uint8Array.from(Array(atOnce).fill(next).flat());
    try {
      await send(connection, socketFrame(opcode, part, false));
      for (let sent = 0; sent < count; sent += atOnce) await send(connection, batch);
      if (isEnded) await send(connection, socketFrame(0, part));
    } catch {
      // The server closed the connection.
    }
    return async () => {
      closeQuietly(connection);
      await reading;
    };
  };
  for (const attack of FRAGMENTED) {
    const closings = await Promise.all(Array.from({ length: attack.sockets }, () => flood(attack)));
    await assertWell(program);
    for (const close of closings) await close();
  }
  await assertWell(program);
  await assertSettlesBelow(program, 512);
});

Deno.test("attack: no response and no log contains a key or token", async () => {
  await using program = await startProgram(["--key-file", await keyFile(), "--log", "json"]);
  const { url } = program;
  const made = await Promise.all(
    ["read", "write"].map((may) =>
      call("POST", `${url}/tokens`, { ...bearer, body: `{"may":"${may}","client":"c"}` })
    ),
  );
  const tokens = made.map(({ json }) => json.token as string);
  const secrets = [KEY, "a-wrong-key-that-was-tried", ...tokens];
  const answers: string[] = [];
  const paths = [
    "/tasks/c",
    "/tasks/c/none",
    "/ws/tasks/c",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/clients",
    "/t/c",
    "/nowhere",
    "/readyz",
    "/t/c/none",
  ];
  for (const secret of secrets) {
    for (const path of paths) {
      answers.push((await call("GET", url + path, { headers: { authorization: `Bearer ${secret}` } })).text);
      answers.push((await call("GET", `${url}${path}?token=${secret}`, bearer)).text);
    }
    answers.push((await call("GET", `${url}/s/${secret}`)).text);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    answers.push((await call("POST", `${url}/sign-in`, { headers, body: `key=${secret}x` })).text);
  }
  answers.push((await call("GET", `${url}/metrics`, bearer)).text);
  program.process.kill("SIGTERM");
  const { stdout, stderr } = await program.process.ended();
  for (const secret of secrets) {
    assertEquals([stdout.includes(secret), stderr.includes(secret)], [false, false]);
    for (const answer of answers) assertEquals(answer.includes(secret), false, answer.slice(0, 500));
  }
  for (const line of stderr.trim().split("\n").filter((text) => text !== "")) JSON.parse(line);
});

async function keyFile(): Promise<string> {
  const file = await Deno.makeTempFile({ prefix: "taskscope-key-" });
  await Deno.writeTextFile(file, KEY);
  return file;
}
