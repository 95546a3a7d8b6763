/** Tests the server-sent events about tasks, on a real server. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { createMonitor } from "../../../../lib/mod.ts";
import type { LogLine } from "../../../../lib/task/task.ts";
import { assert, assertEquals, assertLess, assertMatch } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { TestEventStream } from "../../../support/event_stream.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { rawCall, rawRequest, readResponse, send } from "../../../support/raw_http.ts";
import { disconnected, type TestServer } from "../../../support/server.ts";
import { TestSocket } from "../../../support/socket.ts";
import { ended, run, startTaskServer } from "../../../support/task_server.ts";
import { until } from "../../../support/until.ts";

/** Opens an event stream over a raw connection, and reads only the head of the response. */
async function openRaw(server: TestServer, path: string, headers = ""): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${headers}\r\n`;
  await send(connection, new TextEncoder().encode(head));
  assertEquals((await readResponse(connection, "head")).status, 200);
  return connection;
}

Deno.test("Events.watch() sends the retry delay, the full state, and then each event", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/held`, { body: { id: "a" } });
  await using stream = await TestEventStream.open(`${server.url}/events/tasks/c`);
  assertEquals(stream.headers.get("content-type"), "text/event-stream");
  assertEquals(stream.headers.get("cache-control"), "no-store, no-transform");
  assertEquals(stream.headers.get("x-accel-buffering"), "no");
  assertEquals(stream.headers.get("x-content-type-options"), "nosniff");
  const state = await stream.find("initial_state");
  assertEquals(stream.retryMs, 1_000);
  assert(stream.text.startsWith("retry: 1000\n\nevent: initial_state\ndata: {"));
  await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
  assertEquals(state, await socket.find(() => true));
  assertEquals(stream.lastEventId, state.cursor);

  await run(tasks, "echo", { id: "b", args: [7] });
  await run(tasks, "fails", { id: "d" });
  await call("POST", `${tasks}/a/cancel`);
  await ended(`${tasks}/a`);
  await call("DELETE", `${tasks}/a`);
  await stream.find("task.removed", ({ id }) => id === "a");
  const told = (id: string) =>
    stream.events.filter(({ data }) => JSON.parse(data).id === id).map(({ type }) => type)
      .filter((type) => type !== "task.progress");
  assertEquals(told("b"), ["task.created", "task.started", "task.finished"]);
  assertEquals(told("d"), ["task.created", "task.started", "task.error"]);
  assertEquals(told("a"), ["task.cancelled", "task.removed"]);
  const finished = stream.events.find(({ type }) => type === "task.finished")!;
  assertEquals(finished.data, (await call("GET", `${tasks}/b`)).text);
  assertEquals(stream.lastEventId, (await call("GET", tasks)).json.cursor);
  await call("POST", `${server.url}/tasks/other/start/echo`, { body: { id: "foreign" } });
  assert(!stream.text.includes("foreign"));
});

/**
 * Returns the sections of a stream with several subscriptions, in order: the number of the subscription, and
 * the text of the section.
 */
function sectionsOf(text: string): [watch: number, text: string][] {
  return text.split(/^: watch /m).slice(1).map((section) => {
    const end = section.indexOf("\n");
    return [Number(section.slice(0, end)), section.slice(end + 1)];
  });
}

