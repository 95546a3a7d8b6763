/** Tests the WebSockets that send tasks, on a real server. */

import { assert, assertEquals, assertLess, assertMatch } from "../../../support/assert.ts";
import { assertProblem, call, HeldTask } from "../../../support/calls.ts";
import {
  HANDSHAKE,
  rawCall,
  rawRequest,
  readResponse,
  send,
  socketFrame,
} from "../../../support/raw_http.ts";
import { disconnected, startServer, type TestServer } from "../../../support/server.ts";
import { type SocketMessage, taskIn, TestSocket } from "../../../support/socket.ts";
import type { MonitorOptions } from "../../../../lib/mod.ts";

function start(options: MonitorOptions = {}): TestServer & { readonly held: HeldTask } {
  const held = new HeldTask();
  return Object.assign(startServer({ tasks: { held: held.fn }, ...options }), { held });
}

function handshake(server: TestServer, path: string, changes: Readonly<Record<string, string | null>> = {}) {
  const headers: [string, string][] = [["Host", `127.0.0.1:${server.port}`]];
  for (const [name, value] of HANDSHAKE) {
    const changed = Object.hasOwn(changes, name) ? changes[name]! : value;
    if (changed !== null) headers.push([name, changed]);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value !== null && !HANDSHAKE.some(([known]) => known === name)) headers.push([name, value]);
  }
  return rawCall(server.port, "GET", path, headers);
}

/** Waits until a server has the given number of watchers. */
async function watchers(server: TestServer, count: number): Promise<void> {
  while (server.monitor.watchers !== count) await call("GET", `${server.url}/healthz`);
}

Deno.test("Sockets.watch() sends the full state at first and after every change", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "before" } });
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  const first = await socket.find(() => true);
  assertEquals(Object.keys(first), ["type", "active_tasks", "all_tasks", "cursor"]);
  assertEquals(first.type, "initial_state");
  assertEquals(Object.keys(first.all_tasks!), ["before"]);

  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "after" } });
  const update = await socket.find((message) => message.type === "state_update");
  assertEquals(Object.keys(update), ["type", "active_tasks", "all_tasks", "cursor"]);
  assertEquals(update.active_tasks!.map(({ id }) => id), ["after", "before"]);
  await call("POST", `${server.url}/tasks/c/before/cancel`);
  await socket.task("before", (task) => task.state === "CANCELLED");

  await call("POST", `${server.url}/tasks/other/start/held`, { body: { id: "foreign" } });
  await call("DELETE", `${server.url}/tasks/c/before`);
  const last = await socket.find((message) =>
    message.all_tasks!.before === undefined && message.type === "state_update"
  );
  assertEquals(Object.keys(last.all_tasks!), ["after"]);
  assert(!socket.texts.some((text) => text.includes("foreign")), "tasks of another client are not sent");
  assertEquals(last, {
    type: "state_update",
    ...(await call("GET", `${server.url}/tasks/c`)).json,
    cursor: last.cursor,
  });
});

Deno.test("Sockets.watchTask() sends only its task, and closes the socket after the task has ended", async () => {
  await using server = start();
  for (const id of ["mine", "other"]) {
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id } });
  }
  await using socket = new TestSocket(`${server.url}/ws/tasks/c/mine`);
  const first = await socket.find(() => true) as SocketMessage & { readonly id: string };
  assertEquals([first.type, first.id], ["initial_state", "mine"]);
  await call("POST", `${server.url}/tasks/c/other/cancel`);
  await call("POST", `${server.url}/tasks/c/mine/cancel`);
  assertEquals((await socket.closed()).code, 1000);
  const [initial, ...updates] = socket.messages;
  assertEquals(initial!.type, "initial_state");
  assertEquals(new Set(updates.map(({ type }) => type)), new Set(["state_update"]));
  assert(socket.messages.every((message) => taskIn(message, "mine") !== undefined), "another task was sent");
  assertEquals(taskIn(updates.at(-1)!, "mine")!.state, "CANCELLED");
  const versions = socket.messages.map((message) => taskIn(message, "mine")!.version);
  assertEquals(versions, versions.toSorted((a, b) => a - b));
});

