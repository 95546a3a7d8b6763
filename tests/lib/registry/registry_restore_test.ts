/** Tests the removal of tasks: by users, who can restore them for a while, and because of age or limits. */

import type { Task } from "../../../lib/task/task.ts";
import { atHand } from "../../support/at_hand.ts";
import type { Registry } from "../../../lib/registry/registry.ts";
import { TransitionError } from "../../../lib/task/transition.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { TestRegistry } from "../../support/registry.ts";

function idsOf(registry: Registry, client = "c"): string[] {
  return registry.tasks(client).map(({ id }) => id).reverse();
}

/** Restores a task, which must fail; returns the code of the error. */
function refusal(registry: Registry, id: string): string {
  return assertThrows(() => registry.restore("c", id), TransitionError).code;
}

Deno.test("Registry.restore() restores a task at its position in the list, with its log, history and launch", async () => {
  using _clock = new FakeClock();
  using test = new TestRegistry();
  const { registry } = test;
  test.run("c", "before");
  test.begin("c", "1", { tags: ["x"] });
  registry.setLaunch("c", "1", { name: "copy", args: [1, "two"] });
  test.report("c", "1", { type: "log", first: 0, lines: [{ at: 1, text: "a" }, { at: 2, text: "b" }] });
  const ended = test.finish("c", "1");
  const history = await registry.history("c", "1");
  test.run("c", "after");
  const before = registry.cursor;
  assertEquals(registry.remove("c", "1"), true);
  assertEquals([registry.task("c", "1"), await registry.history("c", "1")], [undefined, []]);
  assertEquals([(await registry.log("c", "1", 0, 9)).lines, await registry.launch("c", "1")], [
    [],
    undefined,
  ]);

  const restored = registry.restore("c", "1");
  assertEquals(restored, { ...ended, version: ended.version + 1 });
  assertStrictEquals(registry.task("c", "1"), restored);
  assertEquals(idsOf(registry), ["before", "1", "after"]);
  assertEquals((await registry.log("c", "1", 0, 9)).lines.map(({ text }) => text), ["a", "b"]);
  assertEquals(await registry.history("c", "1"), history);
  assertEquals(await registry.launch("c", "1"), { name: "copy", args: [1, "two"] });

  const [removal, restoral] = test.events.slice(-2);
  assertEquals([removal?.client, removal?.removedId, removal?.seq], ["c", "1", before.seq + 1]);
  assertEquals([restoral?.client, restoral?.stored?.task, restoral?.seq], ["c", restored, before.seq + 2]);
  assertEquals(registry.cursor.seq, before.seq + 2);
  const changes = registry.changesSince("c", before)!;
  assertEquals(changes.tasks.map((stored) => atHand(stored).task), [restored]);
});

Deno.test("Registry.restore() succeeds within the restore window, and throws afterwards", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ restoreWindowMs: 5_000, sweepIntervalMs: 1_000_000 });
  const { registry } = test;
  test.run("c", "early", "late");
  registry.remove("c", "early");
  registry.remove("c", "late");
  clock.pass(5_000);
  assertEquals((registry.restore("c", "early") as Task).id, "early");
  clock.pass(1);
  const events = test.events.length;
  assertEquals(refusal(registry, "late"), "task_not_found");
  assertEquals([idsOf(registry), test.events.length], [["early"], events]);
});

Deno.test("Registry purges a removed task after the restore window", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ restoreWindowMs: 5_000, sweepIntervalMs: 1_000 });
  test.run("c", "1");
  test.registry.remove("c", "1");
  assertEquals(test.store.removed("c", "1")?.id, "1");
  clock.pass(5_000);
  assertEquals(test.store.removed("c", "1")?.id, "1");
  clock.pass(2_000);
  assertEquals(test.store.removed("c", "1"), undefined);
});

Deno.test("Registry.restore() throws if the task was not removed, or its id is taken", () => {
  using test = new TestRegistry();
  const { registry } = test;
  test.begin("c", "alive");
  test.run("c", "ended", "taken");
  registry.remove("c", "taken");
  test.begin("c", "taken");
  const version = registry.task("c", "taken")?.version;
  const { seq } = registry.cursor;
  assertEquals(refusal(registry, "unknown"), "task_not_found");
  for (const id of ["alive", "ended", "taken"]) assertEquals(refusal(registry, id), "task_exists", id);
  const taken = assertThrows(() => registry.restore("c", "taken"), TransitionError);
  assertEquals(taken.message, 'Cannot restore task "taken": the id is already taken');
  assertEquals([registry.cursor.seq, registry.task("c", "taken")?.version], [seq, version]);
});

Deno.test("Registry.restore() of a reused id restores only the last task with that id", async () => {
  using test = new TestRegistry();
  const { registry } = test;
  test.begin("c", "1", { name: "first" });
  test.report("c", "1", { type: "log", first: 0, lines: [{ at: 1, text: "of the first" }] });
  test.finish("c", "1");
  registry.remove("c", "1");
  test.begin("c", "1", { name: "second" });
  test.finish("c", "1");
  assertEquals((await registry.log("c", "1", 0, 9)).lines, []);
  registry.remove("c", "1");
  assertEquals((registry.restore("c", "1") as Task).name, "second");
  assertEquals((await registry.log("c", "1", 0, 9)).lines, []);
  assertEquals((await registry.history("c", "1")).map(({ version }) => version), [1, 2, 3]);
});

