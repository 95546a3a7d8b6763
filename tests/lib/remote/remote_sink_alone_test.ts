/** Tests reports without a server, or to a server that refuses them. */

import { RemoteSink } from "../../../lib/remote/remote_sink.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { passFor, passUntil } from "../../support/pass_until.ts";
import { HeldServer } from "../../support/held_server.ts";
import { freePort } from "../../support/free_port.ts";
import { RemoteTask } from "../../support/remote_task.ts";
import { startServer } from "../../support/server.ts";
import { Stranger } from "../../support/stranger.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";
import { Warnings } from "../../support/warnings.ts";

/** Runs a monitored function that reports a log line. */
function ask(sink: RemoteSink, id: string): Promise<string> {
  const fn = wrap(
    async (task) => {
      task.log("a line");
      await task.update({ progress: 50 });
      return "result";
    },
    { name: "plain" },
    () => sink,
  );
  return fn.with({ id })();
}

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });
}

Deno.test("RemoteSink warns once that no server responds, lets functions run, and reports their tasks once a server does", async () => {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  using warnings = new Warnings();
  using sink = new RemoteSink(url);
  assertEquals(await ask(sink, "one"), "result");
  assertEquals(await Promise.all([ask(sink, "two"), ask(sink, "three")]), ["result", "result"]);
  assertEquals(warnings.texts, [
    `[taskscope] No server answers at ${url}, so tasks run unmonitored until one does`,
  ]);
  await using proxy = new TcpProxy(1, port);
  await using server = startServer();
  await proxy.restore(server.port);
  await until(() => server.monitor.registry.tasks("default").length === 3);
  await until(() => server.monitor.registry.tasks("default").every(({ state }) => state === "FINISHED"));
  assertEquals(server.monitor.registry.tasks("default").map(({ id, log_count }) => [id, log_count]).sort(), [
    ["one", 1],
    ["three", 1],
    ["two", 1],
  ]);
  assertEquals(warnings.texts.length, 1);
});

Deno.test("RemoteSink keeps a limited number of tasks for a missing server, and warns once that others run unmonitored", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  using warnings = new Warnings();
  using sink = new RemoteSink(url);
  await ask(sink, "first");
  for (let n = 0; n < 10_050; n++) new RemoteTask(sink, `t${n}`).finish();
  assertEquals(await ask(sink, "last"), "result");
  assertEquals(warnings.texts, [
    `[taskscope] No server answers at ${url}, so tasks run unmonitored until one does`,
    `[taskscope] 10000 tasks already wait for ${url}, so further tasks run unmonitored`,
  ]);
});

Deno.test("RemoteSink treats a clear refusal as final, warns once about the reason, and does not retry", async () => {
  const problem = { title: "Not allowed", status: 403, detail: "This is not yours", code: "not_allowed" };
  const table: readonly (readonly [why: string, answer: () => Response])[] = [
    ["it responded with status 404", () => new Response("nothing here", { status: 404 })],
    ["it responded with status 405", () => new Response(null, { status: 405 })],
    ["it responded with status 401", () => new Response(null, { status: 401 })],
    ["it responded with status 405", () => new Response("<html>", { status: 405 })],
    ["it responded with status 501", () => new Response("Unsupported method", { status: 501 })],
    ["This is not yours", () => json(problem, 403)],
    ["it responded with status 403", () => json({ detail: 5 }, 403)],
    [
      "it redirects to http://127.0.0.1:1/base; use that address",
      () => redirect("/base/report?reporter=r", 301),
    ],
    [
      "it redirects to http://127.0.0.1:1/base; use that address",
      () => redirect("/base/report?reporter=r", 308),
    ],
    ["it redirects to http://127.0.0.1:1/sign-in", () => redirect("/sign-in?secret=s", 302)],
    ["it responded with status 304", () => new Response(null, { status: 304 })],
    ["it is not a Taskscope server", () => new Response("<html>welcome</html>")],
    ["it is not a Taskscope server", () => json({ replies: "none" })],
    ["it is not a Taskscope server", () => json({ replies: [{ type: "else" }] })],
    ["it is not a Taskscope server", () => json([])],
  ];
  for (const [why, answer] of table) {
    await using stranger = new Stranger(answer);
    using warnings = new Warnings();
    using sink = new RemoteSink(stranger.url);
    assertEquals(await ask(sink, "one"), "result");
    assertEquals(await ask(sink, "two"), "result");
    const text = `[taskscope] ${stranger.url} accepts no reports (${why}), so tasks run unmonitored`;
    assertEquals(warnings.texts, [text]);
    assertEquals(stranger.asked, ["GET /ws/report", "POST /report"]);
    assertEquals(sink.ready, true, "no function waits for the server");
  }
});

