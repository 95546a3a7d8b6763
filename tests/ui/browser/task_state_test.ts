import type { Task } from "../../../lib/task/task.ts";
import { MAX_SUBTASKS, runLink } from "../../../ui/shared/relations.ts";
import type { TaskPageModel } from "../../../ui/shared/model.ts";
import type { PendingChanges } from "../../../ui/browser/state.ts";
import { createTaskPage, type LiveTaskPage } from "../../../ui/browser/task_state.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { NO_ACTIONS, taskPageModel } from "../../support/example_page.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function taskPage(task: Task, over: Partial<TaskPageModel> = {}) {
  return createTaskPage(taskPageModel(task, over), {
    actions: NO_ACTIONS,
    onMilestone: () => {},
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

Deno.test("createTaskPage() shows another task that reuses the id, and a restored task again", () => {
  const page = taskPage(finishedTask({ id: "a", version: 9 }), {
    steps: [{ at: EXAMPLE_TIME, state: "PROCESSING", text: "Reading", progress: 10, count: 1 }],
  });
  page.apply(changes([], ["a"]));
  assertEquals(page.view.removedAt.value, EXAMPLE_TIME);
  page.apply(changes([finishedTask({ id: "a", version: 10 })]));
  assertEquals([page.view.removedAt.value, page.view.task.value.version], [null, 10]);
  page.apply(changes([exampleTask({ id: "a", created_at: EXAMPLE_TIME + 9, status: "New" })], ["a"]));
  assertEquals([page.view.removedAt.value, page.view.task.value.version], [null, 1]);
  assertEquals(page.view.steps.value.map(({ text }) => text), ["New"]);
});

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

Deno.test("createTaskPage() forgets the links to tasks that a full state lacks", () => {
  const again = exampleTask({ id: "b", parent_id: "p", retry_of: "a", attempt: 2 });
  const first = finishedTask({ id: "a" });
  const page = taskPage(again, {
    parent: { id: "p" },
    previous: { id: "o" },
    next: { id: "n" },
    attempts: [first, again].map(runLink),
  });
  const links = () =>
    [page.view.parent, page.view.previous, page.view.next].map(({ value }) => value?.id ?? null);
  page.replace([again, first, ...["p", "o", "n"].map((id) => exampleTask({ id, name: "other" }))]);
  assertEquals([links(), page.view.attempts.value.length], [["p", "o", "n"], 2]);
  page.replace([again]);
  assertEquals(links(), [null, null, null]);
  assertEquals(page.view.attempts.value.map(({ id }) => id), ["b"]);
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

Deno.test("createTaskPage() links to the parent until it is removed", () => {
  const page = taskPage(exampleTask({ id: "a", parent_id: "p" }), { parent: { id: "p" } });
  page.apply(changes([exampleTask({ id: "p", version: 2 })], ["x"]));
  assertEquals(page.view.parent.value, { id: "p" });
  page.apply(changes([], ["p"]));
  assertEquals(page.view.parent.value, null);
});

Deno.test("createTaskPage() counts the subtasks that it does not show, also those that come later", () => {
  const parts = (from: number, count: number, fields: Partial<Task> = {}) =>
    Array.from(
      { length: count },
      (_, index) =>
        exampleTask({ id: `s${from + index}`, parent_id: "p", created_at: EXAMPLE_TIME + 1, ...fields }),
    );
  const opened = (subtasks: readonly Task[], omitted: number) =>
    taskPage(exampleTask({ id: "p" }), { subtasks, omitted });
  const shown = ({ view }: LiveTaskPage) => [view.subtasksOf("p").value.length, view.omitted.value];
  const live = opened([], 0);
  live.apply(changes(parts(0, MAX_SUBTASKS + 100)));
  assertEquals(shown(live), [MAX_SUBTASKS, 100]);
  live.apply(changes(parts(MAX_SUBTASKS, 100, { version: 2 })));
  assertEquals(shown(live), [MAX_SUBTASKS, 100], "none is counted twice");
  live.apply(changes([exampleTask({ id: "below", parent_id: `s${MAX_SUBTASKS}` })]));
  assertEquals(shown(live), [MAX_SUBTASKS, 101], "a subtask of a subtask that is not shown");
  live.apply(changes([], ["below", "s0", `s${MAX_SUBTASKS + 1}`]));
  assertEquals(shown(live), [MAX_SUBTASKS - 1, 99]);
  live.apply(changes(parts(MAX_SUBTASKS + 2, 1, { version: 3 })));
  assertEquals(shown(live), [MAX_SUBTASKS, 98]);

  const before = { created_at: EXAMPLE_TIME - 1 };
  const rendered = opened(parts(0, MAX_SUBTASKS, before), 50);
  rendered.apply(changes([...parts(MAX_SUBTASKS, 50, before), ...parts(MAX_SUBTASKS + 50, 5)]));
  assertEquals(shown(rendered), [MAX_SUBTASKS, 55], "the server has counted those from before");
  rendered.replace([exampleTask({ id: "p" }), ...parts(0, MAX_SUBTASKS + 7)]);
  assertEquals(shown(rendered), [MAX_SUBTASKS, 7]);
});