Deno.test("Sockets.watchTask() sends the final state of an ended task, and closes the socket", async () => {
  await using server = start();
  server.held.release({ done: true });
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  await using socket = new TestSocket(`${server.url}/ws/tasks/c/t`);
  assertEquals((await socket.closed()).code, 1000);
  assertEquals(taskIn(socket.messages.at(-1)!, "t")!.result, { done: true });
  await using again = new TestSocket(`${server.url}/ws/tasks/c/t`);
  assertEquals((await again.closed()).code, 1000);
  assertEquals(again.messages.map(({ type }) => type), ["initial_state"]);
});

Deno.test("Sockets.watchTask() closes the socket when a retention limit removes its task", async () => {
  await using server = start({ limits: { endedTasksPerClient: 0 } });
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  await using socket = new TestSocket(`${server.url}/ws/tasks/c/t`);
  await socket.count(1);
  await call("POST", `${server.url}/tasks/c/t/cancel`);
  assertEquals((await socket.closed()).code, 1000);
  assertEquals(
    taskIn(socket.messages.at(-1)!, "t")!.state,
    "CANCELLED",
    "the final state is sent before the task is removed",
  );
});

Deno.test("Sockets.watchTask() sends the final state of a task that is removed right after its end", async () => {
  await using server = start();
  const run = server.monitor.monitored((_task, go: Promise<unknown>) => go, {
    client: "c",
    id: "t",
    name: "t",
  });
  const go = Promise.withResolvers<void>();
  const { done } = run.start(go.promise);
  await using socket = new TestSocket(`${server.url}/ws/tasks/c/t`);
  await socket.count(1);
  // Starting another task sends a frame, so both the end and the removal of this task are in the next one.
  await call("POST", `${server.url}/tasks/c/start/held`);
  go.resolve();
  await done;
  assertEquals((await call("DELETE", `${server.url}/tasks/c/t`)).status, 204);
  assertEquals((await socket.closed()).code, 1000);
  assertEquals(taskIn(socket.messages.at(-1)!, "t")!.state, "FINISHED");
});

Deno.test("Sockets.watchTask() refuses an unknown task before the upgrade", async () => {
  await using server = start();
  assertProblem(await handshake(server, "/ws/tasks/c/unknown"), 404, "task_not_found");
  assertEquals(server.monitor.watchers, 0);
  assertEquals(server.monitor.registry.clients(), []);
});

Deno.test("Sockets.watch() with mode=delta sends changes and removals", async () => {
  await using server = start();
  for (const id of ["a", "b"]) await call("POST", `${server.url}/tasks/c/start/held`, { body: { id } });
  const { cursor } = (await call("GET", `${server.url}/tasks/c`)).json;
  await using socket = new TestSocket(`${server.url}/ws/tasks/c?mode=delta&after=${cursor}`);
  const nothing = await socket.find(() => true);
  assertEquals(nothing, { type: "task_update", cursor, tasks: [], removed: [] });
  await call("POST", `${server.url}/tasks/c/a/cancel`);
  await socket.task("a", (task) => task.state === "CANCELLED");
  await call("DELETE", `${server.url}/tasks/c/a`);
  const removal = await socket.find((message) => message.removed!.length > 0);
  assertEquals([removal.removed, removal.tasks], [["a"], []]);
  assert(socket.messages.every((message) => taskIn(message, "b") === undefined), "b did not change");
});

Deno.test("Sockets.watch() with ?after=<cursor> sends every missed change", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["a", "b"]) await call("POST", `${tasks}/start/held`, { body: { id } });
  const { cursor } = (await call("GET", tasks)).json;
  await call("POST", `${tasks}/a/cancel`);
  while ((await call("GET", `${tasks}/a`)).json.state !== "CANCELLED");
  await call("DELETE", `${tasks}/a`);
  await call("POST", `${tasks}/start/held`, { body: { id: "c" } });
  await using socket = new TestSocket(`${server.url}/ws/tasks/c?mode=delta&after=${cursor}`);
  const missed = await socket.find(() => true);
  assertEquals(missed.type, "task_update");
  assertEquals([missed.tasks!.map(({ id }) => id), missed.removed], [["c"], ["a"]]);
  assertEquals(missed.cursor, (await call("GET", tasks)).json.cursor);
});

