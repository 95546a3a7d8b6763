/** Tests how subtasks determine the progress of their parent. */

import { assertEquals } from "../../support/assert.ts";
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
  assertEquals([progressOf(test, "parent"), test.registry.task("c", "parent")?.state], [null, "PROCESSING"]);
});

Deno.test("Registry decreases a parent's progress if a child is added or a child's progress decreases", () => {
  using test = new TestRegistry();
  test.begin("c", "parent");
  test.begin("c", "1", { parent_id: "parent" });
  test.begin("c", "2", { parent_id: "parent" });
  test.progress("c", "1", 80);
  assertEquals(progressOf(test, "parent"), 40);
  test.progress("c", "1", 20);
  assertEquals(progressOf(test, "parent"), 10);
  test.progress("c", "2", 90);
  assertEquals(progressOf(test, "parent"), 55);
  test.begin("c", "3", { parent_id: "parent", weight: 3 });
  assertEquals(progressOf(test, "parent"), 22);
  test.report("c", "2", { type: "fail", error: { message: "no", type: "Error" } });
  assertEquals(progressOf(test, "parent"), 24, "a failed child counts in full");
});

Deno.test("Registry shows indeterminate progress for a parent whose children are created one after another", () => {
  using test = new TestRegistry();
  test.begin("c", "parent");
  for (const id of ["1", "2", "3"]) {
    test.begin("c", id, { parent_id: "parent" });
    test.progress("c", id, 50);
    assertEquals([progressOf(test, "parent"), test.registry.task("c", "parent")?.state], [
      null,
      "PROCESSING",
    ]);
    test.finish("c", id);
    assertEquals(progressOf(test, "parent"), null);
  }
  test.report("c", "parent", { type: "update", expected_weight: 4 });
  assertEquals(progressOf(test, "parent"), 75);
  test.report("c", "parent", { type: "update", expected_weight: null });
  assertEquals(progressOf(test, "parent"), null);
  assertEquals(test.finish("c", "parent").progress, 100);
});

Deno.test("Registry starts a parent with an expected weight at 0, and keeps it below 100 until it ends", () => {
  using test = new TestRegistry();
  test.begin("c", "parent");
  test.report("c", "parent", { type: "update", expected_weight: 2 });
  assertEquals(progressOf(test, "parent"), 0);
  for (const id of ["1", "2"]) {
    test.begin("c", id, { parent_id: "parent" });
    test.finish("c", id);
  }
  assertEquals(progressOf(test, "parent"), 99);
  test.begin("c", "3", { parent_id: "parent", weight: 2 });
  assertEquals(progressOf(test, "parent"), 50, "more than expected");
});

Deno.test("Registry counts a retry instead of the attempt that it retries", () => {
  using test = new TestRegistry();
  const fail = (id: string) =>
    test.report("c", id, { type: "fail", error: { message: "no", type: "Error" } });
  test.begin("c", "parent");
  for (const id of ["1", "2"]) test.begin("c", id, { parent_id: "parent" });
  fail("1");
  assertEquals(progressOf(test, "parent"), 50);
  test.begin("c", "1b", { parent_id: "parent", retry_of: "1" });
  assertEquals(progressOf(test, "parent"), 0);
  test.progress("c", "1b", 50);
  assertEquals(progressOf(test, "parent"), 25);
  test.begin("c", "1c", { parent_id: "parent", retry_of: "1" });
  assertEquals(progressOf(test, "parent"), 0, "the newest attempt counts");
  test.progress("c", "1b", 90);
  fail("1b");
  assertEquals(progressOf(test, "parent"), 0);
  test.begin("c", "1d", { parent_id: "parent", retry_of: "1c", weight: 3 });
  test.finish("c", "1d");
  assertEquals(progressOf(test, "parent"), 75);
  test.begin("c", "other", { retry_of: "2" });
  test.begin("c", "stranger", { parent_id: "parent", retry_of: "other" });
  assertEquals(progressOf(test, "parent"), 60, "a retry of a task that is no subtask is a further one");
});

Deno.test("Registry updates the progress of grandparents", () => {
  using test = new TestRegistry();
  test.begin("c", "top");
  test.begin("c", "left", { parent_id: "top" });
  test.begin("c", "right", { parent_id: "top" });
  test.begin("c", "leaf", { parent_id: "left", share: 1 });
  test.progress("c", "leaf", 50);
  assertEquals(["leaf", "left", "top"].map((id) => progressOf(test, id)), [50, 50, 25]);
  test.finish("c", "leaf");
  assertEquals(["leaf", "left", "top"].map((id) => progressOf(test, id)), [100, 99, 49.5]);
  test.progress("c", "left", 100);
  assertEquals(
    ["left", "top"].map((id) => progressOf(test, id)),
    [100, 50],
    "its own progress takes precedence",
  );
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
  for (let i = 1; i < 9_000; i++) test.begin("c", `${i}`, { parent_id: `${i - 1}`, share: 1 });
  test.progress("c", "8999", 50);
  assertEquals(progressOf(test, "0"), 50);
});
