import { RestorableTasks } from "../../../lib/registry/restorable.ts";
import type { EndedTask } from "../../../lib/store/store.ts";
import { assertEquals } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";

const [A, B, C] = ["a", "b", "c"].map((id, i) => ({ client: "c", id, endedAt: i })) as [
  EndedTask,
  EndedTask,
  EndedTask,
];

/** Returns whether a task can be restored. */
function has(tasks: RestorableTasks, task: EndedTask): boolean {
  const { client, id } = task;
  const known = tasks.get({ client, id });
  if (known !== undefined) assertEquals(known, task);
  return known !== undefined;
}

Deno.test("RestorableTasks.get() returns a task until the end of the restore window", () => {
  using clock = new FakeClock();
  const tasks = new RestorableTasks(5_000);
  assertEquals([has(tasks, A), tasks.size], [false, 0]);
  tasks.add(A);
  assertEquals([has(tasks, A), has(tasks, B), has(tasks, { ...A, client: "other" })], [true, false, false]);
  clock.pass(5_000);
  assertEquals(has(tasks, A), true);
  clock.pass(1);
  assertEquals([has(tasks, A), tasks.size], [false, 1]);
});

Deno.test("RestorableTasks.takeOverdue() returns each overdue task once, oldest first", () => {
  using clock = new FakeClock();
  const tasks = new RestorableTasks(5_000);
  tasks.add(A);
  clock.pass(1_000);
  tasks.add(B);
  clock.pass(3_000);
  tasks.add(C);
  assertEquals(tasks.takeOverdue(), []);
  clock.pass(3_000);
  assertEquals([tasks.takeOverdue(), tasks.size], [[A, B], 1]);
  assertEquals([tasks.takeOverdue(), has(tasks, B), has(tasks, C)], [[], false, true]);
  clock.pass(10_000);
  assertEquals([tasks.takeOverdue(), tasks.size], [[C], 0]);
});

Deno.test("RestorableTasks.add() restarts the restore window of a task that is removed again", () => {
  using clock = new FakeClock();
  const tasks = new RestorableTasks(5_000);
  tasks.add(A);
  tasks.add(B);
  clock.pass(4_000);
  tasks.add(A);
  clock.pass(2_000);
  assertEquals([has(tasks, A), has(tasks, B), tasks.takeOverdue()], [true, false, [B]]);
});

Deno.test("RestorableTasks.delete() removes a task, and ignores an unknown one", () => {
  using clock = new FakeClock();
  const tasks = new RestorableTasks(5_000);
  tasks.add(A);
  tasks.add(B);
  tasks.delete(A);
  tasks.delete(A);
  tasks.delete(C);
  assertEquals([has(tasks, A), tasks.size], [false, 1]);
  clock.pass(6_000);
  assertEquals(tasks.takeOverdue(), [B]);
});

Deno.test("RestorableTasks with a restore window of 0 keeps a task only for the same millisecond", () => {
  using clock = new FakeClock();
  const tasks = new RestorableTasks(0);
  tasks.add(A);
  clock.pass(1);
  assertEquals([has(tasks, A), tasks.takeOverdue()], [false, [A]]);
});

Deno.test("RestorableTasks keeps its restore window if the clock is set back or forward", () => {
  for (const jump of [-3_600, 3_600]) {
    using clock = new FakeClock();
    const tasks = new RestorableTasks(1_000);
    tasks.add(A);
    clock.set(CLOCK_START + jump);
    clock.pass(900);
    assertEquals([has(tasks, A), tasks.removedAt(A)], [true, CLOCK_START]);
    clock.pass(200);
    assertEquals([has(tasks, A), tasks.takeOverdue().length], [false, 1]);
  }
});
