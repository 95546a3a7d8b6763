/** Tests reports to a real server over real connections. */

import type { MonitorOptions } from "../../../lib/mod.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { RemoteSink } from "../../../lib/remote/remote_sink.ts";
import type { MonitoredTask } from "../../../lib/reporter/monitored_task.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertRejects,
} from "../../support/assert.ts";
import { call } from "../../support/calls.ts";
import { HeldServer } from "../../support/held_server.ts";
import { Isolate } from "../../support/isolate.ts";
import { logOf, RemoteTask, shown } from "../../support/remote_task.ts";
import { startServer } from "../../support/server.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";
import { Warnings } from "../../support/warnings.ts";

const WORKER = new URL("./remote_worker.ts", import.meta.url);

/** A function that rejects once its task is cancelled. */
function waitForAbort(task: MonitoredTask): Promise<never> {
  return new Promise((_, reject) => {
    task.signal.addEventListener("abort", () => reject(task.signal.reason));
  });
}

Deno.test("RemoteSink reports everything to the server, including the final state before the promise resolves", async () => {
  await using server = startServer();
  using sink = new RemoteSink(server.url);
  const double = wrap(
    async (task, numbers: number[]) => {
      const doubled: number[] = [];
      for await (const number of task.track(numbers, { unit: "numbers" })) {
        task.log(`doubling ${number}`);
        doubled.push(number * 2);
      }
      return doubled;
    },
    { name: "double", tags: ["math"] },
    () => sink,
  );
  assertEquals(await double([1, 2, 3]), [2, 4, 6]);
  const [task] = server.monitor.registry.tasks("default");
  assertEquals([task?.name, task?.state, task?.result, task?.current, task?.log_count, task?.tags], [
    "double",
    "FINISHED",
    [2, 4, 6],
    3,
    3,
    ["math"],
  ]);
  assertEquals(typeof task?.reporter, "string");
  assertEquals(server.errors, []);
});

Deno.test("RemoteSink reports the options of each call, and leaves the results unchanged", async () => {
  await using server = startServer();
  using sink = new RemoteSink(server.url);
  const error = new RangeError("own error");
  const fn = wrap(
    (_task, value: number) => {
      if (value < 0) throw error;
      return value;
    },
    { name: "plain" },
    () => sink,
  );
  const named = fn.with({ client: "ci", id: "one", tags: ["a"], metadata: { run: 7 } });
  assertEquals(await named(5), 5);
  assertEquals(await named.with({ id: "two" })(-1).catch((thrown) => thrown), error);
  assertEquals(await fn(1), 1);
  const [two, one] = server.monitor.registry.tasks("ci");
  assertEquals([one?.id, one?.state, one?.result, one?.tags, one?.metadata], [
    "one",
    "FINISHED",
    5,
    ["a"],
    { run: 7 },
  ]);
  assertEquals([two?.id, two?.state, two?.error?.type], ["two", "ERROR", "RangeError"]);
  assertEquals(server.monitor.registry.tasks("default").length, 1);
});

Deno.test("RemoteSink reports subtasks, which contribute to their parent's progress and end with it", async () => {
  await using server = startServer();
  using sink = new RemoteSink(server.url);
  // All reports of the subtasks are made before the connection is open, and are sent together as soon as it
  // is.
  const half = Promise.withResolvers<void>();
  const fn = wrap(
    async (task) => {
      const download = task.child("download", { weight: 3 });
      const unpack = task.child("unpack");
      await download.update({ progress: 50 });
      await half.promise;
      download.finish("got it");
      unpack.log("unpacking");
    },
    { name: "install" },
    () => sink,
  ).with({ id: "install" });
  const run = fn();
  await shown(server.url, { client: "default", id: "install" }, ({ progress }) => progress === 37.5);
  half.resolve();
  await run;
  const tasks = server.monitor.registry.tasks("default");
  const seen = tasks.map(({ name, state, parent_id, log_count }) => [name, state, parent_id, log_count]);
  assertEquals(seen.reverse(), [
    ["install", "FINISHED", null, 0],
    ["download", "FINISHED", "install", 0],
    ["unpack", "FINISHED", "install", 1],
  ]);
});

