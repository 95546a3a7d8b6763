/**
 * Tests parents that are unknown, created late, ended, or descendants of their own child; and progress that
 * was read from output.
 */

import type { Task } from "../../../lib/task/task.ts";
import fc from "fast-check";
import { type Relations, relationsOf } from "../../../ui/shared/relations.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { StoreFolder } from "../../support/store_folder.ts";

const FAR = new TestReporter("far-reporter", true);

function parentOf(test: TestRegistry, id: string): string | null | undefined {
  return test.registry.task("c", id)?.parent_id;
}

function progressOf(test: TestRegistry, id: string): number | null | undefined {
  return test.registry.task("c", id)?.progress;
}

Deno.test("Registry creates a task without a parent if it would be its own ancestor", () => {
  using test = new TestRegistry();
  test.begin("c", "self", { parent_id: "self" });
  test.begin("c", "a", { parent_id: "c" });
  test.begin("c", "b", { parent_id: "a" });
  test.begin("c", "c", { parent_id: "b" });
  test.begin("d", "c", { parent_id: "b" });
  assertEquals(["self", "a", "b", "c"].map((id) => parentOf(test, id)), [null, "c", "a", null]);
  assertEquals(test.registry.task("d", "c")?.parent_id, "b", "a task of another client is no ancestor");
});

Deno.test("Registry restores a task without a parent if its parent has become its descendant", () => {
  using test = new TestRegistry({ restoreWindowMs: 60_000 });
  test.begin("c", "b");
  test.begin("c", "a", { parent_id: "b" });
  test.finish("c", "a");
  test.finish("c", "b");
  test.registry.remove("c", "a");
  test.registry.remove("c", "b");
  test.begin("c", "b", { parent_id: "a" });
  assertEquals((test.registry.restore("c", "a") as Task).parent_id, null);
  assertEquals(parentOf(test, "b"), "a");
});

Deno.test("Registry accepts subtasks of a parent that has ended, was removed, or is not known yet", () => {
  using test = new TestRegistry();
  test.run("c", "ended", "removed");
  test.registry.remove("c", "removed");
  for (const parent of ["ended", "removed", "late"]) {
    test.begin("c", `of ${parent}`, { parent_id: parent });
    test.progress("c", `of ${parent}`, 50);
    assertEquals(parentOf(test, `of ${parent}`), parent);
  }
  assertEquals(progressOf(test, "ended"), 100);
});

Deno.test("Registry counts unfinished subtasks that were reported before their parent", () => {
  using test = new TestRegistry();
  test.begin("c", "1", { parent_id: "late", share: 0.5 });
  test.progress("c", "1", 50);
  test.begin("c", "2", { parent_id: "late" });
  test.finish("c", "2");
  test.begin("c", "top");
  test.begin("c", "late", { parent_id: "top", share: 1 });
  assertEquals(progressOf(test, "late"), null, "a subtask that ended before is not counted");
  test.report("c", "late", { type: "update", expected_weight: 1 });
  assertEquals(["late", "top"].map((id) => progressOf(test, id)), [25, 25]);
});

Deno.test("Registry shows progress that was read from the output until the task has a subtask", () => {
  using test = new TestRegistry();
  const read = (values: object) => test.report("c", "run", { type: "update", from_output: true, ...values });
  const shown = () => {
    const { progress, current, total, unit, status, own_progress } = test.registry.task("c", "run")!;
    return [progress, current, total, unit, status, own_progress];
  };
  test.begin("c", "run");
  read({ progress: 40, current: 2, total: 5, unit: "files", status: "Reading" });
  assertEquals(shown(), [40, 2, 5, "files", "Reading", false]);
  test.begin("c", "part", { parent_id: "run" });
  assertEquals(shown(), [null, null, null, null, "Processing", false]);
  read({ progress: 90, current: 9, status: "Reading the part" });
  assertEquals(shown(), [null, null, null, null, "Processing", false]);
  read({ expected_weight: 2, metadata: { kept: true } });
  test.progress("c", "part", 50);
  assertEquals(shown(), [25, null, null, null, "Processing", false]);
  assertEquals(test.registry.task("c", "run")?.metadata, { kept: true });
  test.report("c", "run", { type: "update", progress: 80, status: "Own" });
  assertEquals(shown(), [80, null, null, null, "Own", true]);
});

