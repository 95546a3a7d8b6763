import type { Task } from "../../../lib/task/task.ts";
import { pageOfTasks } from "../../../ui/shared/list_slice.ts";
import { TaskTally } from "../../../ui/browser/task_tally.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

const PAGE_TIME = EXAMPLE_TIME + 1_000;

/** Creates the tally of a page that has loaded 100 of 150 tasks, 120 of which have ended. */
function partlyKnown(page = 1): TaskTally {
  const tasks: Task[] = Array.from({ length: 150 }, (_, index) => {
    return index < 30 ? exampleTask({ id: `a${index}` }) : finishedTask({ id: `e${index}` });
  });
  return new TaskTally({ ...pageOfTasks(tasks, page), now: PAGE_TIME });
}

function numbers({ counts }: TaskTally): readonly number[] {
  return [counts.active, counts.ended, counts.newer];
}

Deno.test("TaskTally uses the times of an unknown task to decide whether the totals already include that task", () => {
  const tally = partlyKnown();
  tally.note(finishedTask({ id: "old, and ended before the page", version: 3 }));
  assertEquals(numbers(tally), [30, 120, 0]);
  tally.note(finishedTask({ id: "old, and ended since", finished_at: PAGE_TIME + 1 }));
  assertEquals(numbers(tally), [29, 121, 0]);
  tally.note(exampleTask({ id: "new", created_at: PAGE_TIME + 1 }));
  assertEquals(numbers(tally), [30, 121, 0]);
  tally.remove("old, and never told of");
  assertEquals(numbers(tally), [30, 120, 0]);
});

Deno.test("TaskTally counts a task that is newer than a later page only once", () => {
  const tally = partlyKnown(2);
  tally.note(exampleTask({ id: "new", created_at: PAGE_TIME + 1 }));
  tally.note(exampleTask({ id: "new", created_at: PAGE_TIME + 1, version: 2 }));
  assertEquals(numbers(tally), [31, 120, 1]);
});

Deno.test("TaskTally counts a restored task again, and the removal of a task only once", () => {
  const tally = partlyKnown();
  for (const id of ["e149", "never told of"]) {
    tally.remove(id);
    tally.remove(id);
    assertEquals(numbers(tally), [30, 119, 0]);
    tally.note(finishedTask({ id, version: 2 }));
    assertEquals(numbers(tally), [30, 120, 0]);
  }
});

Deno.test("TaskTally ignores the removal of a task that it never counted if every other task is loaded", () => {
  const tally = new TaskTally({ ...pageOfTasks([finishedTask({ id: "a" })], 1), now: PAGE_TIME });
  tally.remove("came and went");
  assertEquals(numbers(tally), [0, 1, 0]);
  // The clock of the reporter may be behind, so the time of creation may be in the past.
  tally.note(exampleTask({ id: "new", created_at: 5 }));
  assertEquals(numbers(tally), [1, 1, 0]);
  const again = partlyKnown();
  again.replace([exampleTask({ id: "a" }), finishedTask({ id: "b" })]);
  again.remove("came and went");
  assertEquals(numbers(again), [1, 1, 0]);
});

Deno.test("TaskTally.counts stays the same object while the counts are unchanged", () => {
  const tally = partlyKnown();
  const { counts } = tally;
  tally.note(exampleTask({ id: "a0", version: 7 }));
  assertStrictEquals(tally.counts, counts);
});
