/** Tests reports over HTTP, to a server behind a proxy that blocks WebSockets. */

import { RemoteSink } from "../../../lib/remote/remote_sink.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { HeldServer } from "../../support/held_server.ts";
import { passFor, passUntil } from "../../support/pass_until.ts";
import { logOf, RemoteTask, shown } from "../../support/remote_task.ts";
import { startServer } from "../../support/server.ts";
import { randomNumbers } from "../../support/simulated_wire.ts";
import { Stranger } from "../../support/stranger.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";

function blockedTo(server: { readonly url: string }): TcpProxy {
  const proxy = new TcpProxy(Number(new URL(server.url).port));
  proxy.blocksUpgrades = true;
  return proxy;
}

Deno.test("HttpTransport transfers everything that a WebSocket transfers", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 10_000 } });
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  const fn = wrap(
    async (task, count: number) => {
      const part = task.child("part");
      for (let n = 0; n < count; n++) {
        task.log(`line ${n}`);
        await task.update({ current: n + 1, total: count });
        if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      part.finish();
      return count;
    },
    { name: "count" },
    () => sink,
  );
  assertEquals(await fn.with({ id: "t" })(5_000), 5_000);
  const task = server.monitor.registry.task("default", "t")!;
  assertEquals([task.state, task.result, task.current, task.log_count], ["FINISHED", 5_000, 5_000, 5_000]);
  assertEquals(
    await logOf(server.url, { client: "default", id: "t" }),
    Array.from({ length: 5_000 }, (_, n) => `line ${n}`),
  );
  assertEquals(server.monitor.registry.tasks("default").length, 2);
  assertEquals(server.errors, []);
});

Deno.test("HttpTransport polls often enough to cancel tasks in time, even if they report nothing", async () => {
  await using server = startServer();
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  using clock = new FakeClock();
  const held = wrap(
    (task) =>
      new Promise((_, reject) => task.signal.addEventListener("abort", () => reject(task.signal.reason))),
    { name: "held" },
    () => sink,
  ).with({ id: "t" });
  const run = held();
  let isOver = false;
  const over = assertRejects(() => run, DOMException, "was cancelled").then(() => isOver = true);
  await passUntil(clock, () => server.monitor.registry.task("default", "t")?.active === true);
  await passFor(clock, 30_000);
  assertEquals(server.monitor.registry.task("default", "t")?.stale, false, "polling is a sign of life");
  await call("POST", `${server.url}/tasks/default/t/cancel`);
  const passedMs = await passUntil(clock, () => isOver);
  assert(passedMs <= 1_000, `${passedMs} ms passed`);
  await over;
  assertEquals(server.monitor.registry.task("default", "t")?.state, "CANCELLED");
});

Deno.test("HttpTransport keeps the reports that arrive during a request, and sends them afterwards", async () => {
  await using server = new HeldServer();
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await sink.settled();
  server.store.hold();
  // This commit stays pending, so that the server does not respond to the next request.
  server.test.registry.apply("default", "t", { type: "update", progress: 1 });
  await until(() => server.store.waiting > 0);
  for (let n = 2; n <= 50; n++) task.reporter.update({ progress: n });
  await new Promise((resolve) => setTimeout(resolve, 0));
  await server.store.release();
  await shown(server.url, task, ({ progress }) => progress === 50);
  task.finish();
  await sink.settled();
  assertEquals(server.test.registry.task("default", "t")?.state, "FINISHED");
});

Deno.test("HttpTransport waits for a commit even if it takes longer than the keep-alive interval", async () => {
  await using server = new HeldServer();
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  using clock = new FakeClock();
  const task = new RemoteTask(sink, "t");
  await passUntil(clock, () => sink.ready && server.test.registry.task("default", "t") !== undefined);
  server.store.hold();
  server.test.registry.apply("default", "t", { type: "update", progress: 1 });
  await passUntil(clock, () => server.store.waiting > 0);
  task.reporter.update({ progress: 50 });
  await passFor(clock, 12_000);
  await server.store.release();
  await passUntil(clock, () => server.test.registry.task("default", "t")?.progress === 50, 5_000);
  task.reporter.update({ progress: 60 });
  await passUntil(clock, () => server.test.registry.task("default", "t")?.progress === 60, 5_000);
  task.finish();
  await passUntil(clock, () => server.test.registry.task("default", "t")?.state === "FINISHED");
});

