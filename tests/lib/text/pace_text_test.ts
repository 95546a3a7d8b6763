import fc from "fast-check";
import { expectedProgress, paceOf } from "../../../lib/text/pace_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

/** Creates a running task with the given progress and an expected duration of 1,000 seconds. */
function running(progress: number | null) {
  return exampleTask({ progress, expected_duration: 1_000 });
}

Deno.test("paceOf() says how far a run is behind or ahead of past runs", () => {
  const after = (seconds: number, progress: number | null) =>
    paceOf(running(progress), EXAMPLE_TIME + seconds)?.text;
  assertEquals(after(1_220, 50), "12m 00s behind usual");
  assertEquals(after(320, 50), "3m 00s ahead of usual");
  assertEquals(after(540, 50), "as usual");
  assertEquals(after(0, 0), "as usual");
  assertEquals(after(1_720, 100), "12m 00s longer than usual");
  assertEquals(after(999, null), "usually 16m 40s", "nothing is known before it is due");
  assertEquals(after(1_720, null), "12m 00s longer than usual");
});

Deno.test("paceOf() compares the duration of a finished run, and says nothing of others", () => {
  const ended = (seconds: number, fields = {}) => {
    const times = { started_at: EXAMPLE_TIME, finished_at: EXAMPLE_TIME + seconds, expected_duration: 1_000 };
    return paceOf(finishedTask({ ...times, ...fields }), EXAMPLE_TIME + 9_999)?.text;
  };
  assertEquals(ended(1_720), "12m 00s longer than usual");
  assertEquals(ended(880), "2m 00s shorter than usual");
  assertEquals(ended(1_020), "as usual");
  assertEquals([ended(1_720, { state: "ERROR" }), ended(1_720, { state: "CANCELLED" })], [
    undefined,
    undefined,
  ]);
  assertEquals([ended(1_720, { expected_duration: null }), ended(1_720, { started_at: null })], [
    undefined,
    undefined,
  ]);
});

Deno.test("expectedProgress() is the share of the expected duration that has passed, at most 100 %", () => {
  const at = (seconds: number) => expectedProgress(running(1), EXAMPLE_TIME + seconds);
  assertEquals([at(0), at(250), at(1_000), at(5_000)], [0, 25, 100, 100]);
  assertEquals(expectedProgress(exampleTask(), EXAMPLE_TIME + 9), null);
  assertEquals(expectedProgress(finishedTask({ expected_duration: 1 }), EXAMPLE_TIME + 9), null);
});

Deno.test("paceOf() and expectedProgress() agree on which side of the mark a run is", () => {
  const numbers = { min: 0, max: 10_000, noNaN: true };
  fc.assert(fc.property(fc.double(numbers), fc.double({ ...numbers, max: 99 }), (seconds, progress) => {
    const task = running(progress);
    const { text, isLate } = paceOf(task, EXAMPLE_TIME + seconds)!;
    const due = expectedProgress(task, EXAMPLE_TIME + seconds)!;
    assertEquals(isLate, text.includes("behind"));
    if (text.includes("behind")) assert(progress < due, `${text} at ${progress} instead of ${due}`);
    if (text.includes("ahead")) assert(progress > due, `${text} at ${progress} instead of ${due}`);
  }));
});
