import { textBars } from "../../../lib/text/text_bars.ts";
import { now } from "../../../lib/clock.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { reopened } from "../../support/reopened.ts";

/** Reports a measurement of a task, as `taskscope run` does. */
function measure(test: TestRegistry, id: string, percent: number): void {
  test.report("c", id, { type: "update", from_output: true, values: { cpu_percent: percent } });
}

Deno.test("Registry keeps the time of the last sign of life while a silent task is measured or cancelled", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "hung", { stale_after: 60 });
  test.progress("c", "hung", 10);
  const heardAt = now();
  for (let second = 0; second < 7_200; second += 10) {
    clock.pass(10_000);
    measure(test, "hung", second);
  }
  test.registry.requestCancel("c", "hung");
  const task = test.registry.task("c", "hung")!;
  assertEquals([task.stale, task.updated_at, task.value_count], [true, heardAt, 720]);
  const [line] = textBars([task], { width: 120, now: now(), isList: false });
  assertStringIncludes(line!, "No sign of life for 2h");

  test.report("c", "hung", { type: "log", lines: [{ at: now(), text: "here" }] });
  const alive = test.registry.task("c", "hung")!;
  assertEquals([alive.stale, alive.updated_at], [false, now()]);
});

Deno.test("Registry publishes each measurement, with its own time and without a point of progress", async () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "1");
  test.progress("c", "1", 10);
  const start = now();
  const { version } = test.registry.task("c", "1")!;
  for (const percent of [50, 60]) {
    clock.pass(5_000);
    measure(test, "1", percent);
    assertEquals(test.events.at(-1)?.stored?.task?.value_count, percent / 10 - 4);
  }
  assertEquals(test.registry.task("c", "1")!.version, version + 2);
  const { series } = await test.registry.values("c", "1");
  assertEquals(series.map(({ points }) => points), [[[start + 5, 50], [start + 10, 60]]]);
  assertEquals(await test.registry.progress("c", "1"), [[start, 10]]);
});

Deno.test("Registry does not take back that a task is stalled when it is measured, cancelled or stale", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "1", { stale_after: 100 });
  for (let progress = 1; progress <= 60; progress++) {
    clock.pass(1_000);
    test.progress("c", "1", progress);
  }
  const reason = () => test.registry.task("c", "1")!.eta_reason;
  assertEquals(reason(), null);
  clock.pass(300_000);
  assertEquals([reason(), test.registry.task("c", "1")!.stale], ["stalled", true]);
  measure(test, "1", 1);
  assertEquals(reason(), "stalled");
  test.registry.requestCancel("c", "1");
  assertEquals(reason(), "stalled");
  test.progress("c", "1", 61);
  assertEquals(reason(), null);
});

Deno.test("Registry counts a silent task as lost only after its reporter was disconnected for too long", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ sweepIntervalMs: 1_000, reporterAwayMs: 10_000, lostAfterMs: 60_000 });
  const reporter = new TestReporter("far", true);
  test.report("c", "1", createChange(), reporter);
  test.report("c", "1", { type: "start" }, reporter);
  const task = () => test.registry.task("c", "1")!;
  clock.pass(200_000);
  for (let turn = 0; turn < 2; turn++) {
    test.registry.reporterDisconnected(reporter);
    clock.pass(60_000);
    assertEquals([task().state, task().stale], ["STARTING", true]);
    test.registry.reporterConnected(reporter);
    clock.pass(60_000);
    assertEquals([task().state, task().stale], ["STARTING", false]);
  }
  test.registry.reporterDisconnected(reporter);
  clock.pass(69_000);
  assertEquals(task().state, "STARTING");
  clock.pass(3_000);
  assertEquals([task().state, task().error?.type], ["ERROR", "lost"]);
});

Deno.test("Registry keeps a silent task stale while its reporter only polls, until it is lost or reports", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ sweepIntervalMs: 1_000, reporterAwayMs: 10_000, lostAfterMs: 60_000 });
  const reporter = new TestReporter("far", true);
  for (const id of ["hung", "slow"]) {
    test.report("c", id, createChange({ stale_after: 20 }), reporter);
    test.report("c", id, { type: "start" }, reporter);
  }
  const task = (id: string) => test.registry.task("c", id)!;
  const { version } = task("hung");
  const poll = (seconds: number) => {
    for (let half = 0; half < 2 * seconds; half++) {
      test.registry.reporterConnected(reporter);
      test.registry.reporterDisconnected(reporter);
      clock.pass(500);
    }
  };
  poll(70);
  assertEquals([task("hung").stale, task("hung").version], [true, version + 1]);
  test.registry.reporterConnected(reporter);
  test.report("c", "slow", { type: "log", lines: [{ at: now(), text: "here" }] }, reporter);
  assertEquals(task("slow").stale, false);
  poll(15);
  assertEquals([task("hung").state, task("hung").error?.type], ["ERROR", "lost"]);
  assertEquals([task("slow").state, task("slow").stale], ["STARTING", false]);
});

Deno.test("Registry keeps a silent task stale when its reporter reconnects", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ reporterAwayMs: 10_000 });
  const reporter = new TestReporter("far", true);
  for (const id of ["promised", "promised nothing"]) {
    test.report("c", id, createChange({ stale_after: id === "promised" ? 30 : null }), reporter);
    test.report("c", id, { type: "start" }, reporter);
  }
  const stale = () => ["promised", "promised nothing"].map((id) => test.registry.task("c", id)!.stale);
  test.registry.reporterDisconnected(reporter);
  clock.pass(20_000);
  assertEquals(stale(), [true, true]);
  clock.pass(20_000);
  test.registry.reporterConnected(reporter);
  assertEquals(stale(), [true, false]);
  test.report("c", "promised", { type: "update" }, reporter);
  assertEquals(stale(), [false, false]);
});