Deno.test("HttpTransport neither loses nor duplicates anything if connections break, and is replaced once WebSockets work", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 100_000 } });
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t", { flushIntervalMs: 0 });
  const random = randomNumbers(5);
  let lines = 0;
  for (let cut = 0; cut < 40; cut++) {
    await until(() => sink.ready);
    const steps = random() * 30;
    for (let step = 0; step < steps; step++) {
      task.reporter.log(`line ${lines++} ${"x".repeat(random() * 2_000)}`);
      task.reporter.update({ current: lines });
      await new Promise((resolve) => setTimeout(resolve, random() < 0.3 ? 1 : 0));
    }
    proxy.cut();
  }
  proxy.refuse();
  await until(() => !sink.ready);
  proxy.blocksUpgrades = false;
  const { upgrades } = proxy;
  await proxy.restore();
  await until(() => sink.ready);
  assertEquals(proxy.upgrades, upgrades + 1);
  task.finish({ lines });
  await sink.settled();
  const seen = server.monitor.registry.task("default", "t")!;
  assertEquals([seen.state, seen.current, seen.log_count], ["FINISHED", lines, lines]);
  const log = await logOf(server.url, task);
  assertEquals(log.map((line) => Number(line.split(" ")[1])), Array.from({ length: lines }, (_, n) => n));
  assertEquals(server.errors, []);
});

Deno.test("HttpTransport is replaced by a WebSocket that opens later, and nothing is lost or repeated", async () => {
  await using server = new HeldServer();
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  using clock = new FakeClock();
  const task = new RemoteTask(sink, "t");
  await passUntil(clock, () => sink.ready && server.test.registry.task("default", "t") !== undefined);
  proxy.blocksUpgrades = false;
  const { upgrades } = proxy;
  // The server does not acknowledge the batch that is in flight when the WebSocket opens.
  server.store.hold();
  task.reporter.log("first");
  task.reporter.update({ progress: 10 });
  await passUntil(clock, () => server.test.registry.task("default", "t")?.progress === 10);
  await passUntil(clock, () => proxy.upgrades > upgrades, 10_000);
  task.reporter.log("second");
  task.reporter.update({ progress: 20 });
  await passUntil(clock, () => server.test.registry.task("default", "t")?.progress === 20);
  await server.store.release();
  const { connections } = proxy;
  await passFor(clock, 60_000);
  assertEquals(
    [proxy.upgrades, proxy.connections],
    [upgrades + 1, connections],
    "there are no further requests",
  );
  task.finish();
  await passUntil(clock, () => server.test.registry.task("default", "t")?.state === "FINISHED");
  assertEquals(await logOf(server.url, task), ["first", "second"]);
  assertEquals(server.errors, []);
});

Deno.test("HttpTransport is seldom interrupted by attempts to open a WebSocket where WebSockets are blocked", async () => {
  await using server = startServer();
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  using clock = new FakeClock();
  const task = new RemoteTask(sink, "t");
  await passUntil(clock, () => sink.ready);
  const passedMs = await passUntil(clock, () => proxy.upgrades === 5, 300_000, 1_000);
  assert(passedMs > 70_000, `the fifth attempt was made after ${passedMs} ms`);
  assert(sink.ready);
  task.finish();
  await passUntil(clock, () => server.monitor.registry.task("default", "t")?.state === "FINISHED");
});

Deno.test("HttpTransport continues after the server was busy or could not commit", async () => {
  await using server = new HeldServer();
  await using proxy = blockedTo(server);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await sink.settled();
  await server.store.fail();
  task.reporter.update({ progress: 50 });
  await until(() => !sink.ready);
  await sink.settled();
  await server.store.recover();
  task.finish();
  await shown(server.url, task, ({ state }) => state === "FINISHED");
});

Deno.test("HttpTransport aborts its request when it is closed", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using server = startServer();
  await using stranger = new Stranger(() => {
    asked.resolve();
    return answer.promise;
  });
  await using proxy = blockedTo(stranger);
  using sink = new RemoteSink(proxy.url);
  const first = new RemoteTask(sink, "first");
  await asked.promise;
  first.reporter.refused(null);
  sink[Symbol.dispose]();
  await until(() => proxy.open === 0);
  // The response to the aborted request must not reach the next connection.
  proxy.cut(server.port);
  proxy.blocksUpgrades = false;
  const next = new RemoteTask(sink, "next");
  await shown(server.url, next, () => true);
  answer.resolve(new Response(null, { status: 404 }));
  next.finish();
  await sink.settled();
  assertEquals(server.monitor.registry.task("default", "next")?.state, "FINISHED");
});
