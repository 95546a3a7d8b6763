import fc from "fast-check";
import { summaryOf, type Task } from "../../../lib/task/task.ts";
import { type FilterName, TASK_FILTERS } from "../../../lib/task/task_query.ts";
import { compare, matches, matchesSummary, matchingTasks } from "../../../lib/task/apply_query.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";
import { listedTasks, taskQueries } from "../../support/task_queries.ts";

Deno.test("matches() with since and until selects tasks that existed in that period, even if they began before it", () => {
  const ended = finishedTask({ created_at: 100, updated_at: 150, finished_at: 200 });
  const running = exampleTask({ created_at: 100, updated_at: 150 });
  const found = (task: Task, since: number | null, until: number | null) => {
    const conditions = Object.entries({ since, until }).filter(([, time]) => time !== null)
      .map(([name, time]) => TASK_FILTERS[name as FilterName].condition([String(time)], 0));
    return matches(task, conditions);
  };
  assertEquals([199, 200, 201].map((since) => found(ended, since, null)), [true, true, false]);
  assertEquals([199, 200, 201].map((since) => found(running, since, null)), [true, true, true]);
  for (const task of [ended, running]) {
    assertEquals([99, 100, 101].map((until) => found(task, null, until)), [false, true, true]);
  }
  assertEquals([found(ended, 120, 180), found(ended, 180, 120), found(ended, 201, 300)], [true, true, false]);
});

Deno.test("matchingTasks() returns the same as matches(), and reads the record only if the summary does not suffice", () => {
  let decided = 0;
  fc.assert(
    fc.property(listedTasks, taskQueries, (task, { conditions }) => {
      const summary = summaryOf(task);
      for (const { onSummary, onRecord } of conditions) {
        const decision = onSummary(summary);
        assertEquals(decision, onSummary(task), "a summary needs no other field");
        if (decision !== undefined) {
          assertEquals(decision, onRecord(task), "a decision of the summary is final");
        }
      }
      let reads = 0;
      const listed = {
        summary,
        get task() {
          reads++;
          return task;
        },
      };
      const matching = matchingTasks([listed], conditions, (some) => some);
      assertEquals(matching, matches(task, conditions) ? [listed] : []);
      const isOpen = matchesSummary(summary, conditions) &&
        conditions.some(({ onSummary }) => onSummary(summary) === undefined);
      assertEquals(reads, isOpen ? 1 : 0);
      if (!isOpen) decided++;
    }),
    { numRuns: 2_000 },
  );
  assertEquals(decided > 200, true, `${decided} were decided by their summaries`);
});

Deno.test("compare() reverses its result for descending order, and returns 0 for equal fields", () => {
  fc.assert(
    fc.property(listedTasks, listedTasks, taskQueries, (left, right, { sort }) => {
      const order = Math.sign(compare(left, right, sort));
      assertEquals(Math.sign(compare(right, left, sort)), -order || 0);
      assertEquals(Math.sign(compare(left, right, { ...sort, descending: !sort.descending })), -order || 0);
      if (sort.field === "duration") return;
      assertEquals(order === 0, left[sort.field] === right[sort.field]);
    }),
  );
});

Deno.test("compare() sorts by duration, with tasks that have not ended after those that have", () => {
  const lasting = (id: string, started_at: number | null, finished_at: number | null) =>
    exampleTask({ id, started_at, finished_at });
  const tasks = [
    lasting("waiting", null, null),
    lasting("short", 90, 91),
    lasting("long", 10, 70),
    lasting("young", 95, null),
    lasting("old", 5, null),
  ];
  const sorted = tasks.toReversed().sort((left, right) =>
    compare(left, right, { field: "duration", descending: false })
  );
  assertEquals(sorted.map(({ id }) => id), ["waiting", "short", "long", "young", "old"]);
});