Deno.test("Sockets.watch() sends resync if the missed changes are not available", async () => {
  await using server = start({ limits: { removalsPerClient: 1, endedTasksPerClient: 0 } });
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  server.held.release();
  for (const id of ["a", "b", "c"]) await call("POST", `${tasks}/start/held`, { body: { id } });
  while (server.held.running > 0) await call("GET", tasks);
  const [epoch] = cursor.split(":");
  // These cursors are too old, from another server, or in the future.
  for (const after of [cursor, "elsewhere:3", `${epoch}:999999`]) {
    await using socket = new TestSocket(`${server.url}/ws/tasks/c?mode=delta&after=${after}`);
    const [resync, state] = await socket.count(2);
    assertEquals(resync, { type: "resync" });
    assertEquals(state!.type, "initial_state");
    assertMatch(state!.cursor!, new RegExp(`^${epoch}:\\d+$`));
  }
  await using fresh = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
  assertEquals((await fresh.find(() => true)).type, "initial_state");
  for (const query of ["mode=fast", "after=nonsense", "after=a:b", "mode=delta&after=%F0"]) {
    assertEquals((await handshake(server, `/ws/tasks/c?${query}`)).status, 400, query);
  }
});

Deno.test("Sockets refuses an invalid handshake", async () => {
  await using server = start();
  const upgraded = await handshake(server, "/ws/tasks/c");
  assertEquals(upgraded.status, 101, "the handshake from which the invalid ones are derived is valid");
  assertEquals(upgraded.headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const wrong: readonly (readonly [Readonly<Record<string, string | null>>, number])[] = [
    [{ Upgrade: null }, 426],
    [{ Upgrade: "h2c" }, 426],
    [{ Connection: null }, 400],
    [{ Connection: "keep-alive" }, 400],
    [{ "Sec-WebSocket-Version": null }, 426],
    [{ "Sec-WebSocket-Version": "8" }, 426],
    [{ "Sec-WebSocket-Key": null }, 400],
    [{ "Sec-WebSocket-Key": "" }, 400],
    [{ "Sec-WebSocket-Key": "short" }, 400],
    [{ "Sec-WebSocket-Key": "!".repeat(24) }, 400],
  ];
  for (const [changes, status] of wrong) {
    const answer = await handshake(server, "/ws/tasks/c", changes);
    assertEquals(answer.status, status, JSON.stringify(changes));
    assertEquals(answer.headers.get("content-type"), "application/problem+json");
  }
  const versions = await handshake(server, "/ws/tasks/c", { "Sec-WebSocket-Version": "8" });
  assertEquals(versions.headers.get("sec-websocket-version"), "13");
  for (const path of ["/tasks/c", "/t/c", "/healthz"]) {
    assertEquals((await handshake(server, path)).status, 200, `${path} is not a WebSocket`);
  }
  await watchers(server, 0);
  assertEquals(server.errors, []);
});

Deno.test("Sockets refuses pages of other origins", async () => {
  await using server = start();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  for (const path of ["/ws/tasks/c", "/ws/tasks/c/t"]) {
    assertProblem(await handshake(server, path, { Origin: "https://evil.example" }), 403, "foreign_origin");
    assertEquals((await handshake(server, path, { Origin: server.url })).status, 101);
  }
});

Deno.test("Sockets ignores messages from watchers, but closes the socket after one of more than 1 KiB", async () => {
  await using server = start();
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  await socket.opened();
  for (const data of ["{}", '{"type":"cancel"}', "x".repeat(1_024), new Uint8Array(1_024)]) socket.send(data);
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  await socket.task("t", () => true);
  socket.send("x".repeat(1_025));
  assertEquals((await socket.closed()).code, 1009);

  for (const data of [new Uint8Array(1_025), "ü".repeat(513)]) {
    await using other = new TestSocket(`${server.url}/ws/tasks/c`);
    await other.opened();
    other.send(data);
    assertEquals((await other.closed()).code, 1009, `${data.length} characters or bytes`);
  }
  await watchers(server, 0);
  assertEquals(server.errors, []);
});

for (const path of ["/ws/tasks/c", "/ws/tasks/c?mode=delta", "/ws/tasks/c/t"]) {
  Deno.test(`Sockets answers a ping of a watcher of ${path}`, async () => {
    await using server = start();
    await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
    await using socket = new TestSocket(`${server.url}${path}`);
    await socket.opened();
    socket.send("ping");
    assertEquals(await socket.find(({ type }) => type === "pong"), { type: "pong" });
  });
}

Deno.test("Sockets refuses sockets beyond the limit until another socket closes", async () => {
  await using server = start({ limits: { watchers: 2 } });
  await using first = new TestSocket(`${server.url}/ws/tasks/c`);
  await first.opened();
  {
    await using second = new TestSocket(`${server.url}/ws/tasks/c`);
    await second.opened();
    const refused = await handshake(server, "/ws/tasks/c");
    assertProblem(refused, 503, "limit_reached");
    assertMatch(refused.headers.get("retry-after") ?? "", /^\d+$/);
  }
  await watchers(server, 1);
  await using third = new TestSocket(`${server.url}/ws/tasks/c`);
  await third.count(1);
});

Deno.test("Sockets does not count sockets that disconnect during the handshake towards the limit", async () => {
  await using server = start({ limits: { watchers: 3 } });
  for (let round = 0; round < 10; round++) {
    // rawRequest() closes the connection after the response.
    await handshake(server, "/ws/tasks/c");
    await rawRequest(server.port, `GET /ws/tasks/c HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`, {
      half: true,
    });
    await watchers(server, 0);
  }
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  await socket.count(1);
});

Deno.test("Sockets sends the same bytes to 100 watchers, and each change only once", async () => {
  await using server = start();
  const run = server.monitor.monitored(async (task, steps: number) => {
    for (let n = 1; n <= steps; n++) {
      task.update({ current: n, total: steps });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, { client: "c", id: "t", name: "steps" });
  await using stack = new AsyncDisposableStack();
  const sockets = Array.from({ length: 100 }, (_, n) => {
    const query = n % 2 === 0 ? "" : "?mode=delta";
    return stack.use(new TestSocket(`${server.url}/ws/tasks/c${query}`));
  });
  await Promise.all(sockets.map((socket) => socket.count(1)));
  await run(20);
  await Promise.all(sockets.map((socket) => socket.task("t", (task) => task.state === "FINISHED")));
  for (const parity of [0, 1]) {
    const [first, ...others] = sockets.filter((_, n) => n % 2 === parity).map((socket) => socket.texts);
    assertEquals(others.length, 49);
    for (const texts of others) assertEquals(texts, first);
    assertEquals(new Set(first).size, first!.length, "a state was sent twice");
    assert(first!.length > 3, "the intermediate changes were sent");
  }
});

Deno.test("Sockets disconnects a watcher that never reads, and the others receive everything", async () => {
  const limits = {
    watcherQueueBytes: 100_000,
    fullStateBytesPerSecond: 1e9,
    endedTasksPerClient: 2,
    frameIntervalMs: 0,
  };
  await using server = start({ limits });
  const run = server.monitor.monitored(() => "x".repeat(60_000), { client: "c", name: "large" });
  const stuck = await stuckSocket(server, "/ws/tasks/c?mode=delta");
  using _behind = await stuckSocket(server, "/ws/tasks/c");
  await using quick = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
  await quick.count(1);
  assertEquals(server.monitor.watchers, 3);
  // Only the slow delta watcher is disconnected, because it needs every delta. A watcher of full states needs
  // only the newest one.
  let runs = 0;
  for (; await disconnected(server, "socket") === 0; runs++) {
    assertLess(runs, 500, "a watcher that reads nothing of 30 MB must be disconnected");
    const { id, done } = run.start();
    await done;
    await quick.task(id, () => true);
  }
  assertEquals(await disconnected(server, "socket"), 1);
  assertEquals(server.monitor.watchers, 3, "its slot is taken as long as its connection exists");
  stuck.close();
  await watchers(server, 2);
  const { id, done } = run.with({ id: "last" }).start();
  await done;
  await quick.task(id, (task) => task.state === "FINISHED");
  await using late = new TestSocket(`${server.url}/ws/tasks/c`);
  await late.task(id, (task) => task.state === "FINISHED");
  assertEquals(server.errors, []);
});

Deno.test("Sockets does not disconnect a watcher because of a large first state", async () => {
  const limits = { watcherQueueBytes: 100_000, frameIntervalMs: 0 };
  await using server = start({ limits });
  // The state must exceed what the buffers of the two sockets can hold.
  const run = server.monitor.monitored(() => "x".repeat(60_000), { client: "c", name: "large" });
  for (let runs = 0; runs < 250; runs++) await run();
  using socket = await stuckSocket(server, "/ws/tasks/c?mode=delta");
  await watchers(server, 1);
  const change = async (current: number) => {
    await call("PATCH", `${server.url}/tasks/c/last`, { body: { current } });
  };
  await call("POST", `${server.url}/tasks/c`, { body: { id: "last" } });
  for (let current = 1; current <= 20; current++) await change(current);
  assertEquals(await disconnected(server, "socket"), 0, "the changes are far shorter than the limit");

  const bytes = new Uint8Array(1 << 20);
  let tail = "";
  while (!tail.includes('"current":20,')) {
    const count = await socket.read(bytes);
    assert(count !== null, "the server has closed the connection");
    tail = (tail + new TextDecoder().decode(bytes.subarray(0, count))).slice(-bytes.length);
  }
  assertEquals(await disconnected(server, "socket"), 0);
});

for (const mode of ["full", "delta"]) {
  Deno.test(`Sockets sends large changes to many ${mode} watchers that read, and disconnects none`, async () => {
    // Sockets may use a quarter of this limit.
    await using server = start({ limits: { unsentBytes: 12_000_000, frameIntervalMs: 200 } });
    const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const metadata = { text: "x".repeat(15_000) };
    for (const id of ids) await call("POST", `${server.url}/tasks/c`, { body: { id, metadata } });
    await using stack = new AsyncDisposableStack();
    const sockets: TestSocket[] = [];
    while (sockets.length < 40) {
      const socket = stack.use(new TestSocket(`${server.url}/ws/tasks/c?mode=${mode}`));
      await socket.count(1);
      sockets.push(socket);
    }
    for (const current of [1, 2, 3]) {
      await Promise.all(ids.map((id) => call("PATCH", `${server.url}/tasks/c/${id}`, { body: { current } })));
      const has = (socket: TestSocket, id: string) => socket.task(id, (task) => task.current === current);
      await Promise.all(sockets.flatMap((socket) => ids.map((id) => has(socket, id))));
    }
    assertEquals(await disconnected(server, "socket"), 0);
    assertEquals(server.monitor.watchers, 40);
    for (const { messages } of sockets) {
      const seqs = messages.map(({ cursor }) => Number(cursor!.split(":")[1]));
      assertEquals(seqs, [...new Set(seqs)].toSorted((a, b) => a - b), "the messages are in order");
    }
    const sent = sockets.length * Math.max(...sockets[0]!.texts.slice(1).map(({ length }) => length));
    assertLess(3_000_000, sent, "a change exceeds the limit in sum");
  });
}

/** Connects a watcher that never reads anything after the handshake. */
async function stuckSocket(server: TestServer, path: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const lines = HANDSHAKE.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${lines}\r\n`;
  await send(connection, new TextEncoder().encode(head));
  assertEquals((await readResponse(connection)).status, 101);
  return connection;
}

Deno.test("Sockets closes only the socket that receives an invalid frame", async () => {
  await using server = start();
  await using watching = new TestSocket(`${server.url}/ws/tasks/c`);
  await watching.count(1);
  const text = new TextEncoder().encode("hello");
  const frames = [
    socketFrame(3, text), // a reserved opcode
    socketFrame(0, text), // a continuation without a first frame
    socketFrame(9, new Uint8Array(126)), // a ping that is too long
    socketFrame(8, new Uint8Array([0])), // a truncated close code
    socketFrame(1, new Uint8Array([0xff, 0xfe])), // text that is not UTF-8
    new Uint8Array([0xf1, 0x80, 0, 0, 0, 0]), // reserved bits
    new Uint8Array([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), // 2^64 bytes follow
  ];
  for (const frame of frames) {
    using connection = await stuckSocket(server, "/ws/tasks/c");
    await send(connection, frame);
    await watchers(server, 1);
  }
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  await watching.task("t", () => true);
  assertEquals(server.errors, []);
});

Deno.test("Sockets.close() closes every socket with code 1001", async () => {
  const server = start();
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  await socket.count(1);
  await server[Symbol.asyncDispose]();
  assertEquals((await socket.closed()).code, 1001);
});