Deno.test("RemoteSink cancels a task when the server requests cancellation, even if the sink was disconnected", async () => {
  await using server = startServer();
  await using proxy = new TcpProxy(server.port);
  using sink = new RemoteSink(proxy.url);
  const fn = wrap(waitForAbort, { name: "held" }, () => sink);
  const runs = ["one", "two", "three"].map((id) => [id, fn.with({ id })()] as const);
  for (const [id] of runs) await shown(server.url, { client: "default", id }, ({ active }) => active);
  const [one, two, three] = runs.map(([, run]) => assertRejects(() => run, DOMException, "was cancelled"));
  assertEquals((await call("POST", `${server.url}/tasks/default/one/cancel`)).status, 202);
  await one;
  assertEquals(server.monitor.registry.task("default", "one")?.state, "CANCELLED");
  assertEquals(server.monitor.registry.task("default", "two")?.cancel_requested, false);

  proxy.refuse();
  await until(() => !sink.ready);
  await call("POST", `${server.url}/tasks/default/two/cancel`);
  await proxy.restore();
  await two;
  await shown(server.url, { client: "default", id: "two" }, ({ state }) => state === "CANCELLED");

  // With `force`, the server ends the task itself instead of requesting a cancellation from the reporter.
  await call("POST", `${server.url}/tasks/default/three/cancel?force=true`);
  await three;
  assertEquals(server.monitor.registry.task("default", "three")?.state, "CANCELLED");
});

Deno.test("RemoteSink warns that an id is already taken, by this program or another, and lets the function run", async () => {
  await using server = startServer();
  using sink = new RemoteSink(server.url);
  using other = new RemoteSink(server.url);
  using warnings = new Warnings();
  const hold = Promise.withResolvers<string>();
  const first = wrap(() => hold.promise, { name: "first" }, () => sink).with({ id: "same" })();
  await shown(server.url, { client: "default", id: "same" }, ({ active }) => active);
  for (const where of [sink, other]) {
    const second = wrap(() => "second", { name: "second" }, () => where).with({ id: "same" });
    assertEquals(await second(), "second");
  }
  const here = 'Task "same" runs unmonitored: Cannot create task "same": the id is already taken';
  const there = 'Task "same" runs unmonitored: Cannot report task "same": another reporter runs it';
  assertEquals(warnings.texts, [here, there].map((text) => `[taskscope] ${text}`));
  hold.resolve("first");
  await first;
  assertEquals(server.monitor.registry.task("default", "same")?.result, "first");
  // The id is still taken after the task has ended.
  assertEquals(await wrap(() => 3, { name: "third" }, () => sink).with({ id: "same" })(), 3);
  assertEquals(warnings.texts.slice(2), [`[taskscope] ${here}`]);
  assertEquals(server.monitor.registry.task("default", "same")?.result, "first");
});

Deno.test("RemoteSink warns of the reason why the server accepts no more tasks, and does not delay their results", async () => {
  await using server = startServer({ limits: { liveTasksPerClient: 2 } });
  using sink = new RemoteSink(server.url);
  using warnings = new Warnings();
  const held = wrap(waitForAbort, { name: "held" }, () => sink);
  const runs = [held.start(), held.start()];
  for (const run of runs) await shown(server.url, { client: "default", id: run.id }, ({ active }) => active);
  const id = "one.more";
  assertEquals(await wrap(() => 5, { name: "more" }, () => sink).with({ id })(), 5);
  assertEquals(warnings.texts.length, 1);
  assert(warnings.texts[0]!.startsWith(`[taskscope] Task "${id}" runs unmonitored: `), warnings.texts[0]);
  for (const run of runs) {
    run.cancel();
    await run.done.catch(() => {});
  }
  // A task that the server has refused is unmonitored, so it does not wait for the connection, which is now
  // closed.
  const unseen = new RemoteTask(sink, "unseen");
  await sink.settled();
  unseen.reporter.refused(null);
  await until(() => !sink.ready);
  await sink.settled();
});

