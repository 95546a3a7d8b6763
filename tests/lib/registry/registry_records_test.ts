/** Tests reads of records that are not in memory, while the tasks change. */

import type { Task } from "../../../lib/task/task.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { TestRegistry } from "../../support/registry.ts";
import { SlowRecords } from "../../support/slow_records.ts";

/** Creates a registry with an ended task, whose record is read asynchronously. */
function start(): { readonly store: SlowRecords; readonly test: TestRegistry } {
  const store = new SlowRecords();
  const test = new TestRegistry({}, "first", store);
  test.begin("c", "1");
  test.report("c", "1", { type: "finish", result: "first" });
  return { store, test };
}

Deno.test("Registry.record() returns a record synchronously if it is in memory, like that of every unfinished task", async () => {
  const { store, test } = start();
  using _test = test;
  test.begin("c", "live");
  const live = test.registry.record("c", "live");
  assert(!(live instanceof Promise) && live?.task.id === "live");
  assertEquals([test.registry.record("c", "unknown"), store.reads], [undefined, 0]);
  const ended = test.registry.record("c", "1");
  assert(ended instanceof Promise);
  await store.release();
  assertEquals((await ended)?.task.result, "first");
});

Deno.test("Registry.record() returns undefined if the task is removed while its record is read", async () => {
  const { store, test } = start();
  using _test = test;
  const reading = test.registry.record("c", "1");
  test.registry.remove("c", "1");
  await store.release();
  assertEquals(await reading, undefined);
});

Deno.test("Registry.record() returns the newer record if the task is restored or replaced while the old one is read", async () => {
  const { store, test } = start();
  using _test = test;
  const reading = test.registry.record("c", "1");
  test.registry.remove("c", "1");
  const restoring = test.registry.restore("c", "1");
  await store.release(undefined, 1);
  const restored = await restoring;
  await store.release();
  await store.release();
  assertEquals([(await reading)?.task.version, (await reading)?.task.result], [restored.version, "first"]);

  const again = test.registry.record("c", "1");
  test.registry.remove("c", "1");
  test.begin("c", "1");
  await store.release();
  assertEquals((await again)?.task.state, "STARTING");
});

Deno.test("Registry.restore() fails if the task is purged, restored or replaced while its record is read", async () => {
  const changes: Record<string, (test: TestRegistry, store: SlowRecords) => void> = {
    purged: (_test, store) => store.purged.add("1"),
    replaced: (test) => test.begin("c", "1"),
  };
  for (const [what, change] of Object.entries(changes)) {
    const { store, test } = start();
    using _test = test;
    test.registry.remove("c", "1");
    const restoring = test.registry.restore("c", "1") as Promise<Task>;
    change(test, store);
    const failed = assertRejects(() => restoring, TransitionError);
    await store.release();
    assertEquals((await failed).code, what === "purged" ? "task_not_found" : "task_exists", what);
  }
  const { store, test } = start();
  using _test = test;
  test.registry.remove("c", "1");
  const [first, second] = [1, 2].map(() => test.registry.restore("c", "1") as Promise<Task>);
  const failed = assertRejects(() => second!, TransitionError);
  await store.release();
  assertEquals([(await first!).id, (await failed).code], ["1", "task_exists"]);
});

Deno.test("Registry.report() refuses changes of an ended task whose record is not in memory", () => {
  using test = start().test;
  const codeOf = (act: () => unknown) => assertThrows(act, TransitionError).code;
  assertEquals(codeOf(() => test.report("c", "1", createChange())), "task_exists");
  assertEquals(codeOf(() => test.report("c", "1", { type: "update", progress: 5 })), "task_ended");
  assertEquals(codeOf(() => test.report("c", "1", { type: "finish", result: "again" })), "task_ended");
  assertEquals(test.registry.stored("c", "1")?.summary.state, "FINISHED");
});

Deno.test("Registry.task() throws, and read() waits, if the record is not in memory", async () => {
  const { store, test } = start();
  using _test = test;
  assertThrows(() => test.registry.task("c", "1"), Error, "use read()");
  assertThrows(() => test.registry.tasks("c"), Error, "use read()");
  const reading = Promise.all([test.registry.read("c", "1"), test.registry.readAll("c")]);
  await store.release();
  const [task, tasks] = await reading;
  assertEquals([task?.result, tasks.map(({ id }) => id)], ["first", ["1"]]);
});

Deno.test("Registry subtracts an earlier attempt of a subtask once its record is read", async () => {
  const { store, test } = start();
  using _test = test;
  test.begin("c", "parent");
  for (const id of ["try", "other"]) test.begin("c", id, { parent_id: "parent" });
  test.report("c", "try", { type: "fail", error: { type: "Error", message: "no" } });
  const progress = () => test.registry.task("c", "parent")?.progress;
  test.begin("c", "retry", { parent_id: "parent", retry_of: "try" });
  await store.release();
  test.report("c", "retry", { type: "update", progress: 50 });
  assertEquals(progress(), 25, "half of one of two");
});
