import type { Task } from "../../../lib/task/task.ts";
import { type Milestone, milestoneBetween, milestonesText } from "../../../ui/shared/milestones.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";

const waiting = exampleTask({ state: "NOT_STARTED", active: false });
const failed = finishedTask({ state: "ERROR", error: { message: "disk full", type: "Error" } });

const TABLE: readonly [string, Task | undefined, Task, string | null][] = [
  ["a new running task", undefined, exampleTask({ progress: 3 }), "task started"],
  ["a new waiting task", undefined, waiting, null],
  ["a new task with much progress", undefined, exampleTask({ progress: 60 }), null],
  ["a task that starts", waiting, exampleTask(), "task started"],
  ["a small step", exampleTask({ progress: 26 }), exampleTask({ progress: 49 }), null],
  ["a quarter", exampleTask({ progress: 10 }), exampleTask({ progress: 30 }), "task is at 25 percent"],
  [
    "two quarters at once",
    exampleTask({ progress: 10 }),
    exampleTask({ progress: 76 }),
    "task is at 75 percent",
  ],
  ["a step back", exampleTask({ progress: 60 }), exampleTask({ progress: 40 }), null],
  ["all done but not ended", exampleTask({ progress: 80 }), exampleTask({ progress: 100 }), null],
  ["an end", exampleTask(), finishedTask(), "task finished"],
  ["a failure", exampleTask(), failed, "task failed: disk full"],
  ["a cancellation", exampleTask(), finishedTask({ state: "CANCELLED" }), "task was cancelled"],
  ["an unknown final state", exampleTask(), finishedTask({ state: "LOST" as never }), "task ended"],
  ["a change after the end", finishedTask(), finishedTask({ version: 2 }), null],
  ["the end of a task that the page did not know", undefined, finishedTask(), null],
];

for (const [what, before, after, text] of TABLE) {
  Deno.test(`milestoneBetween() returns ${text === null ? "nothing" : `"${text}"`} for ${what}`, () => {
    assertEquals(milestoneBetween(before, after)?.text ?? null, text);
  });
}

function milestone(id: string, kind: Milestone["kind"], text = `${id} ${kind}`): Milestone {
  return { id, kind, text };
}

Deno.test("milestonesText() has a sentence for the last milestone of each task if there are few tasks", () => {
  assertEquals(milestonesText([]), "");
  assertEquals(
    milestonesText([milestone("a", "started"), milestone("b", "finished"), milestone("a", "failed")]),
    "a failed. b finished",
  );
});

Deno.test("milestonesText() summarises many milestones as counts", () => {
  const many = ["a", "b", "c", "d"].map((id) => milestone(id, "finished"));
  assertEquals(milestonesText([...many, milestone("e", "failed")]), "4 tasks finished, 1 task failed");
  assertEquals(
    milestonesText(["a", "b", "c", "d"].map((id) => milestone(id, "progress"))),
    "4 tasks progressed",
  );
});

Deno.test("milestoneBetween() truncates a long error", () => {
  const before = exampleTask({ id: "a", name: "a" });
  const error = { type: "Error", message: "x".repeat(10_000) };
  const after = { ...before, state: "ERROR", active: false, finished_at: 1, error } as const;
  assertEquals(milestoneBetween(before, after)?.text, `a failed: ${"x".repeat(159)}…`);
});