Deno.test("RemoteSink treats no report as committed before the server acknowledges it", async () => {
  await using server = new HeldServer();
  using sink = new RemoteSink(server.url);
  server.store.hold();
  const run = wrap((task) => task.update({ progress: 50 }), { name: "n" }, () => sink).with({ id: "t" })();
  let isOver = false;
  run.then(() => isOver = true);
  await until(() => server.test.registry.task("default", "t")?.state === "FINISHED");
  await until(() => server.store.waiting > 0);
  assertEquals(isOver, false);
  await server.store.fail();
  assertEquals(isOver, false);
  await server.store.recover();
  await run;
});

Deno.test("RemoteSink delays no function for long if the server cannot commit, and reports everything once it can", async () => {
  await using server = new HeldServer();
  await using proxy = new TcpProxy(Number(new URL(server.url).port));
  using sink = new RemoteSink(proxy.url);
  const fn = wrap((_task, value: number) => value, { name: "n" }, () => sink);
  await fn(0);
  await server.store.fail();
  assertEquals(await Promise.all([1, 2, 3].map((value) => fn(value))), [1, 2, 3]);
  // The first server committed nothing, so everything is reported again to the next server.
  await using next = startServer();
  proxy.cut(next.port);
  await until(() => next.monitor.registry.tasks("default").length === 3);
  await until(() => next.monitor.registry.tasks("default").every(({ state }) => state === "FINISHED"));
});

Deno.test("RemoteSink coalesces updates if the server is too slow for them", async () => {
  await using server = new HeldServer();
  await using proxy = new TcpProxy(Number(new URL(server.url).port));
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await sink.settled();
  server.store.hold();
  const status = "x".repeat(LIMITS.statusLength - 10);
  let updates = 0;
  while (sink.ready) task.reporter.update({ current: ++updates, status: `${status}${updates}` });
  assertGreater(updates, 1_000);
  assertLess(updates, 3_000);
  for (let more = 0; more < 100_000; more++) {
    task.reporter.update({ current: ++updates, status: `${status}${updates}` });
  }
  task.finish({ updates });
  const settled = sink.settled();
  await server.store.release();
  await settled;
  const seen = server.test.registry.task("default", "t")!;
  assertEquals([seen.state, seen.current, seen.result], ["FINISHED", updates, { updates }]);
  assertLess(proxy.bytes, 4 * 1024 * 1024);
});

Deno.test("RemoteSink holds back no task for the log of another", async () => {
  await using server = new HeldServer();
  using sink = new RemoteSink(server.url);
  const [loud, quiet, short] = ["loud", "quiet", "short"].map((id) => new RemoteTask(sink, id));
  await sink.settled();
  server.store.hold();
  const line = "x".repeat(LIMITS.logLineLength);
  while (sink.ready) loud!.reporter.log(line);
  for (let n = 0; n < 500; n++) loud!.reporter.log(line);
  quiet!.reporter.update({ progress: 50 });
  short!.finish();
  // The order in which the server receives the last report of each task.
  const order: string[] = [];
  const { registry } = server.test;
  using _ = {
    [Symbol.dispose]: registry.subscribe(() => {
      for (
        const [id, isLast] of [
          ["quiet", registry.task("default", "quiet")?.progress === 50],
          ["short", registry.task("default", "short")?.state === "FINISHED"],
          ["loud", registry.task("default", "loud")?.state === "FINISHED"],
        ] as const
      ) if (isLast && !order.includes(id)) order.push(id);
    }),
  };
  loud!.finish();
  const settled = sink.settled();
  await server.store.release();
  await settled;
  assertEquals(order, ["quiet", "short", "loud"]);
});

