import { PendingUpdates } from "../../ui/pending.ts";
import type { PendingChanges } from "../../ui/state.ts";
import { assertEquals } from "../support/assert.ts";
import { exampleTask } from "../support/example_task.ts";

function pendingUpdates() {
  const applied: PendingChanges[] = [];
  const frames: (() => void)[] = [];
  const pending = new PendingUpdates((changes) => applied.push(changes), (draw) => frames.push(draw));
  return { pending, applied, frames };
}

Deno.test("PendingUpdates applies once a frame, of each task the newest", () => {
  const { pending, applied, frames } = pendingUpdates();
  pending.add([exampleTask({ id: "a", version: 1 }), exampleTask({ id: "b" })], []);
  pending.add([exampleTask({ id: "a", version: 2 })], ["c"]);
  assertEquals([applied.length, frames.length], [0, 1]);
  frames[0]!();
  assertEquals(applied.length, 1);
  assertEquals([...applied[0]!.tasks.values()].map((task) => [task.id, task.version]), [["a", 2], ["b", 1]]);
  assertEquals([...applied[0]!.removed], ["c"]);
  pending.add([exampleTask()], []);
  assertEquals(frames.length, 2);
});

Deno.test("PendingUpdates lets the later of a removal and a return win", () => {
  const { pending, applied } = pendingUpdates();
  pending.add([exampleTask({ id: "a" })], []);
  pending.add([], ["a"]);
  pending.add([], ["b"]);
  pending.add([exampleTask({ id: "b" })], []);
  pending.flush();
  assertEquals([...applied[0]!.tasks.keys()], ["b"]);
  assertEquals([...applied[0]!.removed], ["a"]);
});

Deno.test("PendingUpdates applies nothing where nothing waits", () => {
  const { pending, applied, frames } = pendingUpdates();
  pending.add([], []);
  pending.add([exampleTask()], []);
  pending.clear();
  frames.forEach((draw) => draw());
  assertEquals([applied.length, frames.length], [0, 1]);
});