Deno.test("Events.watchMany() sends the events of several subscriptions, each like its own stream", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "old" });
  await call("POST", `${tasks}/start/held`, { body: { id: "a" } });
  await call("POST", `${server.url}/tasks/d/start/held`, { body: { id: "b" } });
  const { cursor } = (await call("GET", tasks)).json;
  const watches = [["c", ""], ["d", cursor], ["c/a", cursor], ["c/old", cursor], ["c/none", ""], [
    "c/old",
    "",
  ]];
  const query = watches.map(([watch, after]) => `watch=${watch}&after=${after}`).join("&");
  await using stream = await TestEventStream.open(`${server.url}/events/tasks?${query}`);
  await using own = await TestEventStream.open(`${server.url}/events/tasks/c`);
  const state = await own.find("initial_state");
  await until(() => sectionsOf(stream.text).length >= 5);
  const first = sectionsOf(stream.text);
  const of = (watch: number) =>
    sectionsOf(stream.text).filter(([index]) => index === watch).map(([, text]) => text);
  assertEquals(JSON.parse(/^data: (.*)$/m.exec(first[0]![1])![1]!), state);
  assertEquals(of(3), ['event: end\ndata: {"status":204}\n\n']);
  assertEquals(of(4), ['event: end\ndata: {"status":404}\n\n']);
  assertMatch(of(5)[0]!, /^event: initial_state\n/);
  assertEquals(of(5)[1], 'event: end\ndata: {"status":200}\n\n');
  assertEquals([of(1), of(2)], [[": nothing missed\n\n"], [": nothing missed\n\n"]]);

  await call("POST", `${tasks}/a/cancel`);
  await call("POST", `${server.url}/tasks/d/b/cancel`);
  await until(() => of(2).at(-1)?.startsWith("event: end") === true);
  await until(() => of(1).join("").includes("event: task.cancelled"));
  assertMatch(of(0).join(""), /event: task\.cancelled\ndata: \{"id":"a"/);
  assertMatch(of(2).join(""), /event: task\.cancelled\ndata: \{"id":"a"/);
  assert(!of(1).join("").includes('"id":"a"') && !of(2).join("").includes('"id":"b"'));
  assertMatch(of(1).join(""), /event: task\.cancelled\ndata: \{"id":"b"/);
});

Deno.test("Events.watchMany() checks access for each subscription, and ends with the last of them", async () => {
  const key = "the-key-of-this-very-server";
  await using server = startTaskServer({ key });
  const secret = "nobody without access may see this";
  await server.monitor.monitored((task) => task.update({ status: secret }), { client: "d", id: "t" })();
  const token = new Keyring(key).sign({ may: "read", client: "c", taskId: null, expiresAt: null });
  const read = (query: string) =>
    call("GET", `${server.url}/events/tasks?${query}`, { headers: { authorization: `Bearer ${token}` } });
  const { status, text } = await read("watch=d&watch=d/t&watch=d/none&watch=c/none");
  assertEquals(status, 200);
  assertEquals(sectionsOf(text).map(([, end]) => /"status":(\d+)/.exec(end)?.[1]), [
    "403",
    "403",
    "403",
    "404",
  ]);
  assert(!text.includes(secret));
  assertEquals(server.monitor.registry.tasks("c"), []);
  for (const query of ["", "watch=", "watch=a:b", "watch=c/", "watch=c&after=1", "watch=c&watch=d&after="]) {
    assertEquals((await read(query)).status, 400, query);
  }
  assertEquals((await read(Array.from({ length: 65 }, () => "watch=c").join("&"))).status, 400);
});

Deno.test("Events.watchMany() counts every subscription as a watcher until the peer disconnects", async () => {
  await using server = startTaskServer({ limits: { watchers: 3 } });
  const url = `${server.url}/events/tasks?watch=c&watch=d`;
  {
    await using _stream = await TestEventStream.open(url);
    const { text } = await call("GET", `${server.url}/metrics`);
    assertMatch(text, /^taskscope_watchers\{transport="events"\} 2$/m);
    await using second = await TestEventStream.open(url);
    await second.find("end");
    assertMatch(second.text, /: watch 1\nevent: end\ndata: \{"status":503\}/);
  }
  // The slots are free once the server has noticed that the peer has disconnected.
  for (let isFree = false; !isFree;) {
    await using stream = await TestEventStream.open(url);
    await until(() => sectionsOf(stream.text).length >= 2);
    isFree = !stream.text.includes('"status":503');
  }
});

Deno.test("Events.watch() sends every log line with its number", async () => {
  await using server = startTaskServer();
  const logging = server.monitor.monitored(async (task) => {
    for (let line = 0; line < 500; line++) {
      task.log(`line ${line}\nand more`);
      if (line % 100 === 0) await task.update({ current: line });
    }
  }, { client: "c", id: "t", name: "logging" });
  await using stream = await TestEventStream.open(`${server.url}/events/tasks/c`);
  await stream.find("initial_state");
  await logging();
  const { log_count } = await stream.find("task.finished");
  const lines: LogLine[] = [];
  for (const { type, data } of stream.events) {
    if (type !== "log") continue;
    const log = JSON.parse(data);
    assertEquals([Object.keys(log), log.id, log.first], [["id", "first", "lines"], "t", lines.length]);
    lines.push(...log.lines);
  }
  assertEquals(lines.length, log_count);
  assertEquals(lines, (await call("GET", `${server.url}/tasks/c/t/logs`)).json.lines);
});

Deno.test("Events.watch() resumes from Last-Event-ID, or else from ?after=<cursor>", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "a" });
  const { cursor } = (await call("GET", tasks)).json;
  await call("POST", `${tasks}/start/held`, { body: { id: "b" } });
  await run(tasks, "echo", { id: "d" });
  await call("DELETE", `${tasks}/a`);
  const { cursor: now } = (await call("GET", tasks)).json;
  const url = `${server.url}/events/tasks/c`;
  await using byHeader = await TestEventStream.open(url, { lastEventId: cursor });
  await using byUrl = await TestEventStream.open(`${url}?after=${cursor}`);
  for (const stream of [byHeader, byUrl]) {
    await stream.until(({ lastEventId }) => lastEventId === now);
    assertEquals(stream.types, ["task.removed", "task.started", "task.finished"]);
    assertEquals(stream.events.map(({ data }) => JSON.parse(data).id), ["a", "b", "d"]);
  }
  // When a browser reconnects, the URL may still have an old cursor; the header `Last-Event-ID` takes
  // precedence.
  await using both = await TestEventStream.open(`${url}?after=${cursor}`, { lastEventId: now });
  server.held.release();
  await both.find("task.finished", ({ id }) => id === "b");
  assertEquals(both.types, ["task.finished"]);
});

