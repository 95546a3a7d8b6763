import fc from "fast-check";
import { elapsedSeconds } from "../../../lib/text/format.ts";
import { type HistoryEntry, isFinal, type Task, TASK_STATES } from "../../../lib/task/task.ts";
import { foldSteps, MAX_ROWS, type Step, stepsOf, timelineOf, withStep } from "../../../ui/shared/steps.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

/** Creates a history in which each status follows the previous one after a number of seconds. */
function history(...entries: readonly (readonly [after: number, text: string, progress?: number])[]) {
  let at = EXAMPLE_TIME;
  return entries.map(([after, status, progress = null]): HistoryEntry => {
    return { at: at += after, state: "PROCESSING", status, progress: progress as number | null, version: 1 };
  });
}

const ENTRIES = fc.array(
  fc.record({
    at: fc.double({ min: EXAMPLE_TIME - 50, max: EXAMPLE_TIME + 500, noNaN: true }),
    state: fc.constantFrom(...TASK_STATES),
    status: fc.constantFrom("a", "b", "c", "d"),
    progress: fc.option(fc.integer({ min: 0, max: 100 })),
    version: fc.constant(1),
  }),
  { maxLength: 120 },
);

Deno.test("timelineOf() divides the whole elapsed time of a task into rows, whatever the task's history is", () => {
  const inOrder = ENTRIES.map((entries) => entries.sort((left, right) => left.at - right.at));
  const end = fc.option(fc.double({ min: 0, max: 600, noNaN: true }));
  fc.assert(
    fc.property(fc.oneof(ENTRIES, inOrder), end, fc.integer({ min: 1, max: 30 }), (entries, after, most) => {
      const task = after === null ? exampleTask() : finishedTask({ finished_at: EXAMPLE_TIME + after });
      const now = EXAMPLE_TIME + 300;
      const rows = timelineOf(stepsOf(entries), task, now, most);
      const total = rows.reduce((sum, row) => sum + row.duration, 0);
      assert(Math.abs(total - elapsedSeconds(task, now)!) < 1e-5, `the rows add up to ${total} s`);
      assert(rows.every((row) => row.duration >= 0), "no duration is negative");
      assertEquals(rows[0]?.at, EXAMPLE_TIME);
      const states = rows.filter((row) => row.isEntry).length;
      assert(rows.length <= most + 2 * states, `${rows.length} rows, of which ${most} are wanted`);
      assertEquals(rows.filter((row) => row.isRunning).length, after === null ? 1 : 0);
    }),
  );
});

Deno.test("foldSteps() preserves the total count of steps and the total time", () => {
  fc.assert(fc.property(ENTRIES, fc.integer({ min: 1, max: 30 }), (entries, most) => {
    const steps = stepsOf(entries.sort((left, right) => left.at - right.at));
    const folded = foldSteps(steps, EXAMPLE_TIME + 600, most);
    assertEquals(folded.reduce((sum, step) => sum + step.count, 0), steps.length);
    const times = new Set(steps.map(({ at }) => at));
    assert(
      folded.every(({ at }) => times.has(at)),
      "every merged step begins at the time of an original step",
    );
    assertEquals(folded.at(-1)?.text, steps.at(-1)?.text, "the last step is kept");
  }));
});

Deno.test("stepsOf() merges only consecutive entries with the same status", () => {
  const steps = stepsOf(history([0, "Reading", 0], [2, "Reading", 5], [2, "Writing", 9], [1, "Reading", 12]));
  assertEquals(steps.map(({ at, text, progress }) => [at - EXAMPLE_TIME, text, progress]), [
    [0, "Reading", 0],
    [4, "Writing", 9],
    [5, "Reading", 12],
  ]);
});

