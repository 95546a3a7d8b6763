import fc from "fast-check";
import { inTrees } from "../../../lib/task/task_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

Deno.test("inTrees() puts subtasks below their parents, oldest first, and a tree at the place of its first task", () => {
  const at = (seconds: number) => ({
    created_at: EXAMPLE_TIME + seconds,
    finished_at: EXAMPLE_TIME + seconds,
  });
  const running = (seconds: number) => ({ created_at: EXAMPLE_TIME + seconds });
  const trees = inTrees([
    finishedTask({ id: "old", ...at(1) }),
    finishedTask({ id: "ended", ...at(2) }),
    exampleTask({ id: "late", parent_id: "ended", ...running(9) }),
    exampleTask({ id: "deep", parent_id: "late", ...running(10) }),
    exampleTask({ id: "early", parent_id: "ended", ...running(3) }),
    exampleTask({ id: "running", ...running(4) }),
    exampleTask({ id: "stranger", parent_id: "unknown", ...running(5) }),
    finishedTask({ id: "new", ...at(20) }),
  ]);
  assertEquals(trees.map(({ task, depth }) => [task.id, depth]), [
    ["ended", 0],
    ["early", 1],
    ["late", 1],
    ["deep", 2],
    ["stranger", 0],
    ["running", 0],
    ["new", 0],
    ["old", 0],
  ]);
});

Deno.test("inTrees() returns every task once, even if some are their own ancestors, and however deep they are", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  fc.assert(fc.property(fc.uniqueArray(fc.tuple(id, fc.option(id)), { selector: ([id]) => id }), (links) => {
    const tasks = links.map(([id, parent_id]) => exampleTask({ id, parent_id }));
    const trees = inTrees(tasks);
    assertEquals(trees.map(({ task }) => task.id).sort(), tasks.map(({ id }) => id).sort());
    for (const [row, { task, depth }] of trees.entries()) {
      if (depth === 0) continue;
      const above = trees.slice(0, row).findLast((other) => other.depth < depth);
      assert(above?.depth === depth - 1 && above.task.id === task.parent_id);
    }
  }));
  const chain = Array.from({ length: 20_000 }, (_, n) => exampleTask({ id: `${n}`, parent_id: `${n - 1}` }));
  assertEquals(inTrees(chain.reverse()).at(-1)?.depth, 19_999);
});
