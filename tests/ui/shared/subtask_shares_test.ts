import { sharesOf } from "../../../ui/shared/subtask_shares.ts";
import type { Task } from "../../../lib/task/task.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask } from "../../support/example_task.ts";

/** Returns the shares of subtasks `0`, `1`, …, of a parent at 50 %. */
function shares(
  subtasks: readonly Partial<Task>[],
  parent: Partial<Task> = {},
  isComplete = true,
): (number | undefined)[] {
  const tasks = subtasks.map((task, index) => exampleTask({ id: String(index), ...task }));
  const found = sharesOf(exampleTask({ progress: 50, ...parent }), tasks, isComplete);
  return tasks.map(({ id }) => found.get(id));
}

Deno.test("sharesOf() divides the work that no share covers by weight", () => {
  assertEquals(shares([{ weight: 1 }, { weight: 3 }]), [25, 75]);
  assertEquals(shares([{ share: 0.5 }, { weight: 1 }, { weight: 3 }]), [50, 12.5, 37.5]);
  assertEquals(shares([{ weight: 1 }, { weight: 3 }], { expected_weight: 8 }), [12.5, 37.5]);
  assertEquals(shares([{ share: 1 }, { share: 0.25 }, {}]), [80, 20, 0]);
});

Deno.test("sharesOf() returns nothing for a subtask whose share is unknown", () => {
  assertEquals(shares([{ share: 0.5 }, { weight: 1 }], { progress: null }), [50, undefined]);
  assertEquals(shares([{ share: 0.5 }, { weight: 1 }], {}, false), [50, undefined]);
  assertEquals(shares([{ share: 0.5 }, { weight: 1 }], { own_progress: true }), [undefined, undefined]);
  assertEquals(shares([{ weight: 0 }]), [undefined]);
  assertEquals(shares([{}, { retry_of: "0" }, {}]), [undefined, 50, 50]);
});
