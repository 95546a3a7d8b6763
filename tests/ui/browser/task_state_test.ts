import type { LogLine, Task } from "../../../lib/task/task.ts";
import { runLink } from "../../../ui/shared/relations.ts";
import type { TaskPageModel } from "../../../ui/shared/model.ts";
import type { PendingChanges } from "../../../ui/browser/state.ts";
import { createTaskPage } from "../../../ui/browser/task_state.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { NO_ACTIONS, NO_LOG, taskPageModel } from "../../support/example_page.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function taskPage(task: Task, over: Partial<TaskPageModel> = {}) {
  return createTaskPage(taskPageModel(task, over), {
    actions: NO_ACTIONS,
    onMilestone: () => {},
    log: NO_LOG,
  });
}

function changes(tasks: readonly Task[], removed: readonly string[] = []): PendingChanges {
  return { tasks: new Map(tasks.map((task) => [task.id, task])), removed: new Set(removed) };
}

Deno.test("createTaskPage() applies only changes of its task and of that task's subtasks, and the removal of the task", () => {
  const page = taskPage(exampleTask({ id: "a", name: "copy" }));
  page.apply(changes([
    exampleTask({ id: "a", name: "copy", progress: 42.5, version: 2 }),
    exampleTask({ id: "part", parent_id: "a" }),
    exampleTask({ id: "stranger" }),
  ]));
  assertEquals(page.title(), "42% · copy · Taskscope");
  assertEquals(page.view.subtasksOf("a").value, ["part"]);
  page.apply(changes([finishedTask({ id: "a", name: "copy", version: 3 })], ["part"]));
  assertEquals(page.title(), "✓ copy · Taskscope");
  assertEquals(page.view.subtasksOf("a").value, []);
  page.apply(changes([], ["a"]));
  assertEquals(page.view.removedAt.value, EXAMPLE_TIME);
  page.replace([exampleTask({ id: "a", name: "copy", version: 1 })]);
  assertEquals([page.view.removedAt.value, page.view.task.value.version], [null, 1]);
});

Deno.test("createTaskPage() shows another task that reuses the id, with a new log", () => {
  const page = taskPage(exampleTask({ id: "a", version: 9, log_count: 2 }));
  page.addLog({ lines: [{ at: 0, text: "0" }, { at: 1, text: "1" }], first: 0, next: 2 }, 0);
  page.apply(changes([exampleTask({ id: "a", created_at: EXAMPLE_TIME + 9, log_count: 1 })], ["a"]));
  assertEquals([page.view.removedAt.value, page.view.task.value.version], [null, 1]);
  assertEquals([page.view.log.value, page.nextLogLine()], [{ lines: [], dropped: 0, gone: 0 }, 0]);
});

Deno.test("createTaskPage() shows a restored task again, with its log", () => {
  const page = taskPage(finishedTask({ id: "a", version: 3, log_count: 1 }));
  page.addLog({ lines: [{ at: 0, text: "0" }], first: 0, next: 1 }, 0);
  page.apply(changes([], ["a"]));
  assertEquals(page.view.removedAt.value, EXAMPLE_TIME);
  page.apply(changes([finishedTask({ id: "a", version: 4, log_count: 1 })]));
  assertEquals([page.view.removedAt.value, page.view.log.value.lines.length], [null, 1]);
  page.apply(changes([finishedTask({ id: "a", version: 6, log_count: 1 })], ["a"]));
  assertEquals([page.view.task.value.version, page.view.log.value.lines.length], [6, 1]);
});

for (const how of ["apply", "replace"] as const) {
  Deno.test(`createTaskPage().${how}() drops log lines that the server lost when it crashed`, () => {
    const page = taskPage(exampleTask({ id: "a", version: 7, log_count: 4 }));
    const lines = Array.from({ length: 4 }, (_, at) => ({ at, text: `line ${at}` }));
    page.addLog({ lines, first: 0, next: 4 }, 0);
    const interrupted = finishedTask({ id: "a", state: "ERROR", version: 9, log_count: 3 });
    if (how === "apply") page.apply(changes([interrupted]));
    else page.replace([interrupted]);
    assertEquals(page.view.log.value, { lines: lines.slice(0, 3), dropped: 0, gone: 0 });
    assertEquals(page.nextLogLine(), null);
  });
}

