import fc from "fast-check";
import type { Task } from "../../../lib/task/task.ts";
import { MAX_SUBTASKS, type Relations, relationsOf } from "../../../ui/shared/relations.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function related(tasks: readonly Task[], id: string) {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const read = (ids: readonly string[]) => ids.map((id) => byId.get(id)).filter((task) => task !== undefined);
  return relationsOf({ summaries: tasks, read }, byId.get(id)!) as Relations;
}

function ids(tasks: readonly { readonly id: string }[]): string[] {
  return tasks.map(({ id }) => id);
}

Deno.test("relationsOf() finds nested subtasks in the order of their creation, and omits fields that their rows do not show", () => {
  const subtask = (id: string, parent_id: string, created_at: number) =>
    finishedTask({ id, parent_id, created_at, result: "long", metadata: { much: 1 } });
  const found = related([
    exampleTask({ id: "a" }),
    subtask("c", "b", 3),
    subtask("b", "a", 2),
    subtask("d", "a", 1),
    subtask("x", "y", 1),
  ], "a");
  assertEquals(ids(found.subtasks), ["d", "b", "c"]);
  assertEquals(found.omitted, 0);
  assertEquals(found.subtasks.map(({ result, metadata }) => [result, metadata]), Array(3).fill([null, {}]));
});

Deno.test("relationsOf() counts the subtasks that it leaves out", () => {
  const subtasks = Array.from(
    { length: MAX_SUBTASKS + 7 },
    (_, n) => exampleTask({ id: `p${n}`, parent_id: "a" }),
  );
  const found = related([exampleTask({ id: "a" }), ...subtasks], "a");
  assertEquals([found.subtasks.length, found.omitted], [MAX_SUBTASKS, 7]);
});

Deno.test("relationsOf() finds all existing attempts of a task, whichever attempt is given", () => {
  const attempt = (id: string, attempt: number, retry_of: string | null) =>
    finishedTask({ id, attempt, retry_of, created_at: EXAMPLE_TIME + attempt });
  const tasks = [
    attempt("d", 4, "c"),
    attempt("c", 3, "b"),
    attempt("b", 2, "a"),
    attempt("b2", 2, "a"),
    attempt("a", 1, null),
    finishedTask({ id: "x" }),
  ];
  for (const id of ["a", "b", "b2", "c", "d"]) {
    assertEquals(ids(related(tasks, id).attempts), ["a", "b", "b2", "c", "d"], id);
  }
  assertEquals(ids(related(tasks.filter(({ id }) => id !== "b"), "d").attempts), ["c", "d"]);
  assertEquals(related(tasks, "x").attempts, []);
});

Deno.test("relationsOf() finds the parent if it exists", () => {
  const tasks = [
    exampleTask({ id: "a" }),
    exampleTask({ id: "b", parent_id: "a" }),
    exampleTask({ id: "c", parent_id: "gone" }),
  ];
  assertEquals(["a", "b", "c"].map((id) => related(tasks, id).parent), [null, { id: "a" }, null]);
});

Deno.test("relationsOf() finds the previous and the next run of the same name", () => {
  const run = (id: string, created_at: number, name = "task") => exampleTask({ id, name, created_at });
  const tasks = [run("c", 3), run("a", 1), run("e", 5), run("d", 4, "other"), run("b", 2)];
  const around = (id: string) => {
    const { previous, next } = related(tasks, id);
    return [previous?.id, next?.id];
  };
  assertEquals(["a", "b", "c", "d", "e"].map(around), [
    [undefined, "b"],
    ["a", "c"],
    ["b", "e"],
    [undefined, undefined],
    ["c", undefined],
  ]);
});

Deno.test("relationsOf() terminates even if tasks refer to each other in a cycle", () => {
  const names = fc.constantFrom("a", "b", "c", "d", "e");
  const relation = fc.record({
    parent_id: fc.option(names),
    retry_of: fc.option(names),
    created_at: fc.nat(9),
  });
  fc.assert(fc.property(fc.array(relation, { minLength: 5, maxLength: 5 }), (relations) => {
    const tasks = relations.map((each, index) => exampleTask({ ...each, id: "abcde"[index]! }));
    for (const { id } of tasks) {
      const found = related(tasks, id);
      assertEquals(new Set(ids(found.subtasks)).size, found.subtasks.length);
      assert(!ids(found.subtasks).includes(id), "no task is a subtask of itself");
      assertEquals(new Set(ids(found.attempts)).size, found.attempts.length);
    }
  }));
});
