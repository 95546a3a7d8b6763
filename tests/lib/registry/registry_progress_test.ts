/** Tests the progress histories of running tasks, of ended tasks, and after restarts. */

import { now } from "../../../lib/clock.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";
import { TestRegistry, TestReporter } from "../../support/registry.ts";
import { StoreFolder } from "../../support/store_folder.ts";
import { seriesOf } from "../../support/store_model.ts";

Deno.test("Registry.progress() returns the progress history of running and ended tasks", async () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  assertEquals(await test.registry.progress("c", "unknown"), []);
  test.begin("c", "1");
  assertEquals(await test.registry.progress("c", "1"), []);
  for (const progress of [0, 12.345, null, 50]) {
    test.progress("c", "1", progress);
    clock.pass(1_000);
  }
  const points = [[0, 0], [1, 12.35], [3, 50]].map((
    [seconds, progress],
  ) => [CLOCK_START + seconds!, progress]);
  assertEquals(await test.registry.progress("c", "1"), points as never);
  test.finish("c", "1");
  assertEquals(await test.registry.progress("c", "1"), [...points, [CLOCK_START + 4, 100]] as never);
  test.registry.remove("c", "1");
  assertEquals(await test.registry.progress("c", "1"), []);
  test.registry.restore("c", "1");
  assertEquals((await test.registry.progress("c", "1")).length, 4);
  test.begin("c", "2");
  test.finish("c", "2");
  assertEquals(await seriesOf(test.store, "c", "2"), [], "a single point is not stored");
});

Deno.test("Registry.progress() includes the end of a failed task, and progress that comes from subtasks", async () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  test.begin("c", "whole");
  test.begin("c", "part", { parent_id: "whole", share: 1 });
  test.progress("c", "part", 40);
  clock.pass(1_000);
  test.progress("c", "part", 60);
  clock.pass(1_000);
  test.report("c", "part", { type: "fail", error: { type: "Error", message: "x" } });
  const progress = async (id: string) =>
    (await test.registry.progress("c", id)).map(([at, value]) => [at - CLOCK_START, value]);
  assertEquals(await progress("part"), [[0, 40], [1, 60], [2, 60]]);
  assertEquals(await progress("whole"), [[0, 40], [1, 60], [2, 99]]);
});

Deno.test("Registry commits the progress history together with the end of the task", async () => {
  using folder = new StoreFolder();
  await using store = folder.open();
  using test = new TestRegistry({}, "first", store);
  test.begin("c", "1");
  test.progress("c", "1", 10);
  await store.committed();
  using before = folder.crashed();
  test.finish("c", "1");
  await store.committed();
  using after = folder.crashed();
  const stored = [];
  for (const copy of [before, after]) {
    await using reopened = copy.open();
    stored.push((await seriesOf(reopened, "c", "1")).map(([, progress]) => progress));
  }
  assertEquals(stored, [[], [10, 100]]);
});

Deno.test("Registry.sweep() stores progress histories every few seconds", async () => {
  using folder = new StoreFolder();
  using clock = new FakeClock();
  {
    await using store = folder.open();
    const far = new TestReporter("far", true);
    const test = new TestRegistry({}, "first", store);
    test.report("c", "1", createChange(), far);
    for (let second = 0; second < 12; second++) {
      test.report("c", "1", { type: "update", progress: second }, far);
      clock.pass(1_000);
    }
    assertEquals((await test.registry.progress("c", "1")).length, 12);
    assertEquals(
      (await seriesOf(store, "c", "1")).length,
      10,
      "the points up to the last sweep that was due are stored",
    );
    clock.pass(60_000);
    test.registry[Symbol.dispose]();
    assertEquals(
      (await seriesOf(store, "c", "1")).length,
      12,
      "all points are stored when the registry is disposed of",
    );
  }
  // After a restart, the task of another process continues its stored progress history.
  await using store = folder.open();
  using test = new TestRegistry({}, "first", store);
  assertEquals((await test.registry.progress("c", "1")).length, 12);
  test.report("c", "1", { type: "update", progress: 90 }, new TestReporter("far", true));
  const points = await test.registry.progress("c", "1");
  assertEquals([points.length, points.at(-1)], [13, [CLOCK_START + 72, 90]]);
});

Deno.test("Registry.progress() returns the newest point of a running task after a restart, stored or not", async () => {
  using clock = new FakeClock();
  for (const count of [1, 2, 5]) {
    using folder = new StoreFolder();
    await using store = folder.open();
    using before = new TestRegistry({}, "first", store);
    const far = new TestReporter("far", true);
    before.report("c", "1", createChange(), far);
    for (let progress = 1; progress <= count; progress++) {
      clock.pass(1_000);
      before.report("c", "1", { type: "update", progress }, far);
    }
    await store.committed();
    const newest = (await before.registry.progress("c", "1")).at(-1);
    using crash = folder.crashed();
    clock.pass(1_000);
    await using copy = crash.open();
    using after = new TestRegistry({}, "first", copy);
    assertEquals((await after.registry.progress("c", "1")).at(-1), newest);
    after.registry.reporterConnected(far);
    after.report("c", "1", { type: "fail", error: { type: "Error", message: "x" } }, far);
    const ended = await after.registry.progress("c", "1");
    assertEquals(ended.slice(-2), [newest, [now(), newest![1]]]);
  }
});

Deno.test("Registry.sweep() stores the progress histories of thousands of tasks over several sweeps", async () => {
  using clock = new FakeClock();
  using test = new TestRegistry();
  const ids = Array.from({ length: 1_000 }, (_, index) => `${index}`);
  for (const id of ids) test.begin("c", id);
  const moveAll = (progress: number) => {
    for (const id of ids) test.progress("c", id, progress);
  };
  moveAll(1);
  clock.pass(100);
  moveAll(2);
  const stored = async () => {
    const all = await Promise.all(ids.map((id) => seriesOf(test.store, "c", id)));
    return all.filter(({ length }) => length > 0).length;
  };
  const counts: number[] = [];
  for (let second = 0; second < 10; second++) {
    clock.pass(1_000);
    moveAll(3 + second);
    counts.push(await stored());
  }
  assert(counts.every((count, index) => count - (counts[index - 1] ?? 0) <= 200), `${counts}`);
  assertEquals(counts.at(-1), 1_000);
});