Deno.test("Events.watch() repeats a frame whose connection broke before the cursor, even if it removes an id that is reused", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "a" });
  const { cursor } = (await call("GET", tasks)).json;
  await call("DELETE", `${tasks}/a`);
  await call("POST", tasks, { body: { id: "a" } });
  // Both connections resume from the cursor before the frame, as a watcher does whose connection broke within
  // the frame.
  for (const _ of ["broken", "resumed"]) {
    await using stream = await TestEventStream.open(`${server.url}/events/tasks/c`, { lastEventId: cursor });
    await stream.find("task.created");
    assertEquals(stream.types, ["task.removed", "task.created"]);
  }
});

Deno.test("Events.watch() sends resync if the missed changes are not available", async () => {
  await using server = startTaskServer({ limits: { removalsPerClient: 1 } });
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  const [epoch] = cursor.split(":");
  for (const id of ["a", "b", "d"]) {
    await run(tasks, "echo", { id });
    await call("DELETE", `${tasks}/${id}`);
  }
  // These cursors are too old, from another server, in the future, or malformed.
  for (const lastEventId of [cursor, "elsewhere:3", `${epoch}:999999`, "5"]) {
    await using stream = await TestEventStream.open(`${server.url}/events/tasks/c`, { lastEventId });
    await stream.find("initial_state");
    assertEquals(stream.types, ["resync", "initial_state"]);
    assertMatch(stream.lastEventId, new RegExp(`^${epoch}:\\d+$`));
  }
  const host: [string, string] = ["Host", `127.0.0.1:${server.port}`];
  for (const query of ["after=nonsense", "after=a:b", "after=5"]) {
    assertProblem(await rawCall(server.port, "GET", `/events/tasks/c?${query}`, [host]), 400, "bad_request");
  }
});

Deno.test("Events.watchTask() sends only its task, ends the stream after the final state, and then responds with 204", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["mine", "other"]) await call("POST", `${tasks}/start/held`, { body: { id } });
  const url = `${server.url}/events/tasks/c/mine`;
  await using stream = await TestEventStream.open(url);
  const { type, ...record } = await stream.find("initial_state");
  assertEquals([type, record], ["initial_state", (await call("GET", `${tasks}/mine`)).json]);
  await call("POST", `${tasks}/other/cancel`);
  await call("POST", `${tasks}/mine/cancel`);
  assertEquals(await stream.ended(), "ended");
  assertEquals(stream.types.at(-1), "task.cancelled");
  assertEquals(new Set(stream.events.map(({ data }) => JSON.parse(data).id)), new Set(["mine"]));
  // The status 204 stops a browser from reconnecting.
  const again = await call("GET", url, { headers: { "last-event-id": stream.lastEventId } });
  assertEquals([again.status, again.text], [204, ""]);
  assertEquals((await call("GET", `${url}?after=${stream.lastEventId}`)).status, 204);

  await using fresh = await TestEventStream.open(url);
  assertEquals(await fresh.ended(), "ended");
  assertEquals(fresh.types, ["initial_state"]);
  assertEquals((await call("GET", url, { headers: { "last-event-id": fresh.lastEventId } })).status, 204);
  const first = stream.events[0]!.lastEventId;
  await using back = await TestEventStream.open(url, { lastEventId: first });
  assertEquals(await back.ended(), "ended");
  assertEquals(back.types, ["task.cancelled"]);
  // The server does not recognize cursors of other epochs.
  await using foreign = await TestEventStream.open(url, { lastEventId: "elsewhere:999999" });
  assertEquals(await foreign.ended(), "ended");
  assertEquals(foreign.types, ["resync", "initial_state"]);
  await until(() => server.monitor.watchers === 0);
});

