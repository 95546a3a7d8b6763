/** Tests tasks that are restated: reported again to a server that does not know them. */

import fc from "fast-check";
import { TaskReporter } from "../../../lib/reporter/task_reporter.ts";
import { parseReport } from "../../../lib/task/protocol.ts";
import { byteLength } from "../../../lib/task/byte_length.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import type { LogLine, Task } from "../../../lib/task/task.ts";
import { transition } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { createChange, updates } from "../../support/changes.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

/** Starts a task, and returns its reporter with the sink that records its reports. */
function begin(metadata = {}) {
  const sink = new RecordingSink();
  const warnings: string[] = [];
  const reporter = new TaskReporter(sink, { client: "c", id: "t" }, {
    onCancel: () => {},
    onInterrupt: () => {},
    warn: (message) => warnings.push(message),
  });
  reporter.begin(createChange({ metadata, tags: ["a"], stale_after: 5 }));
  return { sink, reporter, warnings };
}

/** Returns the task and the log that result only from the reports that were repeated. */
function heardAnew(sink: RecordingSink): { readonly task: Task; readonly lines: readonly LogLine[] } {
  const first = sink.reports.findLastIndex(({ change }) => change.type === "create");
  let task: Task | undefined;
  const lines: LogLine[] = [];
  for (const report of sink.reports.slice(first)) {
    // The reports are parsed as a server would parse them.
    const { id, change, at } = parseReport(JSON.parse(JSON.stringify(report)));
    task = transition(task, id, change, at);
    if (change.type === "log") lines.push(...change.lines);
  }
  return { task: task!, lines };
}

/** Removes the fields of a record that depend on the number of reports. */
function essence(task: Task): Partial<Task> {
  const { version: _version, updated_at: _at, log_count: _count, started_at: _started, ...rest } = task;
  return rest;
}

Deno.test("TaskReporter.restate() sends reports that result in the same record as all previous reports", () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("update" as const), update: updates }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(100) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("toggle" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("restate" as const) }) },
    ),
    { maxLength: 30, size: "max" },
  );
  const ends = fc.constantFrom(
    { type: "finish" as const, result: { a: 1 } },
    { type: "fail" as const, error: { message: "m", type: "T" } },
    null,
  );
  using clock = new FakeClock();
  let restated = 0;
  fc.assert(fc.property(steps, ends, (all, end) => {
    // The task `steady` is never restated, so it shows the expected result.
    const steady = begin({ a: 0, kept: true });
    const test = begin({ a: 0, kept: true });
    for (const step of all) {
      for (const { reporter, sink } of [steady, test]) {
        if (step.do === "update") reporter.update(step.update);
        if (step.do === "cancel") reporter.requestCancel();
        if (step.do === "toggle") sink.ready = !sink.ready;
      }
      if (step.do === "pass") clock.pass(step.ms);
      if (step.do === "restate") {
        test.reporter.restate([]);
        restated++;
      }
    }
    for (const { reporter } of [steady, test]) if (end !== null) reporter.end(end);
    test.reporter.restate([]);
    for (const { sink } of [steady, test]) sink.ready = true;
    clock.pass(100);
    assertEquals(essence(heardAnew(test.sink).task), essence(heardAnew(steady.sink).task));
  }));
  assertGreater(restated, 50);
});

Deno.test("TaskReporter.restate() resends uncommitted log lines, in order and numbered from 0", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin();
  for (let n = 0; n < 3; n++) reporter.log(`line ${n}`);
  clock.pass(100);
  sink.ready = false;
  reporter.log("line 3");
  reporter.restate(sink.lines.slice(1));
  sink.ready = true;
  clock.pass(100);
  assertEquals(heardAnew(sink).lines.map(({ text }) => text), ["line 1", "line 2", "line 3"]);
  assertEquals(heardAnew(sink).task.log_count, 3);
  reporter.log("line 4");
  clock.pass(100);
  assertEquals(heardAnew(sink).task.log_count, 4);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.restate() sends no more metadata than a server keeps, without a warning", () => {
  using clock = new FakeClock();
  const { reporter, sink, warnings } = begin({ first: "x".repeat(500) });
  for (let n = 0; n < 100; n++) {
    reporter.update({ metadata: { [`key${n}`]: "é".repeat(200) } });
    clock.pass(100);
  }
  reporter.restate([]);
  const { metadata } = heardAnew(sink).task;
  assertEquals(
    metadata,
    sink.reports.reduce<Task | undefined>((task, { change, at }, index) => {
      const isAgain = change.type === "create" && index > 0;
      return isAgain || (task !== undefined && index > 102) ? task : transition(task, "t", change, at);
    }, undefined)?.metadata,
  );
  const bytes = byteLength(JSON.stringify(metadata));
  assert(bytes > LIMITS.metadataBytes - 500 && bytes <= LIMITS.metadataBytes, `${bytes} bytes`);
  assertEquals(warnings, []);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.restate() repeats the final state, but sends nothing about a refused task", () => {
  using _clock = new FakeClock();
  const { reporter, sink } = begin();
  reporter.end({ type: "finish", result: 5 });
  assertEquals([sink.opened.length, sink.closed.length], [1, 1]);
  reporter.restate([]);
  assertEquals([sink.opened.length, sink.closed.length], [2, 2]);
  assertEquals([heardAnew(sink).task.state, heardAnew(sink).task.result], ["FINISHED", 5]);
  reporter.refused(null);
  const said = sink.reports.length;
  reporter.restate([]);
  assertEquals([sink.reports.length, sink.opened.length], [said, 2]);
});

Deno.test("TaskReporter.refused() warns once, even if the task has ended", () => {
  using _clock = new FakeClock();
  const { reporter, sink, warnings } = begin();
  reporter.end({ type: "finish", result: 5 });
  reporter.refused("the id is already taken");
  reporter.refused("the id is already taken");
  assertEquals(warnings, ['Task "t" runs unmonitored: the id is already taken']);
  assertEquals(sink.closed.length, 1);
});
