/** Tests tasks of other processes: which reporter may report them, reconnects, and restarts of the server. */

import { HTTP_REPORTER_ID } from "../../../lib/registry/registry_types.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assertEquals, assertGreater, assertThrows } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { reopened } from "../../support/reopened.ts";

/** Creates a reporter in another process. */
function far(id = "far"): TestReporter {
  return new TestReporter(id, true);
}

Deno.test("Registry.report() records the remote reporter of a task, and refuses reports from any other reporter", () => {
  using test = new TestRegistry();
  const reporter = far();
  test.report("c", "1", createChange(), reporter);
  assertEquals(test.registry.task("c", "1")?.reporter, "far");
  assertEquals(test.begin("c", "2").reporter, null);
  for (const other of [far("other"), test.reporter]) {
    assertThrows(
      () => test.report("c", "1", { type: "start" }, other),
      TransitionError,
      "another reporter runs it",
    );
  }
});

Deno.test("Registry.report() refuses a sequence number that is not above the reporter's last one", () => {
  using test = new TestRegistry();
  const reporter = far();
  const say = (seq: number, progress: number) => {
    const change = { type: "update" as const, progress };
    return test.registry.report({ client: "c", id: "1", at: 0, seq, change }, reporter);
  };
  test.registry.report({ client: "c", id: "1", at: 0, seq: 1, change: createChange() }, reporter);
  const task = say(5, 50);
  const { cursor } = test.registry;
  for (const seq of [5, 4, 1]) {
    const error = assertThrows(() => say(seq, 10), TransitionError, `report ${seq} came after report 5`);
    assertEquals(error.code, "late_report");
  }
  assertEquals([test.registry.task("c", "1"), test.registry.cursor], [task, cursor]);
  assertEquals([say(6, 60).progress, say(7, 60).report_seq], [60, 7]);
});

Deno.test("Registry marks tasks as stale while their reporter is disconnected", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ reporterAwayMs: 10_000 });
  const { registry } = test;
  const reporter = far();
  for (const id of ["1", "2"]) {
    test.report("c", id, createChange(), reporter);
    test.report("c", id, { type: "start" }, reporter);
  }
  registry.reporterDisconnected(far());
  clock.pass(60_000);
  assertEquals(registry.task("c", "1")?.stale, false, "an earlier connection of the reporter was closed");

  registry.reporterDisconnected(reporter);
  clock.pass(9_000);
  assertEquals(registry.task("c", "1")?.stale, false);
  registry.reporterConnected(reporter);
  clock.pass(60_000);
  assertEquals(registry.task("c", "1")?.stale, false);

  registry.reporterDisconnected(reporter);
  registry.requestCancel("c", "2");
  clock.pass(12_000);
  assertEquals([registry.task("c", "1")?.stale, reporter.cancelled], [true, []]);
  const back = far();
  registry.reporterConnected(back);
  assertEquals([registry.task("c", "1")?.stale, registry.task("c", "2")?.stale], [false, false]);
  assertEquals(
    back.cancelled,
    ["c/2"],
    "the reporter receives the cancellation request after it has reconnected",
  );
});

Deno.test("Registry does not mistake a jump of the clock for silence of a task or its reporter", () => {
  for (const jump of [-86_400, -3_600, 3_600, 86_400, 30 * 86_400]) {
    using clock = new FakeClock();
    using test = new TestRegistry({ reporterAwayMs: 10_000, lostAfterMs: 60_000 });
    const { registry } = test;
    const reporter = far();
    const states = () =>
      ["1", "2"].map((id) => [registry.task("c", id)?.state, registry.task("c", id)?.stale]);
    for (const id of ["1", "2"]) {
      test.report("c", id, createChange({ stale_after: id === "1" ? 5 : null }), reporter);
      test.report("c", id, { type: "start" }, reporter);
    }
    registry.reporterDisconnected(reporter);
    clock.set(CLOCK_START + jump);
    registry.sweep();
    assertEquals(states(), [["STARTING", false], ["STARTING", false]]);
    clock.pass(6_000);
    registry.sweep();
    assertEquals(states(), [["STARTING", true], ["STARTING", false]]);
    clock.set(CLOCK_START - jump);
    clock.pass(5_000);
    registry.sweep();
    assertEquals(states(), [["STARTING", true], ["STARTING", true]]);
    clock.pass(60_000);
    registry.sweep();
    assertEquals(states().map(([state]) => state), ["ERROR", "ERROR"]);
  }
});

