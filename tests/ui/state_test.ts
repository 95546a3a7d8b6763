import fc from "fast-check";
import type { Task } from "../../lib/task.ts";
import type { Milestone } from "../../ui/milestones.ts";
import { type ClientPageModel, comparePlace, hasEnded, pageOfTasks, TASKS_PER_PAGE } from "../../ui/model.ts";
import { createClientPage, createTaskPage, type PendingChanges } from "../../ui/state.ts";
import type { PageActions } from "../../ui/view.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../support/example_task.ts";

const FRAME = {
  basePath: "",
  origin: "http://127.0.0.1:8000",
  version: "1",
  client: "default",
  cursor: "e:1",
  now: EXAMPLE_TIME,
  assets: { script: "/s.js", style: "/s.css" },
  notice: null,
} as const;

const ACTIONS: PageActions = {
  start: () => Promise.resolve("id"),
  cancel: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  copy: () => Promise.resolve(),
};

function clientPage(tasks: readonly Task[], page = 1) {
  const milestones: Milestone[] = [];
  const model: ClientPageModel = { ...FRAME, ...pageOfTasks(tasks, page), startable: [] };
  const options = { actions: ACTIONS, onMilestone: (milestone: Milestone) => milestones.push(milestone) };
  return { ...createClientPage(model, options), milestones };
}

function taskPage(task: Task, children: readonly Task[] = []) {
  const model = { ...FRAME, task, children, log: { lines: [], dropped: 0 } };
  return createTaskPage(model, { actions: ACTIONS, onMilestone: () => {} });
}

function changes(tasks: readonly Task[], removed: readonly string[] = []): PendingChanges {
  return { tasks: new Map(tasks.map((task) => [task.id, task])), removed: new Set(removed) };
}

Deno.test("createClientPage() changes only the signal of the task that changed", () => {
  const page = clientPage([exampleTask({ id: "a", created_at: 2 }), exampleTask({ id: "b", created_at: 1 })]);
  const lists = [page.view.active.value, page.view.ended.value];
  const other = page.view.task("b")?.value;
  page.apply(changes([exampleTask({ id: "a", created_at: 2, progress: 50, version: 2 })]));
  assertEquals(page.view.task("a")?.value.progress, 50);
  assertStrictEquals(page.view.task("b")?.value, other);
  assertStrictEquals(page.view.active.value, lists[0]);
  assertStrictEquals(page.view.ended.value, lists[1]);
});

Deno.test("createClientPage() leaves out an older version of a task", () => {
  const page = clientPage([exampleTask({ progress: 60, version: 6 })]);
  page.apply(changes([exampleTask({ progress: 50, version: 5 })]));
  assertEquals(page.view.task("task-1")?.value.progress, 60);
});

Deno.test("createClientPage() moves a task that ends, lets new ones in, and lets removed ones go", () => {
  const page = clientPage([exampleTask({ id: "a", created_at: 1 }), exampleTask({ id: "b", created_at: 2 })]);
  assertEquals(page.title(), "2 active · Taskscope");
  page.apply(changes([
    finishedTask({ id: "a", created_at: 1, version: 2 }),
    exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1 }),
  ]));
  assertEquals(page.view.active.value, ["new", "b"]);
  assertEquals(page.view.ended.value, ["a"]);
  assertEquals(page.view.counts.value, { active: 2, ended: 1, newer: 0 });
  page.apply(
    changes([finishedTask({ id: "b", created_at: 2, version: 2 })], ["a", "never-seen-and-unknown"]),
  );
  assertEquals(page.view.active.value, ["new"]);
  assertEquals(page.view.ended.value, ["b"]);
  assertEquals(page.view.task("a"), undefined);
  page.apply(changes([], ["new", "b"]));
  assertEquals([page.view.active.value, page.view.ended.value, page.title()], [[], [], "Taskscope"]);
});

Deno.test("createClientPage() announces starts, quarters and ends", () => {
  const page = clientPage([exampleTask({ id: "a", name: "copy", progress: 10 })]);
  const step = (progress: number, version: number) =>
    page.apply(changes([exampleTask({ id: "a", name: "copy", progress, version })]));
  step(24, 2);
  step(26, 3);
  step(30, 4);
  step(80, 5);
  page.apply(
    changes([finishedTask({ id: "a", name: "copy", version: 6 }), exampleTask({ id: "b", name: "next" })]),
  );
  assertEquals(page.milestones.map((milestone) => milestone.text), [
    "copy is at 25 percent",
    "copy is at 75 percent",
    "copy finished",
    "next started",
  ]);
});

Deno.test("createClientPage() keeps the first page at its size, and takes back what was cut off when it changes", () => {
  const tasks = Array.from(
    { length: TASKS_PER_PAGE },
    (_, index) => exampleTask({ id: `t${index}`, created_at: index }),
  );
  const page = clientPage(tasks);
  page.apply(changes([exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1 })]));
  assertEquals(page.view.active.value.length, TASKS_PER_PAGE);
  assertEquals(page.view.active.value[0], "new");
  assertEquals(page.view.task("t0"), undefined);
  assertEquals(page.view.counts.value.active, TASKS_PER_PAGE + 1);
  page.apply(changes([exampleTask({ id: "t0", created_at: 0, version: 2 })], ["new"]));
  assertEquals(page.view.active.value.at(-1), "t0");
  assertEquals(page.view.counts.value.active, TASKS_PER_PAGE);
});

