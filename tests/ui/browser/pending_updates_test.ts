import { PendingUpdates } from "../../../ui/browser/pending_updates.ts";
import type { PendingChanges } from "../../../ui/browser/state.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

function pendingUpdates() {
  const applied: PendingChanges[] = [];
  const frames: (() => void)[] = [];
  const pending = new PendingUpdates((changes) => applied.push(changes), (draw) => frames.push(draw));
  return { pending, applied, frames };
}

Deno.test("PendingUpdates applies changes once per frame, with the newest version of each task", () => {
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

Deno.test("PendingUpdates keeps a removal and the records after it, and drops the records before it", () => {
  const { pending, applied } = pendingUpdates();
  pending.add([exampleTask({ id: "gone" })], []);
  pending.add([], ["gone"]);
  pending.add([], ["restored"]);
  pending.add([exampleTask({ id: "restored" })], []);
  pending.add([exampleTask({ id: "taken", version: 1 })], ["taken"]);
  pending.add([exampleTask({ id: "taken", version: 2 })], []);
  pending.add([exampleTask({ id: "twice" })], ["twice"]);
  pending.add([], ["twice"]);
  pending.flush();
  assertEquals([...applied[0]!.tasks.values()].map((task) => [task.id, task.version]), [
    ["restored", 1],
    ["taken", 2],
  ]);
  assertEquals([...applied[0]!.removed], ["gone", "restored", "taken", "twice"]);
});

Deno.test("PendingUpdates applies nothing if no changes are pending", () => {
  const { pending, applied, frames } = pendingUpdates();
  pending.add([], []);
  pending.add([exampleTask()], []);
  pending.clear();
  frames.forEach((draw) => draw());
  assertEquals([applied.length, frames.length], [0, 1]);
});
