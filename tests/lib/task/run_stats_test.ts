import fc from "fast-check";
import { runStats } from "../../../lib/task/run_stats.ts";
import { isFinal, TASK_STATES, type TaskState, type TaskSummary } from "../../../lib/task/task.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

/** Creates a task that ended at the given time after the given duration. */
function run(
  id: string,
  finished: number,
  seconds: number,
  state: TaskState = "FINISHED",
  name = "job",
): TaskSummary {
  const finished_at = EXAMPLE_TIME + finished;
  return finishedTask({ id, name, state, started_at: finished_at - seconds, finished_at });
}

Deno.test("runStats() summarises the runs of a name", () => {
  const [stats, ...others] = runStats([
    exampleTask({ id: "waiting", name: "job", state: "NOT_STARTED", active: false, started_at: null }),
    exampleTask({ id: "running", name: "job" }),
    run("1", 10, 4),
    run("2", 40, 8),
    run("failed", 20, 1_000, "ERROR"),
    run("cancelled", 30, 2_000, "CANCELLED"),
    run("3", 35, 6.5),
  ]);
  assertEquals(others, []);
  const { last, ...numbers } = stats!;
  assertEquals(numbers, { name: "job", runs: 5, active: 2, failure_rate: 0.25, median: 6.5, p95: 7.85 });
  assertEquals(last.map(({ id, state, duration }) => [id, state, duration]), [
    ["2", "FINISHED", 8],
    ["3", "FINISHED", 6.5],
    ["cancelled", "CANCELLED", 2_000],
    ["failed", "ERROR", 1_000],
    ["1", "FINISHED", 4],
  ]);
  assertEquals(last[0]?.finished_at, EXAMPLE_TIME + 40);
});

Deno.test("runStats() returns null for values to which no run contributes", () => {
  const nothing = { failure_rate: null, median: null, p95: null };
  assertEquals(runStats([]), []);
  assertEquals(runStats([exampleTask({ name: "new" })]), [
    { name: "new", runs: 0, active: 1, ...nothing, last: [] },
  ]);
  const cancelled = finishedTask({ id: "c", state: "CANCELLED", started_at: null, finished_at: 5 });
  const [stats] = runStats([cancelled]);
  assertEquals([stats?.runs, stats?.failure_rate, stats?.median], [1, null, null]);
  assertEquals(stats?.last, [{ id: "c", state: "CANCELLED", duration: null, finished_at: 5 }]);
});

Deno.test("runStats() compares names exactly, and sorts them", () => {
  const names = ["job", "Job", "job ", "", "__proto__", "constructor", "é"];
  const stats = runStats(names.map((name, index) => run(`${index}`, index, 1, "FINISHED", name)));
  assertEquals(stats.map(({ name, runs }) => [name, runs]), [...names].sort().map((name) => [name, 1]));
});

Deno.test("runStats() lists the last twenty runs, and the younger task first if times are equal", () => {
  const runs = Array.from({ length: 50 }, (_, index) => run(`${index}`, Math.floor(index / 10), 1));
  const [stats] = runStats(runs);
  assertEquals(stats?.runs, 50);
  assertEquals(stats?.last.map(({ id }) => Number(id)), Array.from({ length: 20 }, (_, index) => 49 - index));
});

Deno.test("runStats() counts every task once, and returns quantiles in ascending order", () => {
  const task = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    state: fc.constantFrom(...TASK_STATES),
    started_at: fc.option(fc.integer({ min: 0, max: 100 })),
    finished_at: fc.integer({ min: 0, max: 200 }),
  }).map(({ finished_at, ...fields }) => {
    return exampleTask({ ...fields, finished_at: isFinal(fields.state) ? finished_at : null });
  });
  fc.assert(fc.property(fc.array(task, { maxLength: 100, size: "max" }), (tasks) => {
    const all = runStats(tasks);
    assertEquals(all.reduce((sum, { runs, active }) => sum + runs + active, 0), tasks.length);
    for (const { runs, failure_rate, median, p95, last } of all) {
      assertEquals([last.length, median === null], [Math.min(20, runs), p95 === null]);
      assert(failure_rate === null || (failure_rate >= 0 && failure_rate <= 1));
      assert(median === null || (median >= 0 && median <= p95!), `${median} ${p95}`);
      assert(
        last.every(({ finished_at }, index) => index === 0 || finished_at! <= last[index - 1]!.finished_at!),
      );
    }
  }));
});
