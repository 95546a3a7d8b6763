import { isMilestone, WatchedTasks } from "../../../../lib/cli/client/watched_tasks.ts";
import type { Task } from "../../../../lib/task/task.ts";
import { assertEquals } from "../../../support/assert.ts";
import { exampleTask, finishedTask } from "../../../support/example_task.ts";

function news(tasks: Task[], removed: string[] = [], isAll = false) {
  return { type: "tasks", tasks, removed, isAll } as const;
}

const ids = (tasks: readonly Task[]) => tasks.map(({ id }) => id);

Deno.test("WatchedTasks.apply() returns the milestones of a change, and tracks active tasks", () => {
  const tasks = new WatchedTasks(false);
  const first = [
    exampleTask({ id: "a", progress: 10, created_at: 1 }),
    exampleTask({ id: "b", created_at: 2 }),
    finishedTask({ id: "old" }),
  ];
  assertEquals(ids(tasks.apply(news(first, [], true))), ["a", "b"]);
  assertEquals(ids(tasks.live), ["b", "a"]);
  assertEquals(
    ids(tasks.apply(news([exampleTask({ id: "a", progress: 20, created_at: 1, version: 2 })]))),
    [],
  );
  assertEquals(tasks.get("a")?.progress, 20);
  assertEquals(ids(tasks.apply(news([finishedTask({ id: "a", created_at: 1, version: 3 })]))), ["a"]);
  assertEquals(ids(tasks.apply(news([finishedTask({ id: "quick" })]))), ["quick"]);
  assertEquals(ids(tasks.live), ["b"]);
  assertEquals(ids(tasks.apply(news([], ["a"]))), []);
  assertEquals(tasks.get("a"), undefined);
});

Deno.test("WatchedTasks.apply() skips outdated records, but not a new task with the same id", () => {
  const tasks = new WatchedTasks(false);
  tasks.apply(news([exampleTask({ id: "a", version: 5, progress: 50 })], [], true));
  assertEquals(ids(tasks.apply(news([exampleTask({ id: "a", version: 4, progress: 90 })]))), []);
  assertEquals(tasks.get("a")?.progress, 50);
  assertEquals(ids(tasks.apply(news([exampleTask({ id: "a", version: 1, created_at: 9 })]))), ["a"]);
  assertEquals(ids(tasks.apply(news([exampleTask({ id: "a", version: 1, created_at: 8 })], ["a"]))), ["a"]);
  assertEquals(tasks.get("a")?.created_at, 8);
});

Deno.test("WatchedTasks.apply() accepts any version at the start of a connection, because the server may have lost its data", () => {
  const tasks = new WatchedTasks(false);
  tasks.apply({ ...news([exampleTask({ id: "a", version: 60, progress: 50 })], [], true), isOpening: true });
  const again = exampleTask({ id: "a", version: 3, progress: 52 });
  tasks.apply(news([again], [], true));
  assertEquals(tasks.get("a")?.version, 60);
  tasks.apply({ ...news([again], [], true), isOpening: true });
  assertEquals(tasks.get("a")?.version, 3);
  assertEquals(ids(tasks.apply(news([finishedTask({ id: "a", version: 20 })]))), ["a"]);
  assertEquals(tasks.live, []);
});

Deno.test("WatchedTasks.apply() of a complete list forgets the tasks that are not in the list", () => {
  const tasks = new WatchedTasks(false);
  tasks.apply(news([exampleTask({ id: "a" }), exampleTask({ id: "b" })], [], true));
  assertEquals(
    ids(tasks.apply(news([finishedTask({ id: "b", version: 2 }), finishedTask({ id: "c" })], [], true))),
    [
      "b",
      "c",
    ],
  );
  assertEquals(tasks.live, []);
});

Deno.test("WatchedTasks.apply() reports tasks that had already ended only if asked to", () => {
  const first = news([finishedTask()], [], true);
  assertEquals(new WatchedTasks(false).apply(first), []);
  assertEquals(new WatchedTasks(true).apply(first).length, 1);
});

Deno.test("isMilestone() detects a new state, every 25 % of progress, a cancellation request and stale tasks", () => {
  const before = exampleTask({ progress: 30 });
  const table: [Partial<Task>, boolean][] = [
    [{ progress: 49.9 }, false],
    [{ progress: 50 }, true],
    [{ progress: 20 }, false],
    [{ progress: null }, false],
    [{ status: "Step 4" }, false],
    [{ state: "ERROR" }, true],
    [{ cancel_requested: true }, true],
    [{ stale: true }, true],
    [{ created_at: 5 }, true],
  ];
  for (const [change, expected] of table) {
    assertEquals(isMilestone(before, { ...before, ...change }), expected, JSON.stringify(change));
  }
  assertEquals(isMilestone(exampleTask({ progress: null }), exampleTask({ progress: 0 })), true);
  assertEquals(isMilestone(undefined, before), true);
});
