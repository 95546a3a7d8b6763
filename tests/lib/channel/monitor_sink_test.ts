import { MonitorSink } from "../../../lib/channel/monitor_sink.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";
import { assertEquals } from "../../support/assert.ts";
import { ChannelMonitor } from "../../support/channel_monitor.ts";
import { until } from "../../support/until.ts";

const AWAIT_MS = { longest: 20, interval: 1 };

/** Starts a task that the monitor knows; `end` lets it end. */
async function start(monitor: ChannelMonitor, sink: MonitorSink): Promise<() => Promise<string>> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const run = wrap(() => promise, { name: "job", id: "t" }, () => sink).start();
  await until(() => monitor.test.registry.task("default", "t")?.state === "STARTING");
  return () => {
    resolve("done");
    return run.done;
  };
}

Deno.test("MonitorSink closes its channel if its monitor has left and its tasks have ended", async () => {
  const monitor = new ChannelMonitor();
  const sink = new MonitorSink(monitor.channel, () => null, () => {}, AWAIT_MS);
  const end = await start(monitor, sink);
  monitor[Symbol.dispose]();
  // As long as a task runs, the channel is open, because another monitor may take over.
  await until(() => !sink.ready);
  using successor = new ChannelMonitor({}, monitor.channel, "second");
  await until(() => successor.test.registry.task("default", "t")?.state === "STARTING");
  successor[Symbol.dispose]();
  await until(() => !sink.ready);
  assertEquals(await end(), "done");
  // A sink is ready if it has no channel. The sanitizer of resources detects an open channel.
  await until(() => sink.ready);
});

Deno.test("MonitorSink reports the end of a task to a monitor that was only restarted", async () => {
  using monitor = new ChannelMonitor();
  const sink = new MonitorSink(monitor.channel, () => null, () => {}, { longest: 60_000, interval: 1 });
  const end = await start(monitor, sink);
  monitor.reopen();
  assertEquals(await end(), "done");
  await until(() => monitor.test.registry.task("default", "t")?.state === "FINISHED");
  await until(() => sink.ready);
});
