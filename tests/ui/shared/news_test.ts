import type { Task } from "../../../lib/task/task.ts";
import type { Return } from "../../../ui/shared/news.ts";
import { sayReturn, sayTrouble } from "../../../ui/shared/news.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

const LOST_AT = EXAMPLE_TIME + 100;

function interrupted(id: string, over: Partial<Task> = {}): Task {
  const error = { type: "interrupted", message: "The server ended while the task ran" };
  return finishedTask({ id, state: "ERROR", error, finished_at: LOST_AT + 1, ...over });
}

function back(over: Partial<Return> = {}): Return {
  return { tasks: [], removed: [], isAnew: false, wasClosing: false, ...over };
}

const ran = exampleTask({ id: "ran" });
const mine = exampleTask({ id: "mine" });

const TABLE: readonly [string, Return, string | null, string][] = [
  ["nothing", back(), null, "Live again. Nothing changed meanwhile."],
  ["one task", back({ tasks: [ran] }), null, "Live again. 1 task changed meanwhile."],
  [
    "tasks, each once",
    back({ tasks: [ran, mine], removed: ["ran", "gone"] }),
    null,
    "Live again. 3 tasks changed meanwhile.",
  ],
  [
    "a restart that was told",
    back({ wasClosing: true }),
    null,
    "Live again. The server was restarted; nothing changed meanwhile.",
  ],
  [
    "a restart that tasks show",
    back({ tasks: [ran, interrupted("a")] }),
    null,
    "Live again. The server was restarted; 2 tasks changed meanwhile, 1 was interrupted.",
  ],
  [
    "several that were interrupted",
    back({ tasks: [interrupted("a"), interrupted("b")] }),
    null,
    "Live again. The server was restarted; 2 tasks changed meanwhile, 2 were interrupted.",
  ],
  [
    "a task that was interrupted long before",
    back({ tasks: [interrupted("a", { finished_at: LOST_AT - 60 })] }),
    null,
    "Live again. 1 task changed meanwhile.",
  ],
  [
    "a new beginning",
    back({ tasks: [ran], isAnew: true }),
    null,
    "Live again. What changed meanwhile can't be told, so the page began anew.",
  ],
  [
    "a new beginning after a restart",
    back({ tasks: [interrupted("a")], isAnew: true }),
    "a",
    "Live again. The server was restarted, and the page began anew.",
  ],
  ["other tasks", back({ tasks: [ran] }), "mine", "Live again. This task did not change meanwhile."],
  ["its own task", back({ tasks: [mine] }), "mine", "Live again. This task changed meanwhile."],
  ["its removal", back({ removed: ["mine"] }), "mine", "Live again. This task was removed meanwhile."],
  [
    "another task that took its id",
    back({ tasks: [mine], removed: ["mine"] }),
    "mine",
    "Live again. This task changed meanwhile.",
  ],
  [
    "the end of its own task with the server",
    back({ tasks: [interrupted("mine")] }),
    "mine",
    "Live again. The server was restarted; this task was interrupted.",
  ],
  [
    "the end of another one with the server",
    back({ tasks: [interrupted("a")] }),
    "mine",
    "Live again. The server was restarted; this task did not change meanwhile.",
  ],
];

for (const [what, missed, id, sentences] of TABLE) {
  Deno.test(`sayReturn() on the page of ${id ?? "a client"} tells ${what}`, () => {
    assertEquals(sayReturn(missed, LOST_AT, id), sentences);
  });
}

Deno.test("sayTrouble() says why, and what becomes of what runs", () => {
  assertEquals(
    sayTrouble("the disk is full"),
    "Changes can't be stored at present: the disk is full. " +
      "What runs goes on; it is stored as soon as that is over.",
  );
});
