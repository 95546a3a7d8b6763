/** Tests the order in which `monitored()` tries destinations for its reports. */

import { monitored } from "../../../lib/monitored.ts";
import { remoteSink } from "../../../lib/remote/remote_sink.ts";
import { registerMonitor } from "../../../lib/reporter/local_monitors.ts";
import { assertEquals } from "../../support/assert.ts";
import { ChannelMonitor, freshChannel } from "../../support/channel_monitor.ts";
import { Isolate } from "../../support/isolate.ts";
import { LocalMonitor } from "../../support/local_monitor.ts";
import { logOf } from "../../support/remote_task.ts";
import { startServer } from "../../support/server.ts";
import { Variable } from "../../support/variable.ts";

const WORKER = new URL("../replica/worker.ts", import.meta.url);

Deno.test("monitored() prefers the server in its options to every other destination", async () => {
  await using server = startServer();
  using sink = remoteSink(server.url);
  using local = new LocalMonitor();
  using withdraw = new DisposableStack();
  withdraw.defer(registerMonitor("announced", local.sink));
  using variable = new Variable("TASKSCOPE_SERVER");
  variable.value = "http://127.0.0.1:1";
  const fn = monitored(() => 5, { name: "named", server: `${server.url}/` });
  assertEquals(await fn(), 5);
  assertEquals(server.monitor.registry.tasks("default").map(({ name }) => name), ["named"]);
  await monitored(() => 5, { name: "local", channel: "announced" })();
  assertEquals(local.tasks.map(({ name }) => name), ["local"]);
  assertEquals(sink, remoteSink(server.url));
});

Deno.test("monitored() in a worker prefers the monitor of its process to TASKSCOPE_SERVER", async () => {
  await using server = startServer();
  using variable = new Variable("TASKSCOPE_SERVER");
  variable.value = server.url;
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await worker.call("start", { channel: monitor.channel, id: "t", kind: "count", count: 3 });
  assertEquals(await worker.call("outcome", "t count"), "count 3");
  assertEquals(monitor.test.registry.task("default", "t")?.state, "FINISHED");
  assertEquals(server.monitor.registry.tasks("default"), []);
});

Deno.test("monitored() in a worker reports everything to TASKSCOPE_SERVER if its process has no monitor", async () => {
  await using server = startServer();
  using variable = new Variable("TASKSCOPE_SERVER");
  variable.value = server.url;
  const channel = freshChannel();
  using worker = new Isolate(WORKER);
  await worker.call("start", { channel, id: "first", kind: "log", count: 50 });
  await worker.call("start", { channel, id: "waits", kind: "wait" });
  await worker.call("start", { channel, id: "waits", kind: "count", count: 1 });
  assertEquals(await worker.call("outcome", "first log"), "log 50");
  await worker.call("start", { channel, id: "second", kind: "fail" });
  assertEquals(await worker.call("outcome", "second fail"), "RangeError: broken in a worker");
  await worker.call("outcome", "waits count");
  const { registry } = server.monitor;
  const seen = registry.tasks("default").map(({ id, name, state, current }) => [id, name, state, current]);
  assertEquals(seen.sort(), [
    ["first", "log", "FINISHED", 50],
    ["second", "fail", "ERROR", null],
    ["waits", "wait", "STARTING", null],
  ]);
  const log = await logOf(server.url, { client: "default", id: "first" });
  assertEquals(log, Array.from({ length: 50 }, (_, n) => `line ${n}`));
  await fetch(`${server.url}/tasks/default/waits/cancel`, { method: "POST" }).then((answer) => answer.text());
  assertEquals(await worker.call("outcome", "waits wait"), "AbortError: The task was cancelled");
  assertEquals(registry.task("default", "waits")?.state, "CANCELLED");
  // The worker does not search for a monitor a second time.
  assertEquals(await worker.call("repeat", { channel, count: 20 }), 190);
  assertEquals(registry.tasks("default").length, 23);
  assertEquals(server.errors, []);
});
