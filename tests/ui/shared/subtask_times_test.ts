import fc from "fast-check";
import { spanOf, spanText, timeAxis } from "../../../ui/shared/subtask_times.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

Deno.test("spanOf() places a task on the axis of all tasks", () => {
  const parent = exampleTask({ started_at: EXAMPLE_TIME });
  const done = finishedTask({ started_at: EXAMPLE_TIME + 10, finished_at: EXAMPLE_TIME + 60 });
  const now = EXAMPLE_TIME + 100;
  const axis = timeAxis([parent, done], now);
  assertEquals(axis, { start: EXAMPLE_TIME, end: now });
  assertEquals(spanOf(parent, axis, now), { from: 0, length: 100 });
  const { from, length } = spanOf(done, axis, now)!;
  assertEquals([from.toFixed(6), length.toFixed(6)], ["10.000000", "50.000000"]);
  assertEquals(spanText(done, axis, now), "started after 10s, took 50s");
  assertEquals(spanText(parent, axis, now), "started after 0.0s, running for 1m 40s");
  const waiting = exampleTask({ started_at: null, active: false, state: "NOT_STARTED" });
  assertEquals([spanOf(waiting, axis, now), spanText(waiting, axis, now)], [null, "not started"]);
});

Deno.test("spanOf() stays within the axis, even if the clocks of the reporters were wrong", () => {
  const time = fc.integer({ min: -50, max: 50 }).map((seconds) => EXAMPLE_TIME + seconds);
  const task = fc.record({ created_at: time, started_at: fc.option(time), finished_at: fc.option(time) })
    .map((times) => exampleTask(times));
  fc.assert(fc.property(fc.array(task, { minLength: 1 }), time, (tasks, now) => {
    const axis = timeAxis(tasks, now);
    assert(axis.end > axis.start);
    for (const each of tasks) {
      const span = spanOf(each, axis, now);
      assertEquals(span === null, each.started_at === null);
      if (span !== null) assert(span.from >= 0 && span.from + span.length <= 100 + 1e-9);
    }
  }));
});
