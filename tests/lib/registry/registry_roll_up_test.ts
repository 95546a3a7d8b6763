/** Tests how subtasks determine the progress of their parent. */

import fc from "fast-check";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { TestRegistry } from "../../support/registry.ts";

function progressOf({ registry }: TestRegistry, id: string): number | null | undefined {
  return registry.task("c", id)?.progress;
}

Deno.test("Registry computes a parent's progress from the weights of its children", () => {
  using test = new TestRegistry();
  test.begin("c", "parent");
  test.begin("c", "small", { parent_id: "parent", weight: 1 });
  test.begin("c", "large", { parent_id: "parent", weight: 3 });
  assertEquals(progressOf(test, "parent"), null);
  test.progress("c", "small", 100);
  assertEquals(progressOf(test, "parent"), 25);
  test.progress("c", "large", 50);
  assertEquals(progressOf(test, "parent"), 62.5);
  test.finish("c", "small");
  test.finish("c", "large");
  assertEquals([progressOf(test, "parent"), test.registry.task("c", "parent")?.state], [100, "PROCESSING"]);
});

Deno.test("Registry never decreases a parent's progress, even if a child is added or a child's progress decreases", () => {
  using test = new TestRegistry();
  test.begin("c", "parent");
  test.begin("c", "1", { parent_id: "parent" });
  test.progress("c", "1", 80);
  test.progress("c", "1", 20);
  assertEquals(progressOf(test, "parent"), 80);
  test.begin("c", "2", { parent_id: "parent" });
  test.progress("c", "2", 90);
  assertEquals(progressOf(test, "parent"), 80);
  test.progress("c", "1", 100);
  assertEquals(progressOf(test, "parent"), 95);
  test.report("c", "2", { type: "fail", error: { message: "no", type: "Error" } });
  assertEquals(progressOf(test, "parent"), 95);
});

Deno.test("Registry updates the progress of grandparents", () => {
  using test = new TestRegistry();
  test.begin("c", "top");
  test.begin("c", "left", { parent_id: "top" });
  test.begin("c", "right", { parent_id: "top" });
  test.begin("c", "leaf", { parent_id: "left" });
  test.progress("c", "leaf", 50);
  assertEquals(["leaf", "left", "top"].map((id) => progressOf(test, id)), [50, 50, 25]);
  test.finish("c", "leaf");
  assertEquals(["leaf", "left", "top"].map((id) => progressOf(test, id)), [100, 100, 50]);
  const { version } = test.registry.task("c", "top")!;
  assertEquals(test.finish("c", "left").state, "FINISHED");
  assertEquals(test.registry.task("c", "top")?.version, version);
});

Deno.test("Registry does not update a parent that reports its own progress, has ended, or does not exist", () => {
  using test = new TestRegistry();
  test.begin("c", "own");
  test.progress("c", "own", 10);
  test.begin("c", "1", { parent_id: "own" });
  test.progress("c", "1", 90);
  assertEquals(progressOf(test, "own"), 10);
  test.finish("c", "own");
  test.progress("c", "1", 95);
  test.begin("c", "orphan", { parent_id: "unknown" });
  test.progress("c", "orphan", 50);
  test.begin("d", "elsewhere", { parent_id: "1" });
  test.progress("d", "elsewhere", 50);
  assertEquals([progressOf(test, "own"), progressOf(test, "1"), test.registry.count("c")], [100, 95, 3]);
});

Deno.test("Registry accepts children with a weight of 0, and cycles of parents", () => {
  using test = new TestRegistry();
  test.begin("c", "parent");
  test.begin("c", "weightless", { parent_id: "parent", weight: 0 });
  test.progress("c", "weightless", 50);
  assertEquals(progressOf(test, "parent"), null);
  test.begin("c", "self", { parent_id: "self" });
  test.progress("c", "self", 50);
  test.finish("c", "self");
  test.begin("c", "a", { parent_id: "b" });
  test.begin("c", "b", { parent_id: "a" });
  test.progress("c", "a", 50);
  test.finish("c", "b");
  test.finish("c", "a");
  assertEquals(["self", "a", "b"].map((id) => test.registry.task("c", id)?.state), [
    "FINISHED",
    "FINISHED",
    "FINISHED",
  ]);
});

Deno.test("Registry updates a cycle of parents in finite time", () => {
  using test = new TestRegistry();
  test.begin("c", "self", { parent_id: "self" });
  test.begin("c", "light", { parent_id: "self", weight: 0.000_1 });
  test.finish("c", "light");
  assertEquals(test.registry.task("c", "light")?.state, "FINISHED");
});

Deno.test("Registry includes a child that was created before its parent", () => {
  using test = new TestRegistry();
  test.begin("c", "early", { parent_id: "parent" });
  test.progress("c", "early", 20);
  test.begin("c", "parent");
  test.begin("c", "late", { parent_id: "parent" });
  test.progress("c", "early", 60);
  test.progress("c", "late", 20);
  assertEquals(progressOf(test, "parent"), 40);
});

Deno.test("Registry accepts as many levels of subtasks as the limit on tasks allows", () => {
  using test = new TestRegistry();
  test.begin("c", "0");
  for (let i = 1; i < 9_000; i++) test.begin("c", `${i}`, { parent_id: `${i - 1}` });
  test.progress("c", "8999", 50);
  assertEquals(progressOf(test, "0"), 50);
});

Deno.test("Registry keeps a parent's progress between 0 and 100 and never decreases it, for random children", () => {
  const step = fc.record({
    do: fc.constantFrom("begin", "progress", "progress", "finish"),
    // In each pair, the parent comes before its children, so there are no cycles.
    family: fc.constantFrom<[string, string]>(["1", "top"], ["2", "top"], ["2", "1"], ["3", "1"], ["3", "2"]),
    weight: fc.double({ min: 0, max: 10, noNaN: true }),
    progress: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
  });
  let moves = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: "max" }), (steps) => {
      using test = new TestRegistry();
      test.begin("c", "top");
      let before = -1;
      for (const { do: what, family: [child, parent], weight, progress } of steps) {
        const task = test.registry.task("c", child);
        if (what === "begin" && task === undefined && test.registry.task("c", parent)) {
          test.begin("c", child, { parent_id: parent, weight });
        }
        if (what === "progress" && task?.active) test.progress("c", child, progress);
        if (what === "finish" && task?.active) test.finish("c", child);
        const now = progressOf(test, "top") ?? -1;
        assert(now >= before && now <= 100, `from ${before} to ${now}`);
        if (now > before) moves++;
        before = now;
      }
    }),
    { numRuns: 1_000 },
  );
  assertGreater(moves, 100);
});