Deno.test("createTaskPage() keeps subtasks in the order of their creation, and each with the same signal", () => {
  const subtask = (id: string, over: Partial<Task> = {}) =>
    finishedTask({ id, parent_id: "a", created_at: Number(id.slice(1)), ...over });
  const page = taskPage(exampleTask({ id: "a" }), {
    subtasks: [subtask("p1"), subtask("p2"), subtask("p3")],
  });
  const sources = ["p1", "p2", "p3"].map((id) => page.view.subtask(id));
  const list = page.view.subtasksOf("a").value;
  page.apply(changes([subtask("p2", { version: 2 })], ["p2"]));
  page.replace([exampleTask({ id: "a" }), subtask("p3"), subtask("p2", { progress: 7 }), subtask("p1")]);
  assertStrictEquals(page.view.subtasksOf("a").value, list);
  assertEquals(["p1", "p2", "p3"].map((id) => page.view.subtask(id) === sources[Number(id[1]) - 1]), [
    true,
    true,
    true,
  ]);
  assertEquals(sources[1]?.value.progress, 7);
  page.apply(changes([], ["p1"]));
  page.apply(changes([subtask("p1", { version: 3 }), subtask("p3", { parent_id: "b", version: 1 })], ["p3"]));
  assertEquals(page.view.subtasksOf("a").value, ["p1", "p2"]);
});

Deno.test("createTaskPage() requests missing log lines, and merges overlapping responses", () => {
  const page = taskPage(exampleTask({ id: "a" }));
  const line = (number: number) => ({ at: number, text: `line ${number}` });
  assertEquals(page.nextLogLine(), null);
  page.apply(changes([exampleTask({ id: "a", log_count: 3, version: 2 })]));
  assertEquals(page.nextLogLine(), 0);
  page.addLog({ lines: [line(0), line(1)], first: 0, next: 2 }, 0);
  assertEquals(page.nextLogLine(), 2);
  page.addLog({ lines: [line(1), line(2)], first: 1, next: 3 }, 1);
  assertEquals(page.view.log.value, { lines: [line(0), line(1), line(2)], dropped: 0, gone: 0 });
  assertEquals(page.nextLogLine(), null);
});

Deno.test("createTaskPage() drops the loaded log lines if the server no longer has the lines that follow them", () => {
  const page = taskPage(exampleTask({ id: "a", log_count: 9 }));
  page.addLog({ lines: [{ at: 0, text: "0" }], first: 0, next: 1 }, 0);
  page.addLog({ lines: [{ at: 7, text: "7" }, { at: 8, text: "8" }], first: 7, next: 9 }, 1);
  assertEquals(page.view.log.value, {
    lines: [{ at: 7, text: "7" }, { at: 8, text: "8" }],
    dropped: 7,
    gone: 7,
  });
});

Deno.test("createTaskPage() can still load log lines that arrived too fast to be shown", () => {
  const page = taskPage(exampleTask({ id: "a", log_count: 1 }));
  page.addLog({ lines: linesOf(0, 1), first: 0, next: 1 }, 0);
  page.apply(changes([exampleTask({ id: "a", log_count: 5_000, version: 2 })]));
  const after = page.nextLogLine()!;
  page.addLog({ lines: linesOf(after, 5_000), first: after, next: 5_000 }, after);
  const { dropped, gone } = page.view.log.value;
  assertEquals([dropped, gone], [4_000, 0], "the page does not show the lines, but the server keeps them");
});

Deno.test("createTaskPage() keeps at most a thousand log lines", () => {
  const page = taskPage(exampleTask({ id: "a" }));
  const lines = Array.from({ length: 1_500 }, (_, at) => ({ at, text: "" }));
  page.addLog({ lines, first: 0, next: 1_500 }, 0);
  assertEquals([page.view.log.value.lines.length, page.view.log.value.dropped], [1_000, 500]);
  page.apply(changes([exampleTask({ id: "a", log_count: 9_000, version: 2 })]));
  assertEquals(page.nextLogLine(), 8_000, "lines that would not be kept are not requested");
});

