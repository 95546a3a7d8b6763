/** Tests the estimates of a registry from past runs. */

import { assert, assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { createChange } from "../../support/changes.ts";
import { TestRegistry } from "../../support/registry.ts";

/** Runs a task from its start to its end. */
function run(
  test: TestRegistry,
  clock: FakeClock,
  id: string,
  seconds: number,
  name = "job",
  client = "c",
): void {
  test.begin(client, id, { name });
  clock.pass(seconds * 1000);
  test.finish(client, id);
}

function etaOf(test: TestRegistry, id: string): unknown[] {
  const { eta, eta_low, eta_high, eta_reason } = test.registry.task("c", id)!;
  return [eta, eta_low, eta_high, eta_reason];
}

Deno.test("Registry estimates the ETA of a new task from past runs of its name", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "first", { name: "job" });
  assertEquals(etaOf(test, "first"), [null, null, null, "unknown_progress"]);
  clock.pass(60_000);
  test.finish("c", "first");
  assertEquals(etaOf(test, "first"), [null, null, null, null]);
  test.begin("c", "second", { name: "job" });
  assertEquals(etaOf(test, "second"), [60, 40, 90, null]);
  clock.pass(20_000);
  test.report("c", "second", { type: "update", status: "Working" });
  assertEquals(etaOf(test, "second"), [40, 26.67, 60, null]);
});

Deno.test("Registry estimates only from successful runs of the same client and name, and counts each once, even if it was removed", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  run(test, clock, "other name", 10, "other");
  run(test, clock, "other client", 20, "job", "d");
  test.begin("c", "failed", { name: "job" });
  clock.pass(30_000);
  test.report("c", "failed", { type: "fail", error: { type: "Error", message: "x" } });
  test.begin("c", "1", { name: "job" });
  assertEquals(etaOf(test, "1"), [null, null, null, "unknown_progress"]);
  run(test, clock, "removed", 40);
  test.registry.remove("c", "removed");
  test.begin("c", "2", { name: "job" });
  assertEquals(etaOf(test, "2")[0], 40);
  test.registry.restore("c", "removed");
  assertEquals(test.registry.pastRuns("c", "job").map(({ id, state }) => [id, state]), [
    ["removed", "FINISHED"],
    ["failed", "ERROR"],
  ]);
});

Deno.test("Registry sets the expected duration when a run starts, and keeps it", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  const expected = (id: string) => test.registry.task("c", id)!.expected_duration;
  for (const [index, seconds] of [10, 30, 20].entries()) {
    run(test, clock, `past-${index}`, seconds);
    assertEquals(expected(`past-${index}`), null);
  }
  test.report("c", "now", createChange({ name: "job" }));
  assertEquals(expected("now"), null, "it has not started");
  test.report("c", "now", { type: "start" });
  assertEquals(expected("now"), 20);
  for (let index = 0; index < 9; index++) run(test, clock, `later-${index}`, 100);
  test.progress("c", "now", 50);
  test.finish("c", "now");
  assertEquals(expected("now"), 20);
});

Deno.test("Registry estimates from the newest twenty successful runs", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  for (let i = 0; i < 20; i++) run(test, clock, `old-${i}`, 1_000);
  for (let i = 0; i < 20; i++) run(test, clock, `new-${i}`, 100);
  for (let i = 0; i < 10; i++) {
    test.begin("c", `failed-${i}`, { name: "job" });
    test.report("c", `failed-${i}`, { type: "fail", error: { type: "Error", message: "x" } });
  }
  test.begin("c", "now", { name: "job" });
  assertEquals(etaOf(test, "now"), [100, null, null, null]);
});

Deno.test("Registry.sweep() updates the ETA of a silent task that outlasts past runs, and finally removes the ETA", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  run(test, clock, "short", 20);
  run(test, clock, "long", 100);
  test.begin("c", "silent", { name: "job" });
  const { updated_at, eta } = test.registry.task("c", "silent")!;
  assertEquals(eta, 60);
  clock.pass(59_000);
  assertEquals(test.registry.task("c", "silent")?.eta, 60, "the ETA is that of the last change");
  clock.pass(3_000);
  const later = test.registry.task("c", "silent")!;
  assertEquals(
    [later.eta, later.updated_at],
    [100, updated_at],
    "the ETA is 100 s from the start of the task",
  );
  assert(later.eta_low! < 100 && later.eta_high! > 100, `${later.eta_low} to ${later.eta_high}`);
  clock.pass(40_000);
  assertEquals(etaOf(test, "silent"), [null, null, null, "unknown_progress"]);
  const { seq } = test.registry.cursor;
  clock.pass(60_000);
  assertEquals(test.registry.cursor.seq, seq, "the estimate is published once");
});

Deno.test("Registry.sweep() removes the ETA of a stalled task even if there are past runs", () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  run(test, clock, "1", 1_000);
  test.begin("c", "2", { name: "job" });
  test.progress("c", "2", 10);
  assertEquals(etaOf(test, "2")[0], 1_000);
  clock.pass(30_000);
  assertEquals(etaOf(test, "2")[0], 1_000, "no pace is known yet");
  for (let progress = 11; progress <= 20; progress++) {
    test.progress("c", "2", progress);
    clock.pass(1_000);
  }
  clock.pass(300_000);
  assertEquals(etaOf(test, "2"), [null, null, null, "stalled"]);
  test.progress("c", "2", 21);
  assertEquals(etaOf(test, "2")[3], null);
});