Deno.test("Registry ends a task as lost after it was stale for too long", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ reporterAwayMs: 10_000, lostAfterMs: 60_000 });
  const reporter = far();
  const create = createChange({ stale_after: 5 });
  for (const id of ["quiet", "busy"]) {
    test.report("c", id, create, reporter);
    test.report("c", id, { type: "start" }, reporter);
  }
  test.report("c", "promised nothing", createChange(), reporter);
  test.report("c", "promised nothing", { type: "start" }, reporter);
  for (let passed = 0; passed < 70_000; passed += 7_000) {
    clock.pass(7_000);
    test.report("c", "busy", { type: "update" }, reporter);
  }
  const quiet = test.registry.task("c", "quiet");
  assertEquals([quiet?.state, quiet?.error?.type], ["ERROR", "lost"]);
  assertEquals(test.registry.task("c", "busy")?.state, "PROCESSING");
  assertEquals(test.registry.task("c", "promised nothing")?.state, "STARTING");
  assertThrows(() => test.report("c", "quiet", { type: "update" }, reporter), TransitionError, "has ended");
});

Deno.test("Registry.requestCancel() immediately cancels a task that is reported over HTTP and has not started", () => {
  using before = new TestRegistry();
  const reporter = far(HTTP_REPORTER_ID);
  for (const id of ["1", "2", "running"]) before.report("c", id, createChange(), reporter);
  before.report("c", "running", { type: "start" }, reporter);
  using after = reopened(before, 1_000);
  for (const [test, id] of [[before, "1"], [after, "2"]] as const) {
    const { state, cancel_requested } = test.registry.requestCancel("c", id);
    assertEquals([state, cancel_requested], ["CANCELLED", true], "no program runs the task yet");
    const running = test.registry.requestCancel("c", "running");
    assertEquals([running.state, running.cancel_requested], ["STARTING", true], "a program runs the task");
    assertThrows(() => test.report("c", id, { type: "start" }, reporter), TransitionError, "has ended");
    assertEquals(
      [test.registry.runningCount, reporter.cancelled],
      [0, []],
      "a reporter over HTTP cannot be notified",
    );
  }
});

Deno.test("Registry continues the tasks of other processes after a restart, with versions above all that were published", () => {
  using clock = new FakeClock();
  using before = new TestRegistry();
  before.begin("c", "here");
  const reporter = far();
  const say = (test: TestRegistry, seq: number, progress: number, from = reporter) => {
    const change = { type: "update" as const, progress, status: `at ${progress}` };
    return test.registry.report({ client: "c", id: "there", at: Date.now() / 1000, seq, change }, from);
  };
  before.registry.report({ client: "c", id: "there", at: 0, seq: 1, change: createChange() }, reporter);
  const seen = say(before, 2, 30);
  before.registry.requestCancel("c", "there");
  clock.pass(1_000);

  using after = reopened(before, 1_000, { reporterAwayMs: 10_000 });
  const { registry } = after;
  const task = registry.task("c", "there")!;
  assertEquals([registry.task("c", "here")?.error?.type, task.state], ["interrupted", "PROCESSING"]);
  assertEquals([task.progress, task.status, task.report_seq], [30, "at 30", 2]);
  assertGreater(task.version, seen.version + 900);
  assertEquals([registry.runningCount, registry.creationError("c")], [0, null]);

  assertThrows(() => say(after, 1, 20), TransitionError, "report 1 came after report 2");
  assertThrows(() => say(after, 3, 40, far("other")), TransitionError, "another reporter");
  clock.pass(12_000);
  assertEquals(registry.task("c", "there")?.stale, true, "the reporter has not reconnected");
  const back = far();
  registry.reporterConnected(back);
  assertEquals([registry.task("c", "there")?.stale, back.cancelled], [false, ["c/there"]]);
  assertEquals(say(after, 3, 40, back).progress, 40);

  registry.announceShutdown();
  registry.interruptAll("The server was shut down");
  assertEquals([back.interruptions, registry.task("c", "there")?.state], [[], "PROCESSING"]);
});
