/** Tests runs that are interrupted because their process is about to end. */

import type { MonitoredTask } from "../../../lib/reporter/monitored_task.ts";
import type { Task } from "../../../lib/task/task.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "../../support/assert.ts";
import { LocalMonitor } from "../../support/local_monitor.ts";
import { RecordingSink } from "../../support/recording_sink.ts";
import { wrap } from "../../../lib/reporter/wrap.ts";

const MESSAGE = "The server was shut down while the task ran";

/** Resolves with the reason once the task's signal is aborted. */
function stopped({ signal }: MonitoredTask): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}

function endOf({ state, error, cancel_requested }: Task): unknown[] {
  return [state, error?.type ?? null, error?.message ?? null, cancel_requested];
}

Deno.test("startRun() aborts the signal of an interrupted run, but records no cancellation request", async () => {
  const sink = new RecordingSink();
  const gate = Promise.withResolvers<unknown>();
  const run = wrap(
    async (task) => {
      void stopped(task).then(gate.resolve);
      await gate.promise;
    },
    {},
    () => sink,
  ).start();
  sink.opened[0]!.interrupted();
  const reason = await gate.promise;
  assertInstanceOf(reason, DOMException);
  assertEquals([reason.name, reason.message], ["AbortError", MESSAGE]);
  await run.done;
  assertEquals(sink.types, ["create", "start", "finish"]);
  // A function that finishes in spite of the interruption ends as FINISHED.
  assertEquals(endOf(sink.task(run.id)), ["FINISHED", null, null, false]);
});

Deno.test("startRun() ends the task as ERROR, not as CANCELLED, if the function stops because of an interruption", async () => {
  using monitor = new LocalMonitor();
  const { registry } = monitor.test;
  const endings: ((task: MonitoredTask, reason: unknown) => unknown)[] = [
    (task) => task.signal.throwIfAborted(),
    (_task, reason) => Promise.reject(reason),
    (_task, cause) => Promise.reject(new Error("outer", { cause })),
    () => Promise.reject(new DOMException("my own", "AbortError")),
    async (task) => {
      for await (const _ of task.track([1, 2, 3]));
    },
  ];
  for (const [i, ending] of endings.entries()) {
    const id = `${i}`;
    const run = monitor.monitored(async (task) => await ending(task, await stopped(task)), { id }).start();
    registry.announceShutdown();
    await assertRejects(() => run.done);
    const task = registry.task("default", id)!;
    assertEquals(endOf(task), ["ERROR", "interrupted", MESSAGE, false], `ending ${i}`);
    assertEquals(task.status, `Error: ${MESSAGE}`);
  }
});

Deno.test("startRun() records the function's own error if it fails for another reason during an interruption", async () => {
  using monitor = new LocalMonitor();
  const error = new TypeError("broken on the way out");
  const run = monitor.monitored(async (task) => {
    await stopped(task);
    throw error;
  }).start();
  monitor.test.registry.announceShutdown();
  assertStrictEquals(await run.done.catch((thrown) => thrown), error);
  assertEquals(endOf(monitor.task), ["ERROR", "TypeError", "broken on the way out", false]);
});

Deno.test("startRun() ends the task as CANCELLED if cancellation was requested before the interruption", async () => {
  using monitor = new LocalMonitor();
  const run = monitor.monitored(async (task) => {
    const reason = await stopped(task);
    await Promise.resolve();
    throw reason;
  }).start();
  monitor.test.registry.requestCancel("default", run.id);
  monitor.test.registry.announceShutdown();
  await assertRejects(() => run.done, DOMException, "The task was cancelled");
  assertEquals(endOf(monitor.task), ["CANCELLED", null, null, true]);
});

Deno.test("startRun() ends the task as interrupted if cancellation was requested only after the interruption", async () => {
  using monitor = new LocalMonitor();
  const run = monitor.monitored(async (task) => {
    const reason = await stopped(task);
    await Promise.resolve();
    throw reason;
  }).start();
  monitor.test.registry.announceShutdown();
  run.cancel();
  await assertRejects(() => run.done, DOMException, MESSAGE);
  assertEquals(endOf(monitor.task), ["ERROR", "interrupted", MESSAGE, false]);
});

Deno.test("startRun() can be interrupted even if the caller gave a signal of its own", async () => {
  using monitor = new LocalMonitor();
  const { signal } = new AbortController();
  const run = monitor.monitored(async (task) => Promise.reject(await stopped(task)), { signal }).start();
  monitor.test.registry.announceShutdown();
  await assertRejects(() => run.done, DOMException, MESSAGE);
  assertEquals(endOf(monitor.task), ["ERROR", "interrupted", MESSAGE, false]);
  assertEquals(signal.aborted, false);
});

Deno.test("startRun() ignores an interruption after the end of the task", async () => {
  using monitor = new LocalMonitor();
  let signal: AbortSignal | undefined;
  await monitor.monitored((task) => void (signal = task.signal))();
  const { version } = monitor.task;
  monitor.test.registry.announceShutdown();
  assertEquals([signal?.aborted, monitor.task.version], [false, version]);
});

Deno.test("MonitoredChild and its own children end as interrupted together with the parent", async () => {
  using monitor = new LocalMonitor();
  const run = monitor.monitored(async (task) => {
    const child = task.child("child");
    child.child("grandchild");
    task.child("done").finish();
    const reason = await stopped(task);
    assert(child.signal.aborted);
    throw reason;
  }, { name: "parent" }).start();
  monitor.test.registry.announceShutdown();
  await assertRejects(() => run.done);
  for (const name of ["parent", "child", "grandchild"]) {
    assertEquals(endOf(monitor.named(name)), ["ERROR", "interrupted", MESSAGE, false], name);
  }
  assertEquals(monitor.named("done").state, "FINISHED");
  assertEquals(monitor.test.registry.runningCount, 0);
});
