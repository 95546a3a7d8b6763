/** Tests the task object inside a monitored function: subtasks and track(). */

import type { MonitoredChild, MonitoredTask } from "../../../lib/reporter/monitored_task.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { LocalMonitor, turn } from "../../support/local_monitor.ts";

/** Runs a monitored function as the task "parent". */
async function run(monitor: LocalMonitor, fn: (task: MonitoredTask) => unknown): Promise<void> {
  try {
    await monitor.monitored(fn, { name: "parent" })();
  } finally {
    // The promises of updates that were not awaited may resolve in a later turn of the event loop.
    await turn();
  }
}

function statesOf(monitor: LocalMonitor): Record<string, string> {
  return Object.fromEntries(monitor.tasks.map(({ name, state }) => [name, state]));
}

Deno.test("MonitoredTask.child() creates a separate record below that of its parent", async () => {
  using monitor = new LocalMonitor();
  await run(monitor, (task) => {
    const child = task.child("part", { weight: 3 });
    assert(child.id !== task.id);
    assertEquals([child.client, child.signal], [task.client, task.signal]);
    const other = task.child("other");
    void child.update({ progress: 40, status: "Halfway" });
    child.log("a line");
    child.finish({ rows: 5 });
    child.finish("twice");
    assertEquals(monitor.named("parent").progress, 75);
    other.finish();
    assertEquals(monitor.named("parent").progress, null, "the parent may create further subtasks");
  });
  const [parent, part] = [monitor.named("parent"), monitor.named("part")];
  assertEquals([part.parent_id, part.weight, part.state], [parent.id, 3, "FINISHED"]);
  assertEquals([part.result, part.status, part.log_count], [{ rows: 5 }, "Halfway", 1]);
});

Deno.test("MonitoredChild finishes at the end of its block, and can fail while its parent continues", async () => {
  using monitor = new LocalMonitor();
  await run(monitor, (task) => {
    {
      using _block = task.child("block");
      assertEquals(statesOf(monitor).block, "STARTING");
    }
    task.child("failed").fail(new TypeError("broken"));
    assertEquals(statesOf(monitor), { parent: "PROCESSING", block: "FINISHED", failed: "ERROR" });
  });
  assertEquals(monitor.named("failed").error?.type, "TypeError");
  assertEquals(monitor.named("parent").state, "FINISHED");
});

Deno.test("MonitoredChild and its own children end together with the parent, in the same state", async () => {
  const begin = (task: MonitoredTask): MonitoredChild => {
    const child = task.child("child");
    child.child("grandchild");
    return child;
  };
  using finished = new LocalMonitor();
  await run(finished, (task) => void begin(task));
  assertEquals(statesOf(finished), { parent: "FINISHED", child: "FINISHED", grandchild: "FINISHED" });
  using failed = new LocalMonitor();
  await assertRejects(() =>
    run(failed, (task) => {
      begin(task);
      throw new Error("no");
    })
  );
  assertEquals(statesOf(failed), { parent: "ERROR", child: "ERROR", grandchild: "ERROR" });
  using cancelled = new LocalMonitor();
  const handle = cancelled.monitored(async (task) => {
    begin(task);
    await Promise.resolve();
    task.signal.throwIfAborted();
  }, { name: "parent" }).start();
  handle.cancel();
  await handle.done.catch(() => {});
  assertEquals(statesOf(cancelled), { parent: "CANCELLED", child: "CANCELLED", grandchild: "CANCELLED" });
});

Deno.test("MonitoredChild passes a cancellation request on to the task that it belongs to", async () => {
  using monitor = new LocalMonitor();
  await assertRejects(() =>
    run(monitor, (task) => {
      const child = task.child("child");
      monitor.test.registry.requestCancel("default", child.id);
      assertEquals([task.signal.aborted, child.signal.aborted], [true, true]);
      task.signal.throwIfAborted();
    }), DOMException);
  assertEquals(statesOf(monitor), { parent: "CANCELLED", child: "CANCELLED" });
});

Deno.test("MonitoredTask.child() accepts any name and weight without throwing", async () => {
  using monitor = new LocalMonitor();
  await run(monitor, (task) => {
    for (const weight of [NaN, -1, Infinity, "2" as never]) task.child("child", { weight });
    task.child("x".repeat(500));
    task.child(undefined as never);
  });
  const parent = monitor.named("parent");
  assertEquals([parent.state, monitor.tasks.length], ["FINISHED", 7]);
  assertEquals(monitor.tasks.filter(({ name }) => name === "child").map(({ weight }) => weight), [
    1,
    1,
    1,
    1,
  ]);
  assert(monitor.tasks.every(({ name }) => name.length >= 1 && name.length <= 200));
});

Deno.test("MonitoredTask.child() always sets a name and never throws, even for invalid names", async () => {
  for (const name of ["", Object.create(null), Symbol("name"), null]) {
    using monitor = new LocalMonitor();
    await run(monitor, (task) => task.child(name as never).finish());
    assert(monitor.tasks.every(({ name, state }) => name.length >= 1 && state === "FINISHED"));
  }
});

