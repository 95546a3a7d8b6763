import fc from "fast-check";
import { SubtaskProgress } from "../../../lib/registry/subtask_progress.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

Deno.test("SubtaskProgress.add() returns the weighted mean of the children's progress", () => {
  const parent = new SubtaskProgress();
  const [small, large] = [new SubtaskProgress(), new SubtaskProgress()];
  const child = (weight: number, progress: number | null) => exampleTask({ weight, progress });
  assertEquals(parent.add(child(1, null), small), 0, "indeterminate progress counts as 0");
  assertEquals(parent.add(child(3, null), large), 0);
  assertEquals(parent.add(child(1, 100), small), 25);
  assertEquals(parent.add(child(3, 50), large), 62.5);
  assertEquals(parent.add(child(3, 50), large), 62.5, "a repeated update counts once");
  assertEquals(parent.add(child(3, 10), large), 32.5, "a child's progress may decrease");
  assertEquals(parent.add(child(3, null), large), 25);
});

Deno.test("SubtaskProgress.add() returns null if the task reports its own progress", () => {
  const parent = new SubtaskProgress();
  const child = new SubtaskProgress();
  assertEquals(parent.add(exampleTask({ progress: 40 }), child), 40);
  parent.setsOwnProgress();
  assertEquals(parent.add(exampleTask({ progress: 60 }), child), null);
});

Deno.test("SubtaskProgress.add() returns null if no child has a weight", () => {
  const parent = new SubtaskProgress();
  assertEquals(parent.add(exampleTask({ weight: 0, progress: 50 }), new SubtaskProgress()), null);
  assertEquals(parent.add(exampleTask({ weight: 2, progress: 50 }), new SubtaskProgress()), 50);
});

Deno.test("SubtaskProgress.add() returns the same as a sum computed from scratch", () => {
  const said = fc.array(
    fc.tuple(fc.nat(3), fc.option(fc.integer({ min: 0, max: 100 }))),
    { minLength: 1, maxLength: 40 },
  );
  const weights = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5), fc.nat(5));
  fc.assert(
    fc.property(said, weights, (said, weights) => {
      const parent = new SubtaskProgress();
      const families = weights.map(() => new SubtaskProgress());
      const last = new Map<number, number>();
      for (const [child, progress] of said) {
        const weight = weights[child]!;
        const together = parent.add(exampleTask({ weight, progress }), families[child]!);
        last.set(child, progress ?? 0);
        const whole = [...last.keys()].reduce((sum, child) => sum + weights[child]!, 0);
        const done = [...last].reduce((sum, [child, progress]) => sum + weights[child]! * progress, 0);
        if (whole === 0) assertEquals(together, null);
        else assert(Math.abs(together! - done / whole) < 1e-9, `${together} is not ${done / whole}`);
      }
    }),
    { numRuns: 1_000 },
  );
});