Deno.test("Registry ignores progress that was read from the output of a task with subtasks, also after a restart", async () => {
  using folder = new StoreFolder();
  let store = folder.open();
  let test = new TestRegistry({}, "first", store);
  const restart = async () => {
    await store.committed();
    test[Symbol.dispose]();
    await store[Symbol.asyncDispose]();
    store = folder.open();
    test = new TestRegistry({}, "first", store);
  };
  const report = (id: string, change: Parameters<TestRegistry["report"]>[2]) =>
    test.report("c", id, change, FAR);
  for (const id of ["ended", "running", "read"]) report(id, createChange());
  report("read", { type: "update", from_output: true, current: 1, total: 3 });
  report("1", createChange({ parent_id: "ended" }));
  report("1", { type: "finish", result: null });
  report("2", createChange({ parent_id: "running" }));
  await restart();
  report("3", createChange({ parent_id: "read" }));
  for (const id of ["ended", "running", "read"]) {
    const task = report(id, { type: "update", from_output: true, current: 3, total: 3 });
    assertEquals([task.progress, task.current], [null, null], id);
  }
  test[Symbol.dispose]();
  await store[Symbol.asyncDispose]();
});

const ID = fc.constantFrom("a", "b", "c");
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("create" as const),
      id: ID,
      parent: fc.option(ID, { freq: 9 }),
      retryOf: fc.option(ID),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("progress" as const), id: ID }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("end" as const), id: ID }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("remove" as const, "restore" as const), id: ID }) },
  // A task is created between the removal and the restoration of its parent.
  { weight: 8, arbitrary: fc.record({ do: fc.constant("meanwhile" as const), id: ID, child: ID }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "crash" as const), id: ID }) },
);

Deno.test("Registry never has a task that is its own ancestor, whatever is reported, removed and restored", async () => {
  const seen = { cut: 0, deep: 0, restored: 0, restarts: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: "max" }), async (steps) => {
      using stack = new DisposableStack();
      let folder = stack.use(new StoreFolder());
      let store = folder.open();
      const limits = { restoreWindowMs: 60_000, endedTasksPerClient: 4 };
      let test = new TestRegistry(limits, "first", store);
      for (const { id, ...step } of steps) {
        const task = test.registry.task("c", id);
        const isRunning = task !== undefined && task.finished_at === null;
        if (step.do === "create" && task === undefined) {
          const change = createChange({ parent_id: step.parent, retry_of: step.retryOf });
          const { parent_id } = test.report("c", id, change, FAR);
          if (parent_id !== step.parent) seen.cut++;
        } else if (step.do === "progress" && isRunning) {
          test.report("c", id, { type: "update", progress: 50 }, FAR);
        } else if (step.do === "end" && isRunning) {
          test.report("c", id, { type: "finish", result: null }, FAR);
        } else if (step.do === "meanwhile" && test.registry.remove("c", id)) {
          const isFree = test.registry.task("c", step.child) === undefined && step.child !== id;
          if (isFree) test.report("c", step.child, createChange({ parent_id: id }), FAR);
          test.registry.restore("c", id);
          seen.restored++;
        } else if (step.do === "remove") test.registry.remove("c", id);
        else if (step.do === "restore" && test.registry.removedAt("c", id) !== undefined) {
          test.registry.restore("c", id);
          seen.restored++;
        } else if (step.do === "restart" || step.do === "crash") {
          await store.committed();
          const copy = step.do === "crash" ? stack.use(folder.crashed()) : null;
          test[Symbol.dispose]();
          await store[Symbol.asyncDispose]();
          folder = copy ?? folder;
          store = folder.open();
          test = new TestRegistry(limits, "first", store);
          seen.restarts++;
        }
        const tasks = test.registry.tasks("c");
        for (const { id } of tasks) {
          const line = [id];
          for (let parent = parentOf(test, id); parent; parent = parentOf(test, parent)) {
            assert(!line.includes(parent), `${parent} is its own ancestor: ${line}`);
            line.push(parent);
          }
          if (line.length > 2) seen.deep++;
        }
        const summaries = tasks.map(({ id, name, parent_id, retry_of, created_at }) => {
          return { id, name, parent_id, retry_of, created_at };
        });
        const read = (ids: readonly string[]) => ids.map((id) => test.registry.task("c", id)!);
        for (const task of tasks) {
          const { subtasks } = relationsOf({ summaries, read }, task) as Relations;
          assert(!subtasks.some(({ id }) => id === task.id));
        }
      }
      test[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    }),
    { numRuns: 40 },
  );
  for (const [what, times] of Object.entries(seen)) assertGreater(times, 5, what);
});