Deno.test("RemoteSink never contacts a server again after a refusal, however long the program runs", async () => {
  await using stranger = new Stranger(() => new Response("nothing here", { status: 404 }));
  using _warnings = new Warnings();
  using clock = new FakeClock();
  using sink = new RemoteSink(stranger.url);
  const task = new RemoteTask(sink, "t");
  await passUntil(clock, () => sink.ready);
  clock.pass(24 * 60 * 60 * 1_000);
  new RemoteTask(sink, "more").reporter.update({ progress: 5 });
  await passFor(clock, 1_000);
  assertEquals(stranger.asked.length, 2);
  task.finish();
});

Deno.test("RemoteSink retries with backoff if a later response may be different", async () => {
  for (const status of [500, 502, 503, 504, 429, 408]) {
    await using stranger = new Stranger(() => new Response(null, { status }));
    using warnings = new Warnings();
    using clock = new FakeClock();
    using sink = new RemoteSink(stranger.url);
    new RemoteTask(sink, "t").finish();
    await passUntil(clock, () => stranger.asked.length >= 8);
    const first = stranger.asked.length;
    await passFor(clock, 60_000);
    const tries = (stranger.asked.length - first) / 2;
    assertGreater(tries, 5);
    assertLess(tries, 25, "retries are rare enough for a busy server");
    assertEquals(warnings.texts.length, 1);
  }
});

Deno.test("RemoteSink retries less often if the server was never reached", async () => {
  await using stranger = new Stranger(() => new Response(null, { status: 502 }));
  using _warnings = new Warnings();
  using clock = new FakeClock();
  using sink = new RemoteSink(stranger.url);
  new RemoteTask(sink, "t").finish();
  await passFor(clock, 90_000);
  const before = stranger.asked.length;
  await passFor(clock, 60_000);
  assertLess((stranger.asked.length - before) / 2, 5);
});

Deno.test("RemoteSink retries while another program responds at the server's address, until the server is back", async () => {
  await using stranger = new Stranger(() => new Response("404 page not found", { status: 404 }));
  await using first = startServer();
  await using proxy = new TcpProxy(first.port);
  using warnings = new Warnings();
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await sink.settled();
  proxy.cut(stranger.port);
  await until(() => stranger.asked.includes("POST /report"));
  proxy.cut(first.port);
  task.finish();
  await until(() => first.monitor.registry.task("default", "t")?.state === "FINISHED");
  assertEquals(warnings.texts, []);

  // In contrast to refusals by other servers, a refusal by a Taskscope server is final.
  const last = new RemoteTask(sink, "last");
  stranger.answer = () => json({ code: "foreign_origin", detail: "no more" }, 403);
  proxy.cut(stranger.port);
  await until(() => warnings.texts.length > 0);
  assertEquals(warnings.texts, [
    `[taskscope] ${proxy.url} accepts no reports (no more), so tasks run unmonitored`,
  ]);
  last.finish();
  await sink.settled();
});