Deno.test("Registry.restore() succeeds once for each removal, and each removal has its own restore window", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ restoreWindowMs: 5_000, sweepIntervalMs: 1_000 });
  const { registry } = test;
  test.run("c", "1");
  const { version } = registry.task("c", "1")!;
  for (let round = 1; round <= 3; round++) {
    registry.remove("c", "1");
    clock.pass(4_000);
    assertEquals((registry.restore("c", "1") as Task).version, version + round);
    assertEquals(refusal(registry, "1"), "task_exists");
  }
  registry.remove("c", "1");
  assertEquals(test.removed.length, 4);
});

Deno.test("Registry.restore() throws if the task was removed because of a limit", () => {
  using test = new TestRegistry({ endedTasksPerClient: 1 });
  test.run("c", "1", "2");
  assertEquals([test.removed, refusal(test.registry, "1")], [["c/1"], "task_not_found"]);
});

Deno.test("Registry purges tasks beyond its limits in groups, and all of them with each sweep", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ endedTasksPerClient: 1, sweepIntervalMs: 1_000 });
  const { store } = test;
  const ids = Array.from({ length: 100 }, (_, index) => `${index}`);
  test.run("c", ...ids);
  assertEquals([test.removed.length, idsOf(test.registry)], [99, ["99"]]);
  const unpurged = () => ids.filter((id) => store.removed("c", id) !== undefined);
  assertEquals(unpurged(), ids.slice(96, 99));
  clock.pass(1_000);
  assertEquals([unpurged(), test.removed.length], [[], 99]);
});

Deno.test("Registry purges no task that can be restored instead of an earlier task with its id", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ endedTasksPerClient: 1, sweepIntervalMs: 1_000, restoreWindowMs: 5_000 });
  const { registry } = test;
  test.run("c", "1", "2");
  assertEquals(test.removed, ["c/1"]);
  test.begin("c", "1", { name: "second" });
  test.finish("c", "1");
  registry.remove("c", "1");
  clock.pass(2_000);
  assertEquals((registry.restore("c", "1") as Task).name, "second");
});

Deno.test("Registry enforces its limits when tasks are restored", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ endedTasksPerClient: 2, sweepIntervalMs: 1_000 });
  const { registry } = test;
  test.run("c", "1", "2");
  for (const id of ["1", "2"]) registry.remove("c", id);
  test.run("c", "3", "4");
  for (const id of ["1", "2"]) registry.restore("c", id);
  clock.pass(1_000);
  assertEquals(registry.count("c"), 2);
});

Deno.test("Registry removes ended tasks that are too old, with their side tables", async () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ endedTaskAgeMs: 60_000, sweepIntervalMs: 1_000 });
  const { registry } = test;
  test.begin("c", "alive");
  test.begin("c", "1");
  registry.setLaunch("c", "1", { name: "copy", args: [] });
  test.report("c", "1", { type: "log", first: 0, lines: [{ at: 1, text: "a" }] });
  clock.pass(30_000);
  test.finish("c", "1");
  clock.pass(10_000);
  test.run("d", "2");
  clock.pass(50_000);
  assertEquals([idsOf(registry), idsOf(registry, "d")], [["alive", "1"], ["2"]]);
  clock.pass(1_000);
  assertEquals([idsOf(registry), idsOf(registry, "d"), test.removed], [["alive"], ["2"], ["c/1"]]);
  assertEquals([(await registry.log("c", "1", 0, 9)).lines, await registry.history("c", "1")], [[], []]);
  assertEquals([await registry.launch("c", "1"), test.store.removed("c", "1")], [undefined, undefined]);
  assertEquals(refusal(registry, "1"), "task_not_found");
  clock.pass(10_000);
  assertEquals([registry.clients(), test.removed], [["c"], ["c/1", "d/2"]]);
});

Deno.test("Registry counts the age of a restored task from its end", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ endedTaskAgeMs: 60_000, sweepIntervalMs: 1_000 });
  const { registry } = test;
  test.run("c", "old");
  clock.pass(40_000);
  test.run("c", "young");
  registry.remove("c", "old");
  registry.restore("c", "old");
  clock.pass(22_000);
  assertEquals(idsOf(registry), ["young"]);
  clock.pass(40_000);
  assertEquals(idsOf(registry), []);
});

Deno.test("Registry removes tasks of their age after the clock was set back", () => {
  for (const back of [10, 3_600, 31 * 86_400]) {
    using clock = new FakeClock();
    using test = new TestRegistry({ endedTaskAgeMs: 60_000, sweepIntervalMs: 1_000 });
    const { registry } = test;
    test.begin("c", "alive");
    test.run("c", "first");
    clock.pass(5_000);
    clock.set(CLOCK_START + back);
    test.run("c", "ahead");
    test.run("c", "restored");
    registry.remove("c", "restored");
    registry.restore("c", "restored");
    clock.set(CLOCK_START + 5);
    clock.pass(5_000);
    test.run("c", "late");
    clock.pass(57_000);
    assertEquals(idsOf(registry), ["alive", "late"], `${back}`);
    clock.pass(5_000);
    assertEquals(idsOf(registry), ["alive"], `${back}`);
  }
});

Deno.test("Registry keeps a task that has just ended, even if its reporter's clock is far behind", () => {
  using clock = new FakeClock();
  using test = new TestRegistry({ endedTaskAgeMs: 60_000, sweepIntervalMs: 1_000 });
  const { registry, reporter } = test;
  for (const change of [createChange(), { type: "finish", result: 1 }] as const) {
    registry.report({ client: "c", id: "1", at: CLOCK_START - 1_000_000, change }, reporter);
  }
  assertEquals(idsOf(registry), ["1"], "the age is measured by the monitor's clock");
  clock.pass(62_000);
  assertEquals(idsOf(registry), []);
});
