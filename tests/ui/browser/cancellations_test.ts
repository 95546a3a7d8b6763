import type { Task, TaskState } from "../../../lib/task/task.ts";
import { Cancellations } from "../../../ui/browser/cancellations.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const task = (id: string, state: TaskState) => ({ id, state }) as Task;

Deno.test("Cancellations.hold() resolves after 2 s, or when the page is left, without those that were undone", async () => {
  using clock = new FakeClock();
  const cancellations = new Cancellations();
  const first = cancellations.hold(["a", "b"]);
  assertEquals([...cancellations.held.value], ["a", "b"]);
  cancellations.undo(["a"]);
  await clock.passAsync(2_000);
  assertEquals([await first, [...cancellations.held.value]], [["b"], []]);
  const second = cancellations.hold(["c"]);
  cancellations.flush();
  assertEquals([await second, clock.pending], [["c"], 0]);
});

Deno.test("Cancellations.dropEnded() cancels no task that has ended in the meantime, nor a new task that reuses its id", async () => {
  using clock = new FakeClock();
  const cancellations = new Cancellations();
  const wanted = cancellations.hold(["a", "b"]);
  cancellations.dropEnded([task("a", "FINISHED"), task("b", "PROCESSING")]);
  assertEquals([...cancellations.held.value], ["b"]);
  cancellations.dropEnded([task("a", "PROCESSING")]);
  cancellations.flush();
  assertEquals(await wanted, ["b"]);
  const alone = cancellations.hold(["c"]);
  cancellations.dropEnded([task("c", "ERROR")]);
  assertEquals([await alone, clock.pending], [[], 0]);
});