Deno.test("RemoteSink splits logs into messages that the server accepts, whatever their text", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 10_000 } });
  using sink = new RemoteSink(server.url);
  const lines = Array.from({ length: 900 }, (_, n) => `${n} ${"\u0001中\u2028".repeat(2_700)}`);
  const task = new RemoteTask(sink, "t", { flushIntervalMs: 50 });
  for (const line of lines) task.reporter.log(line);
  task.finish();
  await sink.settled();
  assertEquals(await logOf(server.url, task), lines);
  assertEquals(task.warnings, []);
});

Deno.test("RemoteSink sends no more than may wait for an access decision, whatever the text", async () => {
  const decision = Promise.withResolvers<boolean>();
  const authorize: MonitorOptions["authorize"] = (_request, { action }) =>
    action !== "report" || decision.promise;
  await using server = startServer({ authorize, limits: { logLinesPerTask: 10_000 } });
  await using proxy = new TcpProxy(server.port);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t", { flushIntervalMs: 50 });
  for (let n = 0; n < 1_500; n++) task.reporter.log(`${n} ${"進".repeat(2_000)}`);
  task.finish();
  // All that the sink sends without an acknowledgement, of three bytes for each character.
  await until(() => proxy.bytes > 5.5 * 1024 * 1024);
  decision.resolve(true);
  await sink.settled();
  const log = await logOf(server.url, task);
  assertEquals(log.map((line) => Number(line.split(" ")[0])), Array.from({ length: 1_500 }, (_, n) => n));
  assertEquals(proxy.upgrades, 1, "the server does not disconnect the reporter");
});

for (const isBlocked of [false, true]) {
  const transport = isBlocked ? "HTTP" : "a WebSocket";
  Deno.test(`RemoteSink refuses a task whose report is too large for the server over ${transport}, and delivers the others`, async () => {
    await using server = startServer({ limits: { reportBytes: 50_000 } });
    await using proxy = new TcpProxy(server.port);
    proxy.blocksUpgrades = isBlocked;
    using sink = new RemoteSink(proxy.url);
    const [first, last] = ["first", "last"].map((id) => new RemoteTask(sink, id));
    const large = new RemoteTask(sink, "large", { flushIntervalMs: 50 });
    await sink.settled();
    // All reports are sent together, in batches that would be too large even without the report of `large`.
    for (let n = 0; n < 200; n++) first!.reporter.update({ status: `${n} ${"x".repeat(900)}` });
    for (let n = 0; n < 8; n++) large.reporter.log("x".repeat(8_000));
    for (let n = 0; n < 200; n++) last!.reporter.update({ status: `${n} ${"x".repeat(900)}` });
    for (const task of [first!, large, last!]) task.finish();
    for (const task of [first!, last!]) await shown(server.url, task, ({ state }) => state === "FINISHED");
    await until(() => large.warnings.length > 0);
    assertEquals(large.warnings.length, 1);
    assertMatch(
      large.warnings[0]!,
      /^Task "large" runs unmonitored: the server does not accept a report of \d+ ch/,
    );
    assertEquals([first!.warnings, last!.warnings], [[], []]);
    await sink.settled();
  });
}

Deno.test("RemoteSink of each isolate reports the isolate's own tasks, and cancels only those", async () => {
  await using server = startServer();
  using workers = new DisposableStack();
  const isolates = [1, 2].map(() => workers.use(new Isolate(WORKER)));
  for (const [index, isolate] of isolates.entries()) {
    await isolate.call("start", { server: server.url, id: `t${index}`, count: 20 });
  }
  for (const [index, isolate] of isolates.entries()) {
    const key = { client: "default", id: `t${index}` };
    await shown(server.url, key, ({ current }) => current === 20);
    await call("POST", `${server.url}/tasks/default/t${index}/cancel`);
    assertEquals(await isolate.call("outcome"), "AbortError: The task was cancelled");
    assertEquals((await shown(server.url, key, () => true)).state, "CANCELLED");
  }
  const reporters = server.monitor.registry.tasks("default").map(({ reporter }) => reporter);
  assertEquals(new Set(reporters).size, 2);
});