Deno.test("timelineOf() shows how long each status lasted, and how far the task progressed", () => {
  const steps = stepsOf(history([0, "Reading", 0], [2, "Writing", 40], [6, "Checking", 90]));
  const rows = timelineOf(steps, exampleTask({ progress: 95 }), EXAMPLE_TIME + 20);
  assertEquals(
    rows.map((row) => [row.text, row.duration, row.progress, row.to, row.isRunning, row.isEntry]),
    [
      ["Reading", 2, 0, 40, false, true],
      ["Writing", 6, 40, 90, false, false],
      ["Checking", 12, 90, 95, true, false],
    ],
  );
});

Deno.test("timelineOf() drops a negligible starting phase, and shows a longer starting phase", () => {
  const beginning = (seconds: number) => {
    const steps = stepsOf([
      { at: EXAMPLE_TIME - 9, state: "NOT_STARTED", status: "Not started", progress: null, version: 1 },
      { at: EXAMPLE_TIME, state: "STARTING", status: "Starting", progress: null, version: 2 },
      ...history([seconds, "Reading"]),
    ]);
    return timelineOf(steps, exampleTask(), EXAMPLE_TIME + 10).map(({ text, duration }) => [text, duration]);
  };
  assertEquals(beginning(0.01), [["Reading", 10]]);
  assertEquals(beginning(3), [["Starting", 3], ["Reading", 7]]);
});

Deno.test("timelineOf() merges the short steps of a long history and keeps the long ones", () => {
  const entries = Array.from({ length: 900 }, (_, n) => [n % 300 === 299 ? 200 : 1, `file ${n}`] as const);
  const rows = timelineOf(stepsOf(history(...entries)), exampleTask(), EXAMPLE_TIME + 1_500);
  assertEquals(rows.map(({ text, count }) => [text, count]), [
    ["file 0", 1],
    ["file 1", 250],
    ["file 251", 47],
    ["file 298", 1],
    ["file 299", 250],
    ["file 549", 49],
    ["file 598", 1],
    ["file 599", 250],
    ["file 849", 49],
    ["file 898", 1],
    ["file 899", 1],
  ]);
  assert(rows.length <= MAX_ROWS);
});

Deno.test("timelineOf() returns one row for a task without statuses, and no rows for a task that has not started", () => {
  const [row, ...more] = timelineOf([], exampleTask({ status: "Reading", progress: 5 }), EXAMPLE_TIME + 3);
  assertEquals([row?.text, row?.duration, row?.to, more.length], ["Reading", 3, 5, 0]);
  assertEquals(timelineOf([], exampleTask({ started_at: null, state: "NOT_STARTED" }), EXAMPLE_TIME), []);
});

Deno.test("withStep() adds the same steps as the server's history, and keeps within the limits", () => {
  const steps: readonly Step[] = stepsOf(history([0, "Reading", 0]));
  const task = (over: Partial<Task>) => exampleTask({ status: "Reading", ...over });
  assertStrictEquals(withStep(steps, task({ progress: 7 })), steps);
  const writing = withStep(steps, task({ status: "Writing", updated_at: EXAMPLE_TIME + 3 }));
  assertEquals(writing.at(-1), { ...steps[0]!, at: EXAMPLE_TIME + 3, text: "Writing", progress: null });
  const ended = withStep(writing, finishedTask({ status: "Writing" }));
  assertEquals([ended.at(-1)?.state, ended.at(-1)?.at], ["FINISHED", EXAMPLE_TIME + 5]);
  assertStrictEquals(
    withStep(ended, finishedTask({ status: "Finished", updated_at: EXAMPLE_TIME + 9 })),
    ended,
  );
  let many = steps;
  for (let n = 0; n < 5_000; n++) {
    many = withStep(many, task({ status: `${n}`, updated_at: EXAMPLE_TIME + n }));
  }
  assert(many.length <= 400 && many.length > 1, `${many.length} steps`);
  assertEquals(many.reduce((sum, step) => sum + step.count, 0), 5_001);
  assert(many.every(({ state }) => !isFinal(state)));
});
