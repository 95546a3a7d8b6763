/**
 * Tests the examples of subtasks in the guide: in this isolate, in another isolate, and over a remote
 * connection.
 */

import type { Task } from "../../../lib/task/task.ts";
import { assertEquals, assertGreater } from "../../support/assert.ts";
import { ChannelMonitor } from "../../support/channel_monitor.ts";
import { DirectMonitor } from "../../support/direct_monitor.ts";
import { Isolate } from "../../support/isolate.ts";
import { LocalMonitor } from "../../support/local_monitor.ts";
import { startServer } from "../../support/server.ts";
import { runSubtaskExample, subtaskExamples } from "../../support/subtask_examples.ts";
import { until } from "../../support/until.ts";

const WORKER = new URL("./subtasks_worker.ts", import.meta.url);
const EXAMPLES = await subtaskExamples();

interface Registry {
  task(client: string, id: string): Task | undefined;
  tasks(client: string): Task[];
}

/**
 * Waits until a task has the given progress; if that is `null`, also until its newest subtask has made
 * progress.
 */
async function shows(registry: Registry, id: string, progress: number | null): Promise<void> {
  await until(() => {
    const task = registry.task("default", id);
    const newest = registry.tasks("default").find(({ parent_id }) => parent_id === id);
    return task?.progress === progress && (progress !== null || (newest?.progress ?? 0) > 0);
  });
}

/** Runs all examples in a worker, and checks the progress of the task at each step. */
async function runInWorker(
  registry: Registry,
  options: { channel: string } | { server: string },
): Promise<void> {
  for (const [index, { title, code, steps }] of EXAMPLES.entries()) {
    using isolate = new Isolate(WORKER);
    const id = `example-${index}`;
    await isolate.call("start", { id, code, ...options });
    let count = 0;
    for (;; count++) {
      const progress = await isolate.call<number | null | "end">("step");
      if (progress === "end") break;
      await shows(registry, id, progress);
      await isolate.call("next");
    }
    assertGreater(count, steps - 1, title);
    await isolate.call("next");
    await until(() => registry.task("default", id)?.progress === 100);
  }
}

Deno.test("the guide has five examples of subtasks", () => {
  assertEquals(EXAMPLES.length, 5);
  for (const { steps, title } of EXAMPLES) assertGreater(steps, 1, title);
});

for (const { title, code } of EXAMPLES) {
  Deno.test(`MonitoredTask.child() leads to the progress in the guide: ${title}`, async () => {
    using monitor = new LocalMonitor();
    const run = monitor.monitored((task) =>
      runSubtaskExample(code, task, (progress) => shows(monitor.test.registry, task.id, progress))
    );
    await run();
    assertEquals(monitor.tasks[0]?.progress, 100);
  });
}

Deno.test("MonitoredTask.child() leads to the same progress in another isolate", async () => {
  using monitor = new ChannelMonitor();
  await runInWorker(monitor.test.registry, { channel: monitor.channel });
  assertEquals(monitor.errors, []);
});

Deno.test("MonitoredTask.child() leads to the same progress over a remote connection", async () => {
  await using server = startServer();
  await runInWorker(server.monitor.registry, { server: server.url });
  assertEquals(server.errors, []);
});

Deno.test("MonitoredTask.child() keeps the order of subtasks that make progress before the connection is open", async () => {
  await using server = startServer();
  using isolate = new Isolate(WORKER);
  const start = async (id: string, code: string) => {
    await isolate.call("start", { id, code: `${code} await shows(0);`, server: server.url });
    await isolate.call("step");
    await until(() => server.monitor.registry.tasks("default").some(({ name }) => name === `${id}-last`));
  };
  const progress = (id: string) => server.monitor.registry.task("default", id)?.progress;
  // All calls of each snippet are made in a single turn of the event loop.
  await start("after", 'task.child("a").finish(); task.child("after-last").update({ progress: 50 });');
  assertEquals(progress("after"), null);
  await isolate.call("next");
  await isolate.call("step");
  await isolate.call("next");
  await start("front", 'const a = task.child("a"); task.child("front-last"); a.finish();');
  await until(() => progress("front") === 50);
});

Deno.test("MonitoredTask.child() and expect() ignore invalid values", async () => {
  using monitor = new LocalMonitor();
  await monitor.monitored((task) => {
    for (const share of [NaN, -0.1, 1.1, "0.5" as never]) task.child("child", { share });
    task.child("child", { share: 0.5 });
    for (const weight of [NaN, -1, Infinity, undefined as never, "3" as never]) task.expect(weight);
  }, { name: "parent" })();
  assertEquals(monitor.named("parent").expected_weight, null);
  assertEquals(monitor.tasks.slice(1).map(({ share }) => share), [null, null, null, null, 0.5]);
});

Deno.test("ReportCalls lead to the progress that is calculated by the formula", async () => {
  await using direct = new DirectMonitor();
  const progress = async () => (await direct.ask("GET", "/tasks/c/whole")).json.progress;
  const created = await direct.ask("POST", "/tasks/c", { json: { id: "whole", expected_weight: 4 } });
  assertEquals([created.json.expected_weight, created.json.progress, created.json.share], [4, 0, null]);
  const create = async (id: string, fields: Record<string, unknown>) => {
    const { json } = await direct.ask("POST", "/tasks/c", { json: { id, parent_id: "whole", ...fields } });
    return [json.weight, json.share];
  };
  assertEquals(await create("a", { share: 0.5, progress: 40 }), [1, 0.5]);
  assertEquals(await progress(), 20);
  assertEquals(await create("b", { weight: 2 }), [2, null]);
  await direct.ask("POST", "/tasks/c/b/fail", { json: { message: "no" } });
  assertEquals(await progress(), 45);
  const patched = await direct.ask("PATCH", "/tasks/c/whole", { form: "expected_weight=2" });
  assertEquals([patched.json.progress, patched.json.expected_weight], [70, 2]);
  await direct.ask("PATCH", "/tasks/c/whole", { json: { expected_weight: null } });
  assertEquals(await progress(), null);
  await direct.ask("PATCH", "/tasks/c/whole", { form: "progress=100" });
  await direct.ask("PATCH", "/tasks/c/a", { form: "progress=50" });
  assertEquals(await progress(), 100);
});