async function* asyncItems<T>(items: readonly T[], onEnd: () => void = () => {}): AsyncGenerator<T> {
  try {
    for (const item of items) yield await Promise.resolve(item);
  } finally {
    onEnd();
  }
}

function* syncItems<T>(items: readonly T[], onEnd: () => void = () => {}): Generator<T> {
  try {
    yield* items;
  } finally {
    onEnd();
  }
}

const ITEMS = ["a", "b", "c", "d"];

Deno.test("MonitoredTask.track() iterates over any iterable", async () => {
  const table: [string, () => Iterable<string> | AsyncIterable<string>, number | undefined, number | null][] =
    [
      ["array", () => ITEMS, undefined, 4],
      ["set", () => new Set(ITEMS), undefined, 4],
      ["map's keys", () => new Map(ITEMS.map((item) => [item, 1])).keys(), undefined, null],
      ["generator", () => syncItems(ITEMS), undefined, null],
      ["generator with total", () => syncItems(ITEMS), 8, 8],
      ["async generator", () => asyncItems(ITEMS), undefined, null],
      ["async generator with total", () => asyncItems(ITEMS), 4, 4],
      ["stream", () => ReadableStream.from(ITEMS), undefined, null],
    ];
  for (const [name, items, total, shown] of table) {
    using monitor = new LocalMonitor();
    const seen: string[] = [];
    const result = monitor.monitored(async (task) => {
      for await (
        const item of task.track(items(), { unit: "letters", ...(total !== undefined && { total }) })
      ) {
        seen.push(item);
      }
      return monitor.task;
    })();
    await result;
    const { current, unit, total: shownTotal } = monitor.task;
    assertEquals([seen, current, shownTotal, unit], [ITEMS, 4, shown, "letters"], name);
  }
});

Deno.test("MonitoredTask.track() iterates over the code points of a string", async () => {
  using monitor = new LocalMonitor();
  const seen: string[] = [];
  await run(monitor, async (task) => {
    for await (const letter of task.track("abc")) seen.push(letter);
  });
  assertEquals([seen, monitor.task.current], [["a", "b", "c"], 3]);
});

Deno.test("MonitoredTask.track() counts an item when the loop has processed it", async () => {
  using clock = new FakeClock();
  using monitor = new LocalMonitor();
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
  const progress: unknown[] = [];
  let isOver = false;
  const done = monitor.monitored(async (task) => {
    for await (const item of task.track(ITEMS)) {
      await pause();
      progress.push([item, monitor.task.current, monitor.task.progress]);
    }
    await pause();
    progress.push(monitor.task.progress);
  })().finally(() => isOver = true);
  while (!isOver) await clock.passAsync(10);
  await done;
  assertEquals(progress, [["a", 0, 0], ["b", 1, 25], ["c", 2, 50], ["d", 3, 75], 100]);
});

Deno.test("MonitoredTask.track() of an empty iterable ends at once", async () => {
  using monitor = new LocalMonitor();
  await run(monitor, async (task) => {
    for await (const _ of task.track([])) throw new Error("there is nothing");
  });
  assertEquals([monitor.task.state, monitor.task.current, monitor.task.total], ["FINISHED", 0, 0]);
});

Deno.test("MonitoredTask.track() throws the signal's reason after a cancellation request, and closes its iterator", async () => {
  for (const items of [syncItems, asyncItems]) {
    using monitor = new LocalMonitor();
    const seen: string[] = [];
    let isClosed = false;
    const handle = monitor.monitored(async (task) => {
      for await (const item of task.track(items(ITEMS, () => isClosed = true))) {
        seen.push(item);
        if (item === "b") handle.cancel();
      }
    }).start();
    const error = await assertRejects(() => handle.done, DOMException);
    assertEquals([error.name, seen, isClosed, monitor.task.state], [
      "AbortError",
      ["a", "b"],
      true,
      "CANCELLED",
    ]);
  }
});

Deno.test("MonitoredTask.track() closes its iterator when the loop is left early", async () => {
  using monitor = new LocalMonitor();
  let isClosed = false;
  await run(monitor, async (task) => {
    for await (const item of task.track(asyncItems(ITEMS, () => isClosed = true))) if (item === "b") break;
  });
  assertEquals([isClosed, monitor.task.state, monitor.task.current], [true, "FINISHED", 1]);
});

Deno.test("MonitoredTask.track() rethrows errors of the iterator", async () => {
  using monitor = new LocalMonitor();
  const error = new Error("in the items");
  const fn = monitor.monitored(async (task) => {
    const items = function* () {
      yield 1;
      throw error;
    };
    for await (const _ of task.track(items()));
  });
  assertStrictEquals(await fn().catch((thrown) => thrown), error);
  assertEquals([monitor.task.state, monitor.task.current], ["ERROR", 1]);
});
