import fc from "fast-check";
import type { Task } from "../../../lib/task/task.ts";
import { hasEnded } from "../../../lib/task/task_view.ts";
import { pageOfTasks, TASKS_PER_PAGE } from "../../../ui/shared/list_slice.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";

function someTasks(active: number, ended: number): Task[] {
  return [
    ...Array.from({ length: active }, (_, index) => exampleTask({ id: `a${index}`, created_at: index })),
    ...Array.from({ length: ended }, (_, index) => finishedTask({ id: `e${index}`, finished_at: index })),
  ];
}

Deno.test("pageOfTasks() lists the active tasks, newest first, and then the ended tasks, in order of their end", () => {
  const page = pageOfTasks([
    finishedTask({ id: "ended-first", finished_at: 5, created_at: 4 }),
    exampleTask({ id: "older", created_at: 1 }),
    finishedTask({ id: "ended-last", finished_at: 9, created_at: 2 }),
    exampleTask({ id: "waiting", state: "NOT_STARTED", active: false, created_at: 2 }),
    exampleTask({ id: "newer", created_at: 3 }),
  ], 1);
  assertEquals(page.tasks.map((task) => task.id), ["newer", "waiting", "older", "ended-last", "ended-first"]);
  assertEquals([page.activeTotal, page.endedTotal, page.page, page.pages], [3, 2, 1, 1]);
});

Deno.test("pageOfTasks() clamps the page number to the existing pages", () => {
  const tasks = someTasks(30, 180);
  const pageFor = (page: number) => pageOfTasks(tasks, page).page;
  assertEquals([-1, 0, 1, 2.9, 3, 4, NaN, Infinity].map(pageFor), [1, 1, 1, 2, 3, 3, 1, 1]);
  const { tasks: none, page, pages } = pageOfTasks([], 7);
  assertEquals([none, page, pages], [[], 1, 1]);
});

Deno.test("pageOfTasks() puts every task on exactly one page", () => {
  fc.assert(
    fc.property(fc.nat(250), fc.nat(250), (active, ended) => {
      const tasks = someTasks(active, ended);
      const { pages } = pageOfTasks(tasks, 1);
      const seen = Array.from({ length: pages }, (_, index) => pageOfTasks(tasks, index + 1).tasks);
      assert(seen.every((page, index) => index === pages - 1 || page.length === TASKS_PER_PAGE));
      assertEquals(new Set(seen.flat().map((task) => task.id)).size, tasks.length);
      const flags = seen.flat().map(hasEnded);
      assertEquals(
        flags,
        [...flags].sort((a, b) => Number(a) - Number(b)),
        "an active task after an ended one",
      );
    }),
    { numRuns: 25 },
  );
});