Deno.test("Registry counts a task of a lost reporter as lost only after it was stale for too long", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ lostAfterMs: 60_000 });
  const task = () => test.registry.task("c", "1")!;
  test.begin("c", "1");
  clock.pass(200_000);
  for (let turn = 0; turn < 2; turn++) {
    test.registry.reporterLost(test.reporter.id);
    clock.pass(50_000);
    assertEquals([task().active, task().stale], [true, true]);
    assertEquals(test.progress("c", "1", turn).stale, false);
    clock.pass(200_000);
    assertEquals([task().active, task().stale], [true, false]);
  }
  test.registry.reporterLost(test.reporter.id);
  clock.pass(80_000);
  assertEquals([task().state, task().error?.type], ["ERROR", "lost"]);
});

Deno.test("Registry counts progress of subtasks as a sign of life of their parent, but not of its reporter", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ sweepIntervalMs: 1_000, reporterAwayMs: 10_000, lostAfterMs: 600_000 });
  const stale = (id: string) => test.registry.task("c", id)!.stale;
  for (const id of ["waits", "gone"]) {
    const reporter = new TestReporter(`of ${id}`, true);
    test.report("c", id, createChange({ stale_after: 60 }), reporter);
    test.report("c", id, { type: "start" }, reporter);
    for (const part of ["first", "second"]) test.begin("c", `${part} of ${id}`, { parent_id: id });
    if (id === "gone") test.registry.reporterDisconnected(reporter);
  }
  const work = (progress: number) => {
    for (const id of ["waits", "gone"]) test.progress("c", `first of ${id}`, progress);
  };
  for (let progress = 1; progress <= 10; progress++) {
    clock.pass(50_000);
    work(progress);
  }
  assertEquals([stale("waits"), stale("gone")], [false, true]);
  clock.pass(62_000);
  assertEquals([stale("waits"), stale("gone")], [true, true]);
  const { version } = test.registry.task("c", "gone")!;
  work(11);
  clock.pass(2_000);
  assertEquals([stale("waits"), stale("gone")], [false, true]);
  assertEquals(test.registry.task("c", "gone")!.version, version + 1);
  assertEquals(test.registry.task("c", "waits")!.progress, 5.5);
});

Deno.test("Registry does not count a restart as a sign of life, and keeps stored estimates until the next report", () => {
  using clock = new FakeClock();
  using before = new TestRegistry();
  const reporter = new TestReporter("far", true);
  before.report("c", "promised", createChange({ stale_after: 3_600 }), reporter);
  before.report("c", "promised", { type: "update" }, reporter);
  for (const id of ["stalled", "works"]) before.report("c", id, createChange(), reporter);
  const say = (test: TestRegistry, id: string, progress: number) =>
    test.report("c", id, { type: "update", progress }, reporter);
  for (let progress = 1; progress <= 60; progress++) {
    clock.pass(1_000);
    say(before, "stalled", progress);
  }
  clock.pass(57 * 60_000);
  for (let progress = 1; progress <= 60; progress++) {
    clock.pass(1_000);
    say(before, "works", progress);
  }
  const estimate = (test: TestRegistry, id: string) => {
    const { eta, rate, eta_reason } = test.registry.task("c", id)!;
    return [eta, rate, eta_reason];
  };
  assertEquals([estimate(before, "stalled"), estimate(before, "works")], [[null, 0, "stalled"], [
    40,
    1,
    null,
  ]]);

  using after = reopened(before, 1_000);
  before.registry[Symbol.dispose]();
  after.registry.reporterConnected(reporter);
  assertEquals([estimate(after, "stalled"), estimate(after, "works")], [[null, 0, "stalled"], [40, 1, null]]);
  for (const progress of [61, 62]) {
    clock.pass(1_000);
    say(after, "works", progress);
  }
  assertEquals(estimate(after, "works"), [38, 1, null], "the last report before the restart counts, too");
  const stale = () => after.registry.task("c", "promised")!.stale;
  clock.pass(50_000);
  assertEquals(stale(), false);
  clock.pass(11_000);
  assertEquals(stale(), true, "an hour after its last report");
});

Deno.test("Registry gives tasks the time to report after a restart before they become stale or lost", () => {
  const limits = { sweepIntervalMs: 1_000, reporterAwayMs: 10_000, lostAfterMs: 60_000 };
  for (const wasStale of [false, true]) {
    using clock = new FakeClock();
    using before = new TestRegistry(limits);
    const reporter = new TestReporter("far", true);
    before.report("c", "1", createChange({ stale_after: 5 }), reporter);
    before.report("c", "1", { type: "start" }, reporter);
    if (wasStale) clock.pass(8_000);
    assertEquals(before.registry.task("c", "1")!.stale, wasStale);
    before.registry[Symbol.dispose]();
    clock.pass(3_600_000);

    using after = reopened(before, 1_000, limits);
    const task = () => after.registry.task("c", "1")!;
    clock.pass(8_000);
    after.registry.reporterConnected(reporter);
    assertEquals([task().stale, task().active], [wasStale, true]);
    clock.pass(4_000);
    assertEquals([task().stale, task().active], [true, true]);
    clock.pass(47_000);
    assertEquals(task().active, true);
    clock.pass(15_000);
    assertEquals(task().error?.type, "lost");
  }
});