Deno.test("createTaskPage() shows nested subtasks, and drops them with their parent", () => {
  const page = taskPage(exampleTask({ id: "a" }));
  page.apply(changes([
    exampleTask({ id: "b", parent_id: "a", created_at: 1 }),
    exampleTask({ id: "c", parent_id: "b", created_at: 2 }),
    exampleTask({ id: "d", parent_id: "c", created_at: 3 }),
  ]));
  assertEquals(["a", "b", "c"].map((id) => page.view.subtasksOf(id).value), [["b"], ["c"], ["d"]]);
  const list = page.view.subtasksOf("c");
  page.apply(changes([], ["d"]));
  assertEquals(list.value, []);
});

Deno.test("createTaskPage() lists an attempt that starts later, and the next run of the same name", () => {
  const page = taskPage(finishedTask({ id: "a" }));
  const again = exampleTask({ id: "b", retry_of: "a", attempt: 2, created_at: EXAMPLE_TIME + 9 });
  page.apply(changes([exampleTask({ id: "x", name: "other" }), again]));
  assertEquals(page.view.attempts.value.map(({ id, attempt }) => [id, attempt]), [["a", 1], ["b", 2]]);
  assertEquals([page.view.previous.value, page.view.next.value?.id], [null, "b"]);
  page.apply(changes([{ ...again, state: "FINISHED", version: 2 }]));
  assertEquals(page.view.attempts.value.map(({ state }) => state), ["FINISHED", "FINISHED"]);
  page.apply(changes([], ["b"]));
  assertEquals([page.view.attempts.value.map(({ id }) => id), page.view.next.value], [["a"], null]);
});

Deno.test("createTaskPage() keeps the next run that it knows if a later run starts", () => {
  const next = runLink(exampleTask({ id: "b", created_at: EXAMPLE_TIME + 1 }));
  const page = taskPage(finishedTask({ id: "a" }), { next });
  page.apply(changes([exampleTask({ id: "c", created_at: EXAMPLE_TIME + 2 })]));
  assertEquals(page.view.next.value?.id, "b");
});

Deno.test("createTaskPage() continues the timeline and the progress history that the server sent", () => {
  const page = taskPage(exampleTask({ id: "a", status: "Reading", progress: 10 }), {
    steps: [{ at: EXAMPLE_TIME, state: "PROCESSING", text: "Reading", progress: 10, count: 1 }],
    progressHistory: [[EXAMPLE_TIME, 10]],
  });
  const after = { id: "a", status: "Writing", version: 2, updated_at: EXAMPLE_TIME + 4 };
  page.apply(changes([exampleTask({ ...after, progress: 60 })]));
  page.apply(changes([exampleTask({ ...after, progress: 80, version: 3, updated_at: EXAMPLE_TIME + 6 })]));
  assertEquals(page.view.steps.value.map(({ at, text }) => [at - EXAMPLE_TIME, text]), [
    [0, "Reading"],
    [4, "Writing"],
  ]);
  assertEquals(page.view.progressHistory.value.map(([at, progress]) => [at - EXAMPLE_TIME, progress]), [
    [0, 10],
    [4, 60],
    [6, 80],
  ]);
  const entry = { state: "PROCESSING", version: 1, progress: 0 } as const;
  page.setHistory([{ at: EXAMPLE_TIME, status: "Missed", ...entry }]);
  assertEquals(page.view.steps.value.map(({ text }) => text), ["Missed", "Writing"]);
});

function linesOf(from: number, to: number): LogLine[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ at: 0, text: `${from + index}` }));
}

Deno.test("createTaskPage() links to the parent until it is removed", () => {
  const page = taskPage(exampleTask({ id: "a", parent_id: "p" }), { parent: { id: "p" } });
  page.apply(changes([exampleTask({ id: "p", version: 2 })], ["x"]));
  assertEquals(page.view.parent.value, { id: "p" });
  page.apply(changes([], ["p"]));
  assertEquals(page.view.parent.value, null);
});
