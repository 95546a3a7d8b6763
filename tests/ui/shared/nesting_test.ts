import type { Task } from "../../../lib/task/task.ts";
import { EVERYTHING, type ListQuery } from "../../../ui/shared/list_query.ts";
import { listedTasks, sliceOf, type TaskSlice } from "../../../ui/shared/list_slice.ts";
import { MAX_NESTED, MAX_SIBLINGS } from "../../../ui/shared/nesting.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function slice(tasks: readonly Task[], query: Partial<ListQuery> = {}): TaskSlice {
  return sliceOf(listedTasks(tasks), { ...EVERYTHING, ...query }, EXAMPLE_TIME, 1);
}

function ids(tasks: readonly Task[]): string[] {
  return tasks.map(({ id }) => id);
}

/** Returns running subtasks of a task, oldest first. */
function subtasksOf(parent: string, count: number): Task[] {
  return Array.from(
    { length: count },
    (_, index) =>
      exampleTask({ id: `${parent}-${index}`, parent_id: parent, created_at: EXAMPLE_TIME + index }),
  );
}

Deno.test("sliceOf() lists three levels of subtasks below their parents, and counts the fourth", () => {
  const chain = ["a", "b", "c", "d", "e"].map((id, index, all) =>
    exampleTask({ id, parent_id: all[index - 1] ?? null })
  );
  const { tasks, subtasks, parents, sections, states, matching, activeTotal } = slice(chain);
  assertEquals([ids(tasks), ids(subtasks)], [["a"], ["b", "c", "d"]]);
  assertEquals(parents.map(({ id, total, ended }) => [id, total, ended]), [
    ["a", 1, 0],
    ["b", 1, 0],
    ["c", 1, 0],
    ["d", 1, 0],
  ]);
  assertEquals(sections, [{ key: "active", total: 1 }, { key: "ended", total: 0 }]);
  assertEquals(states, [{ key: "PROCESSING", total: 5 }]);
  assertEquals([matching, activeTotal], [1, 5]);
});

Deno.test("sliceOf() lists a subtask alone if its parent does not exist, has ended before it, or if there is a filter", () => {
  const tasks = [
    finishedTask({ id: "parent", name: "all", finished_at: EXAMPLE_TIME }),
    exampleTask({ id: "late", parent_id: "parent", created_at: EXAMPLE_TIME + 2 }),
    finishedTask({ id: "done", parent_id: "parent" }),
    exampleTask({ id: "orphan", parent_id: "unknown", created_at: EXAMPLE_TIME + 1 }),
    // Records of an old server may be their own ancestors.
    finishedTask({ id: "x", parent_id: "y", finished_at: EXAMPLE_TIME - 2 }),
    finishedTask({ id: "y", parent_id: "x", finished_at: EXAMPLE_TIME - 1 }),
  ];
  const all = slice(tasks);
  assertEquals([ids(all.tasks), ids(all.subtasks)], [["late", "orphan", "parent", "y", "x"], ["done"]]);
  const { tasks: found, subtasks, parents } = slice(tasks, { q: "done" });
  assertEquals([ids(found), ids(subtasks)], [["done"], []]);
  assertEquals(parents.map(({ id, name }) => [id, name]), [["parent", "all"]]);
  assertEquals(ids(slice(tasks, { group: "name" }).tasks).length, tasks.length);
});

Deno.test("sliceOf() shows the subtasks of a parent that have not ended, and counts those that it leaves out", () => {
  const ended = subtasksOf("many", 30).map(({ id }) => finishedTask({ id: `done-${id}`, parent_id: "many" }));
  const { subtasks, parents } = slice([exampleTask({ id: "many" }), ...ended, ...subtasksOf("many", 15)]);
  assertEquals(subtasks.length, MAX_SIBLINGS);
  assertEquals(subtasks.filter(({ finished_at: at }) => at === null).length, 15);
  assertEquals(parents.map(({ total, ended }) => [total, ended]), [[45, 30]]);

  const roots = Array.from({ length: 30 }, (_, index) => exampleTask({ id: `r${index}` }));
  const part = slice([...roots, ...roots.flatMap(({ id }) => subtasksOf(id, MAX_SIBLINGS))]);
  assertEquals([part.subtasks.length, part.parents.length], [MAX_NESTED, roots.length]);
});
