import fc from "fast-check";
import { type RunStats, runStats } from "../../../lib/task/run_stats.ts";
import type { RunSummary } from "../../../lib/task/run_summary.ts";
import type { TaskState } from "../../../lib/task/task.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, finishedTask } from "../../support/example_task.ts";

/** Creates a run that ended at the given time after the given duration. */
function run(id: string, finished: number, seconds: number, state: TaskState = "FINISHED"): RunSummary {
  const finished_at = EXAMPLE_TIME + finished;
  return finishedTask({ id, name: "job", state, started_at: finished_at - seconds, finished_at });
}

/** Returns the statistics of ended runs; `active` is the number of unfinished runs. */
function statsOf(runs: readonly RunSummary[], active = 0): RunStats {
  return runStats({ name: "job", runs, active }, ({ id }) => id !== "gone");
}

Deno.test("runStats() summarises the runs of a name", () => {
  const { last, ...numbers } = statsOf([
    run("2", 40, 8),
    run("gone", 35, 6.5),
    run("cancelled", 30, 2_000, "CANCELLED"),
    run("failed", 20, 1_000, "ERROR"),
    run("1", 10, 4),
  ], 2);
  assertEquals(numbers, { name: "job", runs: 5, active: 2, failure_rate: 0.25, median: 6.5, p95: 7.85 });
  assertEquals(last.map(({ id, state, duration, kept }) => [id, state, duration, kept]), [
    ["2", "FINISHED", 8, true],
    ["gone", "FINISHED", 6.5, false],
    ["cancelled", "CANCELLED", 2_000, true],
    ["failed", "ERROR", 1_000, true],
    ["1", "FINISHED", 4, true],
  ]);
  assertEquals(last[0]?.finished_at, EXAMPLE_TIME + 40);
});

Deno.test("runStats() returns null for statistics to which no run contributes", () => {
  const nothing = { failure_rate: null, median: null, p95: null };
  assertEquals(statsOf([], 1), { name: "job", runs: 0, active: 1, ...nothing, last: [] });
  const stats = statsOf([finishedTask({ id: "c", state: "CANCELLED", started_at: null, finished_at: 5 })]);
  assertEquals([stats.runs, stats.failure_rate, stats.median], [1, null, null]);
  assertEquals(stats.last, [{ id: "c", state: "CANCELLED", duration: null, finished_at: 5, kept: true }]);
});

Deno.test("runStats() lists the first twenty runs in the given order", () => {
  const stats = statsOf(Array.from({ length: 50 }, (_, index) => run(`${index}`, -index, 1)));
  assertEquals(stats.runs, 50);
  assertEquals(stats.last.map(({ id }) => Number(id)), Array.from({ length: 20 }, (_, index) => index));
});

Deno.test("runStats() counts every run once, and returns quantiles in ascending order", () => {
  const ended = fc.record({
    state: fc.constantFrom("FINISHED" as const, "ERROR" as const, "CANCELLED" as const),
    started_at: fc.option(fc.integer({ min: 0, max: 100 })),
    finished_at: fc.integer({ min: 0, max: 200 }),
  }).map((fields) => finishedTask(fields));
  fc.assert(fc.property(fc.array(ended, { maxLength: 100, size: "max" }), (all) => {
    const { runs, failure_rate, median, p95, last } = statsOf(all);
    assertEquals([runs, last.length, median === null], [all.length, Math.min(20, runs), p95 === null]);
    assert(failure_rate === null || (failure_rate >= 0 && failure_rate <= 1));
    assert(median === null || (median >= 0 && median <= p95!), `${median} ${p95}`);
  }));
});