Deno.test("RemoteSink detects a dead connection without help from the network", async () => {
  await using server = startServer();
  await using proxy = new TcpProxy(server.port);
  using clock = new FakeClock();
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await passUntil(clock, () => sink.ready);
  // The connection stays open while it is idle.
  await passFor(clock, 60_000);
  assertEquals([sink.ready, proxy.upgrades], [true, 1]);

  proxy.blackhole();
  task.reporter.update({ progress: 50 });
  const passedMs = await passUntil(clock, () => !sink.ready);
  assertGreater(passedMs, 5_000);
  assertLess(passedMs, 25_000);
  await proxy.restore();
  task.reporter.update({ progress: 60 });
  await passUntil(clock, () => server.monitor.registry.task("default", "t")?.progress === 60);
  task.finish();
  await passUntil(clock, () => server.monitor.registry.task("default", "t")?.state === "FINISHED");
});

Deno.test("RemoteSink reconnects if a server accepts a connection but stays silent, and delays no function for long", async () => {
  await using server = startServer();
  await using proxy = new TcpProxy(server.port);
  proxy.blackhole();
  using warnings = new Warnings();
  using clock = new FakeClock();
  using sink = new RemoteSink(proxy.url);
  let result: string | undefined;
  ask(sink, "one").then((value) => result = value);
  await passUntil(clock, () => result === "result", 2_500);
  await passUntil(clock, () => warnings.texts.length > 0, 30_000);
  await proxy.restore();
  await passUntil(clock, () => server.monitor.registry.task("default", "one")?.state === "FINISHED", 60_000);
  assertEquals(warnings.texts.length, 1);
});

Deno.test("RemoteSink retries with backoff if a WebSocket is closed as soon as it is open", async () => {
  await using server = startServer({ limits: { reportBytes: 10 } });
  await using proxy = new TcpProxy(server.port);
  using clock = new FakeClock();
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await passUntil(clock, () => proxy.upgrades >= 5);
  await passFor(clock, 10_000);
  const before = proxy.upgrades;
  await passFor(clock, 60_000);
  assertLess(proxy.upgrades - before, 25);
  assertEquals(task.warnings, []);
  task.finish();
});

Deno.test("RemoteSink disconnects shortly after the last report, and reconnects for the next task", async () => {
  await using server = startServer();
  await using proxy = new TcpProxy(server.port);
  using clock = new FakeClock();
  using sink = new RemoteSink(proxy.url);
  for (let round = 1; round <= 3; round++) {
    const task = new RemoteTask(sink, `t${round}`);
    await passUntil(clock, () => sink.ready);
    await passFor(clock, 5_000);
    assertEquals(
      [proxy.open, proxy.upgrades],
      [1, round],
      "the connection stays open for cancellation requests",
    );
    task.finish();
    await passUntil(clock, () => server.monitor.registry.task("default", task.id)?.state === "FINISHED");
    await passUntil(clock, () => proxy.open === 0);
  }
  assert(!sink.ready);
});

Deno.test("RemoteSink restarts the time limit for the commit when it reaches the server again, but only once", async () => {
  await using server = new HeldServer();
  await using proxy = new TcpProxy(Number(new URL(server.url).port));
  using clock = new FakeClock();
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  let isSettled = false;
  sink.settled().then(() => isSettled = true);
  await passUntil(clock, () => isSettled);
  server.store.hold();
  task.finish();
  await passUntil(clock, () => server.store.waiting > 0);
  proxy.refuse();
  await passFor(clock, 1_000);
  await proxy.restore();
  await passUntil(clock, () => sink.ready);
  assertGreater(await passUntil(clock, () => !sink.ready), 4_500);
  await passUntil(clock, () => sink.ready);
  const { upgrades } = proxy;
  await passFor(clock, 20_000);
  assertEquals([sink.ready, proxy.upgrades], [true, upgrades]);
});

function redirect(path: string, status: 301 | 302 | 308): Response {
  return Response.redirect(`http://127.0.0.1:1${path}`, status);
}
