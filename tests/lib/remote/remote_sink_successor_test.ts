/**
 * Tests servers that are replaced while tasks run: by a server with the same data, by a server without data,
 * and by several servers in turn.
 */

import { RemoteSink } from "../../../lib/remote/remote_sink.ts";
import type { JsonObject } from "../../../lib/task/task.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { HeldServer } from "../../support/held_server.ts";
import { logOf, RemoteTask, shown } from "../../support/remote_task.ts";
import { startServer } from "../../support/server.ts";
import { StoreFolder } from "../../support/store_folder.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";
import { until } from "../../support/until.ts";

function portOf(server: { readonly url: string }): number {
  return Number(new URL(server.url).port);
}

Deno.test("RemoteSink reports everything again to a server that has lost its data", async () => {
  await using first = startServer();
  await using second = startServer();
  await using proxy = new TcpProxy(first.port);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t", {
    client: "ci",
    create: { name: "build", tags: ["a"], metadata: { kept: 1, changed: 1, removed: 1 }, stale_after: 60 },
  });
  const part = new RemoteTask(sink, "part", {
    client: "ci",
    create: { name: "part", parent_id: "t", weight: 3 },
  });
  const silent = new RemoteTask(sink, "silent", { client: "ci" });
  task.reporter.update({ status: "reading", current: 1, total: 8, unit: "files" });
  task.reporter.update({ metadata: { changed: 2, removed: null, added: true } });
  task.reporter.update({ current: 2 });
  part.reporter.update({ progress: 40 });
  await shown(first.url, part, ({ progress }) => progress === 40);
  await sink.settled();

  proxy.cut(second.port);
  await until(() => !sink.ready);
  task.reporter.update({ current: 4, metadata: { late: "yes" } });
  part.reporter.update({ progress: 60 });
  silent.reporter.update({});
  const again = await shown(second.url, task, ({ current }) => current === 4);
  const { name, tags, metadata, status, progress, total, unit, stale_after, state } = again;
  assertEquals(
    { name, tags, metadata, status, progress, total, unit, stale_after, state },
    {
      name: "build",
      tags: ["a"],
      metadata: { kept: 1, changed: 2, added: true, late: "yes" },
      status: "reading",
      progress: 50,
      total: 8,
      unit: "files",
      stale_after: 60,
      state: "PROCESSING",
    },
  );
  const partAgain = await shown(second.url, part, (seen) => seen.progress === 60);
  assertEquals([partAgain.parent_id, partAgain.weight], ["t", 3]);
  await shown(second.url, silent, (seen) => seen.state === "PROCESSING");
  part.finish();
  task.finish({ files: 8 });
  silent.finish();
  assertEquals((await shown(second.url, task, (seen) => seen.state === "FINISHED")).result, { files: 8 });
  await shown(second.url, part, (seen) => seen.state === "FINISHED");
  assertEquals([task.warnings, part.warnings, silent.warnings], [[], [], []]);
  assertEquals([first.errors, second.errors], [[], []]);
});

Deno.test("RemoteSink repeats only the start of a task that has reported nothing else", async () => {
  await using first = startServer();
  await using second = startServer();
  await using proxy = new TcpProxy(first.port);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await shown(first.url, task, ({ state }) => state === "STARTING");
  proxy.cut(second.port);
  await until(() => !sink.ready);
  for (let n = 0; n < 5; n++) task.reporter.log(`still here ${n}`);
  const again = await shown(second.url, task, ({ log_count }) => log_count === 5);
  assertEquals([again.state, again.progress], ["STARTING", null]);
  task.reporter.log("and here");
  await shown(second.url, task, ({ log_count }) => log_count === 6);
  const lines = ["still here 0", "still here 1", "still here 2", "still here 3", "still here 4", "and here"];
  assertEquals(await logOf(second.url, task), lines);
  task.finish();
  await sink.settled();
});

Deno.test("RemoteSink repeats a task that has ended in the meantime to a server that has lost its data", async () => {
  await using first = new HeldServer();
  await using second = startServer();
  await using proxy = new TcpProxy(portOf(first));
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t", { create: { name: "short", metadata: { a: 1 } } });
  task.reporter.update({ progress: 30 });
  await shown(first.url, task, ({ progress }) => progress === 30);
  await sink.settled();
  first.store.hold();
  task.reporter.update({ progress: 70, status: "nearly" });
  task.finish({ done: true });
  const kept = new RemoteTask(sink, "kept");
  kept.reporter.end({ type: "fail", error: { message: "no", type: "Error" } });
  // The first server has received the final state, but is replaced before it has committed it.
  await until(() => first.test.registry.task("default", "kept")?.state === "ERROR");
  proxy.cut(second.port);
  const seen = await shown(second.url, task, ({ state }) => state === "FINISHED");
  const { name, metadata, status, result, progress } = seen;
  assertEquals({ name, metadata, status, result, progress }, {
    name: "short",
    metadata: { a: 1 },
    status: "nearly",
    result: { done: true },
    progress: 100,
  });
  assertEquals((await shown(second.url, kept, ({ state }) => state === "ERROR")).error?.message, "no");
  assertEquals([task.warnings, kept.warnings], [[], []]);
  await sink.settled();
});

Deno.test("RemoteSink does not repeat a task that the server committed before it was replaced", async () => {
  await using first = startServer();
  await using second = startServer();
  await using proxy = new TcpProxy(first.port);
  using sink = new RemoteSink(proxy.url);
  const over = new RemoteTask(sink, "over");
  over.finish();
  await sink.settled();
  const task = new RemoteTask(sink, "t");
  await sink.settled();
  proxy.cut(second.port);
  await until(() => !sink.ready);
  task.reporter.update({ progress: 5 });
  await shown(second.url, task, ({ progress }) => progress === 5);
  assertEquals(second.monitor.registry.tasks("default").map(({ id }) => id), ["t"]);
  task.finish();
  await sink.settled();
});

