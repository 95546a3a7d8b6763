import type { Task } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { ChannelMonitor, freshChannel } from "../../support/channel_monitor.ts";
import { Isolate } from "../../support/isolate.ts";
import { until } from "../../support/until.ts";
import type { RunOrder } from "../replica/worker.ts";

const WORKER = new URL("../replica/worker.ts", import.meta.url);

function taskOf(monitor: ChannelMonitor, id: string): Task | undefined {
  return monitor.test.registry.task("default", id);
}

/** Returns the stored log lines of a task. */
async function linesOf(monitor: ChannelMonitor, id: string): Promise<string[]> {
  return (await monitor.test.registry.log("default", id, 0, Infinity)).lines.map(({ text }) => text);
}

async function start(
  worker: Isolate,
  monitor: ChannelMonitor,
  order: Omit<RunOrder, "channel">,
): Promise<void> {
  await worker.call("start", { channel: monitor.channel, ...order });
}

Deno.test("monitored() in a worker reports everything, in order, before it resolves", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await start(worker, monitor, { id: "logging", kind: "log", count: 900 });
  assertEquals(await worker.call("outcome", "logging log"), "log 900");
  const task = taskOf(monitor, "logging")!;
  assertEquals([task.state, task.result, task.progress, task.current], ["FINISHED", "log 900", 100, 900]);
  assertEquals([task.name, task.log_count], ["log", 900]);
  const lines = await linesOf(monitor, "logging");
  assertEquals(lines, Array.from({ length: 900 }, (_, i) => `line ${i}`));
  await start(worker, monitor, { id: "failing", kind: "fail" });
  assertEquals(await worker.call("outcome", "failing fail"), "RangeError: broken in a worker");
  assertEquals([taskOf(monitor, "failing")?.state, taskOf(monitor, "failing")?.error?.type], [
    "ERROR",
    "RangeError",
  ]);
  assertEquals(monitor.errors, []);
});

Deno.test("monitored() in a worker drops the oldest log lines if there are more than it can send, and logs the loss", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await start(worker, monitor, { id: "flood", kind: "log", count: 100_000 });
  assertEquals(await worker.call("outcome", "flood log"), "log 100000");
  // On a busy machine, the function resolves before the monitor has applied all reports of the task. The last
  // report is the end of the task.
  await until(() => taskOf(monitor, "flood")?.active === false);
  assertEquals(taskOf(monitor, "flood")?.current, 100_000);
  const lines = await linesOf(monitor, "flood");
  const numbers = lines.filter((text) => text.startsWith("line ")).map((text) => Number(text.slice(5)));
  assertEquals([numbers.at(-1), numbers.length >= 999], [99_999, true]);
  assertEquals(numbers, numbers.toSorted((a, b) => a - b));
  assertEquals(monitor.errors, []);
});

Deno.test("monitored() in a worker can be called again as soon as the previous call has ended", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  assertEquals(await worker.call("repeat", { channel: monitor.channel, count: 100 }), 4_950);
  const tasks = monitor.test.registry.tasks("default");
  assertEquals([tasks.length, tasks.every(({ state }) => state === "FINISHED")], [100, true]);
});

Deno.test("monitored() in a worker reports a task until its end, even if the task starts while another one ends", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  assertEquals(await worker.call("overlap", { channel: monitor.channel, count: 400 }), 79_800);
  const tasks = monitor.test.registry.tasks("default");
  assertEquals([tasks.length, tasks.filter(({ state }) => state !== "FINISHED")], [400, []]);
});

Deno.test("monitored() in a worker can be cancelled through the registry", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  for (const id of ["one", "two"]) await start(worker, monitor, { id, kind: "wait" });
  await until(() => taskOf(monitor, "one")?.active === true && taskOf(monitor, "two")?.active === true);
  monitor.test.registry.requestCancel("default", "one");
  assertEquals(await worker.call("outcome", "one wait"), "AbortError: The task was cancelled");
  assertEquals([taskOf(monitor, "one")?.state, taskOf(monitor, "two")?.state], ["CANCELLED", "STARTING"]);
  monitor.test.registry.requestCancel("default", "two");
  await worker.call("outcome", "two wait");
  assertEquals(taskOf(monitor, "two")?.state, "CANCELLED");
});