Deno.test("createClientPage() patches what a later page shows, and counts what is newer", () => {
  const tasks = Array.from(
    { length: 150 },
    (_, index) => exampleTask({ id: `t${index}`, created_at: index }),
  );
  const page = clientPage(tasks, 2);
  const shown = page.view.active.value;
  page.apply(changes([
    exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1 }),
    exampleTask({ id: "t120", created_at: 120, version: 2 }),
    exampleTask({ id: "t3", created_at: 3, progress: 9, version: 2 }),
  ]));
  assertEquals(page.view.active.value, shown);
  assertEquals(page.view.task("t3")?.value.progress, 9);
  assertEquals(page.view.counts.value, { active: 151, ended: 0, newer: 1 });
  page.apply(changes([exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1, version: 2 })]));
  assertEquals(page.view.counts.value.newer, 1, "counted once");
});

Deno.test("createClientPage() replaces everything after a resync, versions and all", () => {
  const page = clientPage([exampleTask({ id: "a", version: 9 }), exampleTask({ id: "b" })]);
  page.replace([exampleTask({ id: "a", version: 1, progress: 3 }), finishedTask({ id: "c" })]);
  assertEquals(page.view.active.value, ["a"]);
  assertEquals(page.view.ended.value, ["c"]);
  assertEquals(page.view.task("a")?.value.progress, 3);
  assertEquals(page.view.counts.value, { active: 1, ended: 1, newer: 0 });
});

Deno.test("createClientPage() shows, after any changes, what the server would render", () => {
  const ids = fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `t${index}`));
  const step = fc.record({ id: ids, kind: fc.constantFrom("run", "end", "remove") });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const truth = new Map<string, Task>();
    const page = clientPage([]);
    let time = EXAMPLE_TIME;
    for (const { id, kind } of steps) {
      time++;
      const known = truth.get(id);
      if (kind === "remove") {
        if (known === undefined || !hasEnded(known)) continue;
        truth.delete(id);
        page.apply(changes([], [id]));
        continue;
      }
      if (known !== undefined && hasEnded(known)) continue;
      const fields = { id, created_at: known?.created_at ?? time, version: (known?.version ?? 0) + 1 };
      const task = kind === "run" ? exampleTask(fields) : finishedTask({ ...fields, finished_at: time });
      truth.set(id, task);
      page.apply(changes([task]));
    }
    const wanted = [...truth.values()].sort(comparePlace).map((task) => task.id);
    assertEquals([...page.view.active.value, ...page.view.ended.value], wanted);
    const { activeTotal, endedTotal } = pageOfTasks(truth.values(), 1);
    assertEquals(page.view.counts.value, { active: activeTotal, ended: endedTotal, newer: 0 });
  }));
});

Deno.test("createTaskPage() follows its task, its parts and its removal, and nothing else", () => {
  const page = taskPage(exampleTask({ id: "a", name: "copy" }));
  page.apply(changes([
    exampleTask({ id: "a", name: "copy", progress: 42.5, version: 2 }),
    exampleTask({ id: "part", parent_id: "a" }),
    exampleTask({ id: "stranger" }),
  ]));
  assertEquals(page.title(), "42% · copy · Taskscope");
  assertEquals(page.view.children.value, ["part"]);
  page.apply(changes([finishedTask({ id: "a", name: "copy", version: 3 })], ["part"]));
  assertEquals(page.title(), "✓ copy · Taskscope");
  assertEquals(page.view.children.value, []);
  page.apply(changes([], ["a"]));
  assertEquals(page.view.removed.value, true);
  page.replace([exampleTask({ id: "a", name: "copy", version: 1 })]);
  assertEquals([page.view.removed.value, page.view.task.value.version], [false, 1]);
});

Deno.test("createTaskPage() asks for log lines that it lacks, and joins what overlaps", () => {
  const page = taskPage(exampleTask({ id: "a" }));
  const line = (number: number) => ({ at: number, text: `line ${number}` });
  assertEquals(page.nextLogLine(), null);
  page.apply(changes([exampleTask({ id: "a", log_count: 3, version: 2 })]));
  assertEquals(page.nextLogLine(), 0);
  page.addLog({ lines: [line(0), line(1)], first: 0, next: 2 });
  assertEquals(page.nextLogLine(), 2);
  page.addLog({ lines: [line(1), line(2)], first: 1, next: 3 });
  assertEquals(page.view.log.value, { lines: [line(0), line(1), line(2)], dropped: 0 });
  assertEquals(page.nextLogLine(), null);
});

Deno.test("createTaskPage() starts its log anew where the server no longer has what lies between", () => {
  const page = taskPage(exampleTask({ id: "a", log_count: 9 }));
  page.addLog({ lines: [{ at: 0, text: "0" }], first: 0, next: 1 });
  page.addLog({ lines: [{ at: 7, text: "7" }, { at: 8, text: "8" }], first: 7, next: 9 });
  assertEquals(page.view.log.value, { lines: [{ at: 7, text: "7" }, { at: 8, text: "8" }], dropped: 7 });
});

Deno.test("createTaskPage() keeps a thousand lines", () => {
  const page = taskPage(exampleTask({ id: "a" }));
  const lines = Array.from({ length: 1_500 }, (_, at) => ({ at, text: "" }));
  page.addLog({ lines, first: 0, next: 1_500 });
  assertEquals([page.view.log.value.lines.length, page.view.log.value.dropped], [1_000, 500]);
});