Deno.test("Events.watchTask() responds with 404 for an unknown task", async () => {
  await using server = startTaskServer();
  assertProblem(await call("GET", `${server.url}/events/tasks/c/unknown`), 404, "task_not_found");
  const headers = { "last-event-id": "a:1" };
  assertProblem(
    await call("GET", `${server.url}/events/tasks/c/unknown`, { headers }),
    404,
    "task_not_found",
  );
  assertEquals([server.monitor.watchers, server.monitor.registry.clients()], [0, []]);
});

Deno.test("Events refuses other methods and paths, and opens no stream for HEAD", async () => {
  await using server = startTaskServer();
  await run(`${server.url}/tasks/c`, "echo", { id: "a" });
  const url = `${server.url}/events`;
  for (const path of ["", "/", "/tasks", "/tasks/", "/tasks/c/a/x", "/c", "/tasks/c%20d", "/tasks/c/start"]) {
    const { status, headers } = await call("GET", `${url}${path}`);
    assert(status === 404 || status === 400, `${path} ${status}`);
    assertEquals(headers.get("content-type"), "application/problem+json");
  }
  for (const method of ["POST", "DELETE", "PUT"]) {
    const refused = await call(method, `${url}/tasks/c`);
    assertEquals([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
  }
  for (const path of ["/tasks/c", "/tasks/c/a"]) {
    const head = await call("HEAD", `${url}${path}`);
    assertEquals([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
  }
  assertEquals((await call("HEAD", `${url}/tasks/c/unknown`)).status, 404);
  assertEquals(server.monitor.watchers, 0);
});

Deno.test("Events refuses pages of other origins", async () => {
  await using server = startTaskServer();
  const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  assertProblem(await call("GET", `${server.url}/events/tasks/c`, { headers }), 403, "foreign_origin");
  assertEquals(server.monitor.watchers, 0);
});

Deno.test("Events refuses a stream if authorize() refuses it", async () => {
  await using server = startTaskServer({ authorize: (_request, { client }) => client === "c" });
  assertProblem(await call("GET", `${server.url}/events/tasks/d`), 403, "not_allowed");
  await using stream = await TestEventStream.open(`${server.url}/events/tasks/c`);
  await stream.find("initial_state");
});

Deno.test("Events counts streams and sockets towards the same limit", async () => {
  await using server = startTaskServer({ limits: { watchers: 2 } });
  const url = `${server.url}/events/tasks/c`;
  await using stream = await TestEventStream.open(url);
  {
    await using socket = new TestSocket(`${server.url}/ws/tasks/c`);
    await socket.count(1);
    const refused = await call("GET", url);
    assertProblem(refused, 503, "limit_reached");
    assertEquals(refused.headers.get("retry-after"), "5");
    // HEAD opens no stream, so the server still responds.
    assertEquals((await call("HEAD", url)).status, 200);
  }
  await until(() => server.monitor.watchers === 1);
  await using second = await TestEventStream.open(url);
  await second.find("initial_state");
  await stream.find("initial_state");
});

Deno.test("Events releases a stream as soon as its client disconnects", async () => {
  await using server = startTaskServer({ limits: { watchers: 3 } });
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "a" } });
  for (let round = 0; round < 10; round++) {
    for (const path of ["/events/tasks/c", "/events/tasks/c/a"]) {
      using _connection = await openRaw(server, path);
      // This client disconnects after it has sent half of a request.
      await rawRequest(server.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`, {
        half: true,
      });
    }
    await until(() => server.monitor.watchers === 0);
  }
  assertEquals(server.errors, []);
});

Deno.test("Events sends the same bytes to all watchers", async () => {
  await using server = startTaskServer();
  await using stack = new AsyncDisposableStack();
  const streams: TestEventStream[] = [];
  for (let count = 0; count < 50; count++) {
    streams.push(stack.use(await TestEventStream.open(`${server.url}/events/tasks/c`)));
  }
  const steps = server.monitor.monitored(async (task) => {
    for (let step = 0; step < 20; step++) {
      await task.update({ current: step, total: 20 });
      task.log(`step ${step}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }, { client: "c", id: "t", name: "steps" });
  await steps();
  await Promise.all(streams.map((stream) => stream.find("task.finished")));
  for (const { text } of streams) assertEquals(text, streams[0]!.text);
  assert(streams[0]!.types.length > 20);
});

Deno.test("Events disconnects a client that never reads and releases its memory; the others receive everything", async () => {
  const limits = { watcherQueueBytes: 100_000, endedTasksPerClient: 2 };
  await using server = startTaskServer({ limits: { ...limits, frameIntervalMs: 0 } });
  const large = server.monitor.monitored(() => "x".repeat(60_000), { client: "c", name: "large" });
  using stuck = await openRaw(server, "/events/tasks/c");
  await using quick = await TestEventStream.open(`${server.url}/events/tasks/c`);
  await quick.find("initial_state");
  assertEquals(server.monitor.watchers, 2);
  let runs = 0;
  for (; await disconnected(server, "events") === 0; runs++) {
    assertLess(runs, 500, "a watcher that reads nothing of 30 MB must be disconnected");
    const { id, done } = large.start();
    await done;
    await quick.find("task.finished", (task) => task.id === id);
  }
  assertEquals(quick.types.filter((type) => type === "task.finished").length, runs);
  // The server has ended the stream normally. A receiver ignores a truncated event, because the empty line at
  // its end is missing.
  let text = "";
  const chunk = new Uint8Array(1 << 20);
  const decoder = new TextDecoder();
  while (!text.endsWith("\r\n0\r\n\r\n")) {
    const length = await stuck.read(chunk);
    assert(length !== null, "the stream was aborted");
    text += decoder.decode(chunk.subarray(0, length));
  }
  assertEquals(server.errors, []);
});

Deno.test("Events does not disconnect a watcher because of a large initial state", async () => {
  await using server = new HeldServer({ watcherQueueBytes: 10_000 });
  for (let index = 0; index < 20; index++) {
    server.test.begin("c", `large-${index}`);
    server.test.report("c", `large-${index}`, { type: "finish", result: "x".repeat(10_000) });
  }
  server.test.begin("c", "small");
  const headers = { host: new URL(server.url).host };
  // The test does not read the stream yet, so events wait in it.
  const response = await server.handle(new Request(`${server.url}/events/tasks/c`, { headers }));
  for (let progress = 0; progress < 5; progress++) {
    server.test.progress("c", "small", progress);
    await server.hub.flush();
  }
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes('"progress":4')) {
    const { done, value } = await reader.read();
    assert(!done, "the watcher was disconnected");
    text += value;
  }
  assertEquals(text.match(/event: (.*)\n/g)!.length, 6);
  await reader.cancel();
});

Deno.test("Events disconnects a peer that reads nothing for 30 s, but not one that reads slowly", async () => {
  await using server = new HeldServer();
  using clock = new FakeClock();
  server.test.run("c", "1");
  const { host } = new URL(server.url);
  const open = async () => {
    const response = await server.handle(new Request(`${server.url}/events/tasks/c`, { headers: { host } }));
    return response.body!.pipeThrough(new TextDecoderStream()).getReader();
  };
  const [stuck, slow] = [await open(), await open()];
  assertMatch((await slow.read()).value!, /^retry/);
  await clock.passAsync(29_000);
  assertMatch((await slow.read()).value!, /^event: initial_state/);
  await clock.passAsync(16_000);
  server.test.run("c", "2");
  await server.hub.flush();
  let text = "";
  for (let read = await stuck.read(); !read.done; read = await stuck.read()) text += read.value;
  assert(!text.includes('"id":"2"'), text);
  assertEquals((await slow.read()).done, false);
  await slow.cancel();
});

Deno.test("Events sends a comment every 15 s over an idle stream", async () => {
  await using server = startTaskServer();
  using clock = new FakeClock();
  await using all = await TestEventStream.open(`${server.url}/events/tasks/c`);
  await all.find("initial_state");
  await clock.passAsync(14_000);
  await using late = await TestEventStream.open(`${server.url}/events/tasks/c`);
  await late.find("initial_state");
  assertEquals(all.comments, []);
  await clock.passAsync(1_000);
  await all.until(({ comments }) => comments.length === 1);
  await clock.passAsync(15_000);
  await all.until(({ comments }) => comments.length === 2);
  await late.until(({ comments }) => comments.length === 2);
  assert(all.text.endsWith("\n: keepalive\n\n"));
  assertEquals(all.types, ["initial_state"]);
});

Deno.test("Events has no timer once every stream has ended", async () => {
  await using server = new HeldServer();
  using clock = new FakeClock();
  {
    await using stream = await TestEventStream.open(`${server.url}/events/tasks/c`);
    await stream.find("initial_state");
    assertEquals(clock.pending, 1);
  }
  for (let calls = 0; clock.pending > 0; calls++) {
    assertLess(calls, 1_000);
    await call("GET", `${server.url}/healthz`);
  }
});

Deno.test("Events sends new and ended tasks after their commit, and responds with 503 if a record cannot be read", async () => {
  await using server = new HeldServer();
  const url = `${server.url}/events/tasks/c`;
  server.test.begin("c", "1");
  server.store.hold();
  server.test.begin("c", "2");
  await using stream = await TestEventStream.open(url);
  await stream.until(({ retryMs }) => retryMs !== null);
  assertEquals(stream.types, []);
  await server.store.commit();
  assertEquals(Object.keys((await stream.find("initial_state")).all_tasks), ["1", "2"]);
  server.test.finish("c", "1");
  await using ofTask = await TestEventStream.open(`${url}/1`);
  await ofTask.until(({ retryMs }) => retryMs !== null);
  assertEquals([stream.types, ofTask.types], [["initial_state"], []]);
  await server.store.release();
  await stream.find("task.finished");
  assertEquals([await ofTask.ended(), ofTask.types], ["ended", ["initial_state"]]);
  server.store.isBroken = true;
  assertProblem(await call("GET", `${server.url}/events/tasks/c`), 503, "storage_unavailable");
  await using other = await TestEventStream.open(`${server.url}/events/tasks/other`);
  await other.find("initial_state");
});

Deno.test("Monitor.shutdown() announces the shutdown, sends the final states of tasks, and ends the streams", async () => {
  await using server = startTaskServer();
  await call("POST", `${server.url}/tasks/c/start/held`, { body: { id: "t" } });
  await using all = await TestEventStream.open(`${server.url}/events/tasks/c`);
  await using one = await TestEventStream.open(`${server.url}/events/tasks/c/t`);
  await Promise.all([all, one].map((stream) => stream.find("initial_state")));
  await server.monitor.shutdown();
  assertEquals([await all.ended(), await one.ended()], ["ended", "ended"]);
  for (const { types } of [all, one]) {
    assertEquals(types.slice(0, 2), ["initial_state", "closing"]);
    assertEquals(types.at(-1), "task.error");
  }
  assertEquals(all.events[1]!.data, '{"type":"closing"}');
  assertProblem(await call("GET", `${server.url}/events/tasks/c`), 503, "closing");
});

Deno.test("Monitor.shutdown() resolves even if the client of a stream does not read", async () => {
  await using server = startTaskServer({ limits: { watcherQueueBytes: 100_000, endedTasksPerClient: 2 } });
  const large = server.monitor.monitored(() => "x".repeat(60_000), { client: "c", name: "large" });
  {
    using _stuck = await openRaw(server, "/events/tasks/c");
    for (let runs = 0; await disconnected(server, "events") === 0; runs++) {
      assertLess(runs, 2_000);
      await large();
      // Let the timer that sends frames run.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    using _slow = await openRaw(server, "/events/tasks/c");
    await server.monitor.shutdown();
  }
});

Deno.test("Monitor ends its event streams when it is disposed of", async () => {
  const monitor = createMonitor({ channel: crypto.randomUUID() });
  const request = new Request("http://localhost/events/tasks/c", { headers: { host: "localhost" } });
  const response = await monitor.fetch(request);
  await monitor[Symbol.asyncDispose]();
  assertMatch(await response.text(), /^retry: 1000\n\nevent: initial_state\ndata: .*\nid: .*\n\n$/);
});

Deno.test("Events tells proxies not to transform or buffer a stream", async () => {
  await using server = startTaskServer();
  const stream = await fetch(`${server.url}/events/tasks/c`, { headers: { "accept-encoding": "gzip, br" } });
  assertEquals(stream.headers.get("content-encoding"), null);
  await stream.body!.cancel();
});
