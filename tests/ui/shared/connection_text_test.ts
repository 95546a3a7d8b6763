import type { Task } from "../../../lib/task/task.ts";
import type { Reconnection } from "../../../ui/shared/connection_text.ts";
import { degradedText, reconnectedText } from "../../../ui/shared/connection_text.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

const LOST_AT = EXAMPLE_TIME + 100;

function interrupted(id: string, over: Partial<Task> = {}): Task {
  const error = { type: "interrupted", message: "The server ended while the task ran" };
  return finishedTask({ id, state: "ERROR", error, finished_at: LOST_AT + 1, ...over });
}

function back(over: Partial<Reconnection> = {}): Reconnection {
  return { tasks: [], removed: [], isFullState: false, wasClosing: false, ...over };
}

const ran = exampleTask({ id: "ran" });
const mine = exampleTask({ id: "mine" });

const TABLE: readonly [string, Reconnection, string | null, string][] = [
  ["nothing", back(), null, "Reconnected. Nothing changed in the meantime."],
  ["one task", back({ tasks: [ran] }), null, "Reconnected. 1 task changed in the meantime."],
  [
    "tasks, each once",
    back({ tasks: [ran, mine], removed: ["ran", "gone"] }),
    null,
    "Reconnected. 3 tasks changed in the meantime.",
  ],
  [
    "an announced restart",
    back({ wasClosing: true }),
    null,
    "Reconnected. The server was restarted; nothing changed in the meantime.",
  ],
  [
    "a restart that an interrupted task proves",
    back({ tasks: [ran, interrupted("a")] }),
    null,
    "Reconnected. The server was restarted; 2 tasks changed in the meantime, 1 was interrupted.",
  ],
  [
    "several interrupted tasks",
    back({ tasks: [interrupted("a"), interrupted("b")] }),
    null,
    "Reconnected. The server was restarted; 2 tasks changed in the meantime, 2 were interrupted.",
  ],
  [
    "a task that was interrupted long before",
    back({ tasks: [interrupted("a", { finished_at: LOST_AT - 60 })] }),
    null,
    "Reconnected. 1 task changed in the meantime.",
  ],
  [
    "a full state",
    back({ tasks: [ran], isFullState: true }),
    null,
    "Reconnected. The page has been refreshed; the changes in between are not available.",
  ],
  [
    "a full state after a restart",
    back({ tasks: [interrupted("a")], isFullState: true }),
    "a",
    "Reconnected. The server was restarted; the page has been refreshed.",
  ],
  ["other tasks", back({ tasks: [ran] }), "mine", "Reconnected. This task did not change in the meantime."],
  ["its own task", back({ tasks: [mine] }), "mine", "Reconnected. This task changed in the meantime."],
  ["its removal", back({ removed: ["mine"] }), "mine", "Reconnected. This task was removed in the meantime."],
  [
    "another task that reused its id",
    back({ tasks: [mine], removed: ["mine"] }),
    "mine",
    "Reconnected. This task changed in the meantime.",
  ],
  [
    "the interruption of its own task",
    back({ tasks: [interrupted("mine")] }),
    "mine",
    "Reconnected. The server was restarted; this task was interrupted.",
  ],
  [
    "the interruption of another task",
    back({ tasks: [interrupted("a")] }),
    "mine",
    "Reconnected. The server was restarted; this task did not change in the meantime.",
  ],
];

for (const [what, missed, id, sentences] of TABLE) {
  Deno.test(`reconnectedText() on the page of ${id ?? "a client"} mentions ${what}`, () => {
    assertEquals(reconnectedText(missed, LOST_AT, id), sentences);
  });
}

Deno.test("degradedText() states the cause, and the effect on running tasks", () => {
  assertEquals(
    degradedText("the disk is full"),
    "Changes can't be saved at the moment: the disk is full. " +
      "Running tasks continue, and their changes are saved as soon as this is resolved.",
  );
});