Deno.test("monitored() in a worker is interrupted before the process of its monitor ends", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await start(worker, monitor, { id: "t", kind: "wait" });
  await until(() => taskOf(monitor, "t")?.active === true);
  monitor.test.registry.announceShutdown();
  const message = "The server was shut down while the task ran";
  assertEquals(await worker.call("outcome", "t wait"), `AbortError: ${message}`);
  const { state, error, cancel_requested } = taskOf(monitor, "t")!;
  assertEquals([state, error, cancel_requested], ["ERROR", { type: "interrupted", message }, false]);
});

Deno.test("monitored() called in two workers with the same id reports only the first call", async () => {
  using monitor = new ChannelMonitor();
  using first = new Isolate(WORKER);
  using second = new Isolate(WORKER);
  await start(first, monitor, { id: "same", kind: "wait" });
  await until(() => taskOf(monitor, "same")?.active === true);
  await start(second, monitor, { id: "same", kind: "count", count: 10 });
  assertEquals(await second.call("outcome", "same count"), "count 10");
  assertEquals([taskOf(monitor, "same")?.name, taskOf(monitor, "same")?.current], ["wait", null]);
  monitor.test.registry.requestCancel("default", "same");
  await first.call("outcome", "same wait");
  assertEquals(taskOf(monitor, "same")?.state, "CANCELLED");
});

Deno.test("monitored() called twice in one worker with the same id reports only the first call", async () => {
  using monitor = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await start(worker, monitor, { id: "same", kind: "wait" });
  await until(() => taskOf(monitor, "same")?.active === true);
  await start(worker, monitor, { id: "same", kind: "count", count: 10 });
  assertEquals(await worker.call("outcome", "same count"), "count 10");
  const { name, state, current } = taskOf(monitor, "same")!;
  assertEquals([name, state, current], ["wait", "STARTING", null]);
  monitor.test.registry.requestCancel("default", "same");
  await until(() => taskOf(monitor, "same")?.state === "CANCELLED");
});

Deno.test("monitored() in a worker does not report to a monitor on another channel", async () => {
  using mine = new ChannelMonitor();
  using other = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await start(worker, mine, { id: "a", kind: "count", count: 3 });
  await start(worker, other, { id: "b", kind: "count", count: 3 });
  await worker.call("outcome", "a count");
  await worker.call("outcome", "b count");
  assertEquals([taskOf(mine, "a")?.state, taskOf(mine, "b")], ["FINISHED", undefined]);
  assertEquals([taskOf(other, "b")?.state, taskOf(other, "a")], ["FINISHED", undefined]);
});

Deno.test("monitored() in a worker reports to a monitor created after the task started, and waits until everything is committed", async () => {
  using worker = new Isolate(WORKER);
  for (let i = 0; i < 10; i++) {
    const channel = freshChannel();
    await worker.call("start", { channel, id: `${i}`, kind: "count", count: 5 });
    using late = new ChannelMonitor({}, channel);
    await worker.call("outcome", `${i} count`);
    assertEquals([taskOf(late, `${i}`)?.state, taskOf(late, `${i}`)?.current], ["FINISHED", 5]);
  }
});

Deno.test("monitored() in a worker reports new tasks to the monitor that takes over the channel", async () => {
  const first = new ChannelMonitor();
  using worker = new Isolate(WORKER);
  await start(worker, first, { id: "old", kind: "wait" });
  await until(() => taskOf(first, "old")?.active === true);
  first[Symbol.dispose]();
  using second = new ChannelMonitor({}, first.channel, "second");
  await start(worker, second, { id: "new", kind: "count", count: 5 });
  assertEquals(await worker.call("outcome", "new count"), "count 5");
  await until(() => taskOf(second, "new")?.state === "FINISHED");
});
