import { textBars } from "../../../lib/text/text_bars.ts";
import { now } from "../../../lib/clock.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";

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
