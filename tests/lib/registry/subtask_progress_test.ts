import { newContribution, SubtaskProgress } from "../../../lib/registry/subtask_progress.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";

Deno.test("SubtaskProgress.progress() returns the weighted mean of subtasks that were created before the first of them made progress", () => {
  const parent = new SubtaskProgress();
  const [small, large] = [newContribution(), newContribution()];
  const child = (weight: number, progress: number | null) => exampleTask({ weight, progress });
  const progressAfter = (...args: Parameters<SubtaskProgress["update"]>) => {
    parent.update(...args);
    return parent.progress(null);
  };
  assertEquals(progressAfter(child(1, null), small), null);
  assertEquals(progressAfter(child(3, null), large), null, "nothing has moved yet");
  assertEquals(progressAfter(child(1, 100), small), 25);
  assertEquals(progressAfter(child(3, 50), large), 62.5);
  assertEquals(progressAfter(child(3, 50), large), 62.5, "a repeated update counts once");
  assertEquals(progressAfter(child(3, 10), large), 32.5, "a subtask's progress may decrease");
  assertEquals(progressAfter(child(3, null), large), 25, "indeterminate progress counts as 0");
});

Deno.test("SubtaskProgress.progress() is indeterminate unless the subtasks are known to be all of the work", () => {
  const parent = new SubtaskProgress();
  assertEquals(parent.progress(null), null);
  assertEquals(parent.progress(4), 0);
  parent.update(exampleTask({ progress: 40 }), newContribution());
  assertEquals(parent.progress(null), null);
  parent.update(exampleTask({ progress: 60 }), newContribution());
  assertEquals([parent.progress(null), parent.progress(4), parent.progress(1)], [null, 25, 50]);
});

Deno.test("SubtaskProgress.progress() scales shares down that add up to more than 1", () => {
  const parent = new SubtaskProgress();
  for (const share of [0.1, 0.2, 0.7]) {
    assertEquals(parent.progress(null), null);
    parent.update(exampleTask({ share, progress: 50 }), newContribution());
  }
  assertEquals(parent.progress(null), 50, "0.1 + 0.2 + 0.7 is not exactly 1");
  parent.update(exampleTask({ share: 1, progress: 0 }), newContribution());
  assertEquals(parent.progress(null), 25);
  parent.update(exampleTask({ weight: 5, progress: 100 }), newContribution());
  assertEquals(parent.progress(null), 25, "nothing is left for weights");
});

Deno.test("SubtaskProgress.progress() returns null if no subtask has a weight", () => {
  const parent = new SubtaskProgress();
  parent.update(exampleTask({ weight: 0, progress: 0 }), newContribution());
  parent.update(exampleTask({ weight: 0, progress: 50 }), newContribution());
  assertEquals([parent.progress(null), parent.progress(0)], [null, 0]);
  parent.update(exampleTask({ weight: 2, progress: 50 }), newContribution());
  assertEquals(parent.progress(null), 50);
});

Deno.test("SubtaskProgress.progress() is below 100 or indeterminate if all known subtasks have ended", () => {
  const parent = new SubtaskProgress();
  const [left, right] = [newContribution(), newContribution()];
  parent.update(exampleTask(), left);
  parent.update(exampleTask(), right);
  assertEquals(parent.update(finishedTask(), left), "stored");
  assertEquals(parent.progress(null), 50);
  parent.update(finishedTask({ state: "ERROR", progress: 10 }), right);
  assertEquals([parent.progress(null), parent.progress(2), parent.progress(4)], [null, 99, 50]);
  parent.update(exampleTask({ weight: 2 }), newContribution());
  assertEquals(parent.progress(null), 50);
});

Deno.test("SubtaskProgress.progress() handles weights whose sum overflows", () => {
  const parent = new SubtaskProgress();
  for (let i = 0; i < 3; i++) parent.update(exampleTask({ weight: 1e308, progress: i }), newContribution());
  assertEquals(parent.progress(null), null);
});

Deno.test("SubtaskProgress.sums restore the sums together with the unfinished subtasks", () => {
  const before = new SubtaskProgress();
  const child = newContribution();
  for (let i = 0; i < 2; i++) before.update(exampleTask({ weight: 3 }), i === 0 ? child : newContribution());
  before.update(finishedTask({ weight: 3 }), child);
  before.update(finishedTask({ share: 0.2 }), newContribution());
  const { sums } = before;
  assertEquals(sums, { ended: 2, share: 0.2, weight: 3, upFront: true });
  const after = new SubtaskProgress(sums);
  after.update(exampleTask({ weight: 3 }), newContribution());
  assertEquals([before.progress(null), after.progress(null)], [60, 60]);
});
