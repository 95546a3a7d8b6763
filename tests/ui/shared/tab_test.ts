import fc from "fast-check";
import type { Task } from "../../../lib/task/task.ts";
import { tabIcon, TabProgress, tabTitle } from "../../../ui/shared/tab.ts";
import { assert, assertEquals, assertMatch, assertNotEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

function ended(id: string): Task {
  return exampleTask({ id, state: "FINISHED", active: false, finished_at: 1, progress: 100 });
}

function changes(tasks: readonly Task[], removed: readonly string[] = []) {
  return { tasks: new Map(tasks.map((task) => [task.id, task])), removed: new Set(removed) };
}

Deno.test("TabProgress.percent is the mean of all active top-level tasks that report progress", () => {
  const progress = new TabProgress([
    exampleTask({ id: "a", progress: 20 }),
    exampleTask({ id: "b", progress: null }),
    exampleTask({ id: "part", progress: 90, parent_id: "a" }),
    ended("e"),
  ], null);
  assertEquals(progress.percent, 20);
  progress.apply(changes([exampleTask({ id: "b", progress: 60 })]));
  assertEquals(progress.percent, 40);
  progress.apply(changes([ended("a")]));
  assertEquals(progress.percent, 60);
  progress.apply(changes([], ["b"]));
  assertEquals(progress.percent, null);
  progress.replace([exampleTask({ id: "c", progress: 5 })]);
  assertEquals(progress.percent, 5);
});

Deno.test("TabProgress.percent on a task page is the progress of the page's task, even if that is a subtask", () => {
  const progress = new TabProgress([exampleTask({ id: "a", progress: 20, parent_id: "p" })], "a");
  progress.apply(changes([exampleTask({ id: "other", progress: 99 })]));
  assertEquals(progress.percent, 20);
});

Deno.test("tabTitle() puts failures or progress before the title", () => {
  assertEquals(tabTitle("2 active · Taskscope", { percent: 42.9, failed: 0 }), "42% · 2 active · Taskscope");
  assertEquals(tabTitle("Taskscope", { percent: null, failed: 3 }), "✗ 3 failed · Taskscope");
  assertEquals(tabTitle("Taskscope", { percent: null, failed: 0 }), "Taskscope");
});

Deno.test("tabIcon() returns a small icon, the same for states that look the same, and different ones for failure and disconnection", () => {
  const plain = { percent: null, failed: 0, isLive: true } as const;
  assertEquals(tabIcon({ ...plain, percent: 40.2 }), tabIcon({ ...plain, percent: 40.8 }));
  const icons = [
    plain,
    { ...plain, percent: 40 },
    { ...plain, percent: 41 },
    { ...plain, failed: 1 },
    { ...plain, isLive: false },
  ].map(tabIcon);
  assertEquals(new Set(icons).size, icons.length);
  assertNotEquals(tabIcon({ ...plain, failed: 1 }), tabIcon(plain));
  fc.assert(fc.property(
    fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    fc.nat(),
    fc.boolean(),
    (percent, failed, isLive) => {
      const icon = tabIcon({ percent, failed, isLive });
      assertMatch(icon, /^data:image\/svg\+xml,%3Csvg%20/);
      assert(icon.length < 1_000 && !/NaN|undefined/.test(icon));
    },
  ));
});
