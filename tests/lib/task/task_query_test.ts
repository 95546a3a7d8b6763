import fc from "fast-check";
import { summaryOf, type Task } from "../../../lib/task/task.ts";
import {
  compare,
  isDecidedBySummary,
  matches,
  matchesRecord,
  matchesSummary,
  type TaskQuery,
} from "../../../lib/task/task_query.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";
import { listedTasks, taskQueries } from "../../support/task_queries.ts";

const EVERYTHING: TaskQuery = {
  states: null,
  name: null,
  tags: [],
  text: null,
  since: null,
  until: null,
  sort: { field: "created_at", descending: false },
  limit: 100,
  page: 1,
};

Deno.test("matches() takes tasks that were there within a time, however long they have run", () => {
  const ended = finishedTask({ created_at: 100, updated_at: 150, finished_at: 200 });
  const running = exampleTask({ created_at: 100, updated_at: 150 });
  const found = (task: Task, since: number | null, until: number | null) =>
    matches(task, { ...EVERYTHING, since, until });
  assertEquals([199, 200, 201].map((since) => found(ended, since, null)), [true, true, false]);
  assertEquals([199, 200, 201].map((since) => found(running, since, null)), [true, true, true]);
  for (const task of [ended, running]) {
    assertEquals([99, 100, 101].map((until) => found(task, null, until)), [false, true, true]);
  }
  assertEquals([found(ended, 120, 180), found(ended, 180, 120), found(ended, 201, 300)], [true, true, false]);
});

Deno.test("matches() is what a summary tells and what it can't tell", () => {
  let decided = 0;
  fc.assert(
    fc.property(listedTasks, taskQueries, (task, query) => {
      const summary = summaryOf(task);
      assertEquals(matches(task, query), matchesSummary(summary, query) && matchesRecord(task, query));
      assertEquals(matchesSummary(summary, query), matchesSummary(task, query));
      if (!isDecidedBySummary(summary, query)) return;
      decided++;
      assertEquals(matches(task, query), matchesSummary(summary, query), "nothing else was needed");
    }),
    { numRuns: 2_000 },
  );
  assertEquals(decided > 200, true, `${decided} were decided by their summaries`);
});

Deno.test("compare() is the other way round for the other order, and 0 for tasks of one rank", () => {
  fc.assert(
    fc.property(listedTasks, listedTasks, taskQueries, (left, right, { sort }) => {
      const order = Math.sign(compare(left, right, sort));
      assertEquals(Math.sign(compare(right, left, sort)), -order || 0);
      assertEquals(Math.sign(compare(left, right, { ...sort, descending: !sort.descending })), -order || 0);
      assertEquals(order === 0, left[sort.field] === right[sort.field]);
    }),
  );
});