Deno.test("RemoteSink repeats everything once to each of several servers, even if none has committed it", async () => {
  await using first = startServer();
  await using second = new HeldServer();
  await using third = startServer();
  await using proxy = new TcpProxy(first.port);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  task.reporter.update({ progress: 10 });
  await sink.settled();
  second.store.hold();
  proxy.cut(portOf(second));
  await until(() => !sink.ready);
  task.reporter.update({ progress: 20 });
  task.reporter.log("a");
  // The second server has received the replayed reports, but commits nothing.
  await until(() => second.test.registry.task("default", "t")?.progress === 20);
  proxy.cut(third.port);
  await shown(third.url, task, ({ progress }) => progress === 20);
  task.reporter.update({ progress: 30 });
  await shown(third.url, task, ({ progress }) => progress === 30);
  task.finish();
  await sink.settled();
  assertEquals(third.monitor.registry.task("default", "t")?.state, "FINISHED");
  assertEquals(await logOf(third.url, task), ["a"]);
  assertEquals(task.warnings, [], "no server refused the id as taken");
});

Deno.test("RemoteSink repeats everything only once, even while old reports still arrive one by one", async () => {
  await using first = new HeldServer();
  await using second = startServer();
  await using proxy = new TcpProxy(portOf(first));
  proxy.blocksUpgrades = true;
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  await sink.settled();
  first.store.hold();
  // Many reports wait behind a batch that the server has not acknowledged.
  for (let n = 1; n <= 3_000; n++) {
    task.reporter.update({ current: n });
    if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  proxy.cut(second.port);
  const seen = await shown(second.url, task, ({ current }) => current === 3_000);
  assertGreater(3_000, seen.version, "earlier updates are not repeated");
  task.finish();
  await sink.settled();
  assertEquals(second.monitor.registry.task("default", "t")?.state, "FINISHED");
  assertEquals(task.warnings, []);
});

Deno.test("RemoteSink limits the metadata that it keeps for repetition in the same way as a server", async () => {
  await using first = startServer();
  await using second = startServer();
  await using proxy = new TcpProxy(first.port);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t", { create: { metadata: { first: "中".repeat(1_000) } } });
  await shown(first.url, task, ({ state }) => state === "STARTING");
  for (let n = 0; n < 100; n++) task.reporter.update({ metadata: { [`key${n}`]: "é".repeat(500) } });
  task.reporter.update({ metadata: { key1: null } });
  task.reporter.update({ progress: 50 });
  const { metadata } = await shown(first.url, task, ({ progress }) => progress === 50);
  assert(new TextEncoder().encode(JSON.stringify(metadata)).length <= 16_384);
  assertEquals([Object.hasOwn(metadata, "key2"), Object.hasOwn(metadata, "key1")], [true, false]);
  proxy.cut(second.port);
  await until(() => !sink.ready);
  task.reporter.update({ progress: 60 });
  const again = await shown(second.url, task, ({ progress }) => progress === 60);
  assertEquals(sorted(again.metadata), sorted(metadata));
  assertEquals(task.warnings, []);
  task.finish();
  await sink.settled();
});

function sorted(metadata: JsonObject): [string, unknown][] {
  return Object.entries(metadata).sort(([a], [b]) => a < b ? -1 : 1);
}

Deno.test("RemoteSink tells the next server that cancellation was requested", async () => {
  await using first = startServer();
  await using second = startServer();
  await using proxy = new TcpProxy(first.port);
  using sink = new RemoteSink(proxy.url);
  const task = new RemoteTask(sink, "t");
  task.reporter.requestCancel();
  await shown(first.url, task, ({ cancel_requested }) => cancel_requested);
  proxy.cut(second.port);
  await until(() => !sink.ready);
  task.reporter.update({ status: "cleaning up" });
  const again = await shown(second.url, task, ({ status }) => status === "cleaning up");
  assertEquals(again.cancel_requested, true);
  task.reporter.end({ type: "cancelled" });
  await sink.settled();
});

Deno.test("RemoteSink continues with the successor of a server that was shut down, with the same data", async () => {
  using folder = new StoreFolder();
  const data = folder.file;
  await using proxy = new TcpProxy(1);
  using sink = new RemoteSink(proxy.url);
  let task: RemoteTask;
  let before;
  {
    await using first = startServer({ data });
    await proxy.restore(first.port);
    task = new RemoteTask(sink, "t");
    task.reporter.update({ progress: 10 });
    task.reporter.log("before");
    before = await shown(first.url, task, ({ log_count }) => log_count === 1);
    await first.monitor.shutdown();
    await until(() => !sink.ready);
    task.reporter.update({ progress: 20 });
    task.reporter.log("between");
  }
  await using second = startServer({ data });
  await proxy.restore(second.port);
  const after = await shown(second.url, task, ({ progress }) => progress === 20);
  assertGreater(after.version, before.version);
  assertEquals([after.state, after.created_at, after.reporter], [
    "PROCESSING",
    before.created_at,
    before.reporter,
  ]);
  task.reporter.log("after");
  task.finish();
  await sink.settled();
  const log = second.monitor.registry;
  assertEquals(log.task("default", "t")?.log_count, 3);
  assertEquals(task.warnings, []);
  assertEquals(second.errors, []);
});
