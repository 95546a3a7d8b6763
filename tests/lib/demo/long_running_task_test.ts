import FakeTimers from "fake-timers";
import { longRunningTask } from "../../../lib/demo/long_running_task.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { RecordingTask } from "../../support/recording_task.ts";

Deno.test("longRunningTask() takes ten steps of one second each", async () => {
  const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const task = new RecordingTask();
    const running = longRunningTask(task);
    for (let step = 1; step <= 10; step++) {
      await clock.tickAsync(0);
      const last = task.updates.at(-1);
      assertEquals(last, { status: `Step ${step} of 10`, current: step - 1, total: 10, unit: "steps" });
      await clock.tickAsync(999);
      assertEquals(task.updates.length, step);
      await clock.tickAsync(1);
    }
    assertEquals(await running, { message: "Done", steps: 10 });
    assertEquals(task.updates.at(-1), { status: "Done", current: 10 });
    assertEquals(task.lines, Array.from({ length: 10 }, (_, index) => `Step ${index + 1} of 10`));
    assertEquals(clock.countTimers(), 0);
  } finally {
    clock.uninstall();
  }
});

Deno.test("longRunningTask() rejects with the signal's reason in the middle of a step", async () => {
  const reason = new Error("stop");
  const task = new RecordingTask();
  const running = longRunningTask(task);
  task.stop(reason);
  assertEquals(await assertRejects(() => running), reason);
  assertEquals(task.lines, ["Step 1 of 10"]);
});

Deno.test("longRunningTask() takes no further step after it was cancelled", async () => {
  const reason = new Error("stop");
  const task = new RecordingTask((_update, task) => task.stop(reason));
  assertEquals(await assertRejects(() => longRunningTask(task)), reason);
  assertEquals(task.updates.length, 1);
});
