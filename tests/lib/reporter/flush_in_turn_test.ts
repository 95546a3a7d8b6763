/** Tests how tasks share the room of a sink. */

import { TaskReporter } from "../../../lib/reporter/task_reporter.ts";
import { assertEquals } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

/** Starts a task of a sink. */
function begin(sink: RecordingSink, id: string): TaskReporter {
  const handlers = { onCancel: () => {}, onInterrupt: () => {}, warn: () => {} };
  const reporter = new TaskReporter(sink, { client: "c", id }, handlers);
  reporter.begin(createChange());
  return reporter;
}

/** Logs as many lines as fill the given number of reports. */
function fill(reporter: TaskReporter, reports: number): void {
  for (let n = 0; n < reports * 8; n++) reporter.log("x".repeat(8_000));
}

Deno.test("FlushInTurn sends no second report of a log before each task has had its turn", () => {
  using _clock = new FakeClock();
  const sink = new RecordingSink();
  const [loud, quiet, short] = ["loud", "quiet", "short"].map((id) => begin(sink, id));
  sink.ready = false;
  fill(loud!, 3);
  quiet!.update({ progress: 1 });
  fill(short!, 2);
  short!.end({ type: "finish", result: null });
  const before = sink.reports.length;
  sink.ready = true;
  assertEquals(sink.reports.slice(before).map(({ id, change }) => `${id} ${change.type}`), [
    "loud log",
    "quiet update",
    "short log",
    "loud log",
    "short log",
    "short finish",
    "loud log",
  ]);
});

Deno.test("FlushInTurn continues with the task for which there was no room", () => {
  using _clock = new FakeClock();
  const sink = new RecordingSink();
  const tasks = ["a", "b", "c"].map((id) => begin(sink, id));
  sink.ready = false;
  const served: string[] = [];
  for (let turn = 0; turn < 6; turn++) {
    // Each task always has more lines than there is room for.
    for (const task of tasks) fill(task, 2);
    sink.room = 1;
    sink.ready = true;
    served.push(sink.reports.at(-1)!.id);
  }
  assertEquals(served.join(""), "abcabc");
});
