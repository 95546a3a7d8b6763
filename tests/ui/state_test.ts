import fc from "fast-check";
import type { Task } from "../../lib/task.ts";
import { comparePlace, hasEnded } from "../../lib/task_view.ts";
import type { Milestone } from "../../ui/milestones.ts";
import { type ClientPageModel, pageOfTasks, TASKS_PER_PAGE } from "../../ui/model.ts";
import { createClientPage, type PendingChanges } from "../../ui/state.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { EXAMPLE_FRAME, NO_ACTIONS } from "../support/example_page.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../support/example_task.ts";

function clientPage(tasks: readonly Task[], page = 1) {
  const milestones: Milestone[] = [];
  const model: ClientPageModel = { ...EXAMPLE_FRAME, ...pageOfTasks(tasks, page), startable: [] };
  const options = { actions: NO_ACTIONS, onMilestone: (milestone: Milestone) => milestones.push(milestone) };
  return { ...createClientPage(model, options), milestones };
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

/** What a server may do to one of its tasks. */
const STEP = fc.record({
  id: fc.constantFrom(...Array.from({ length: 8 }, (_, index) => `t${index}`)),
  kind: fc.constantFrom("run", "run", "end", "remove", "restore", "send"),
});

/** A server that tells by state what changed since it was asked last: removals first, then records. */
class ChangingServer {
  readonly tasks = new Map<string, Task>();
  readonly #removed = new Map<string, Task>();
  #gone = new Set<string>();
  #changed = new Set<string>();
  #time = EXAMPLE_TIME;

  step(id: string, kind: string): void {
    const at = ++this.#time;
    const known = this.tasks.get(id);
    const isEnded = known !== undefined && hasEnded(known);
    const fields = { id, created_at: known?.created_at ?? at, version: (known?.version ?? 0) + 1 };
    if (kind === "run" && !isEnded) this.#put(exampleTask(fields));
    else if (kind === "end" && !isEnded) this.#put(finishedTask({ ...fields, finished_at: at }));
    else if (kind === "remove" && isEnded) {
      this.#removed.set(id, known);
      this.tasks.delete(id);
      this.#changed.delete(id);
      this.#gone.add(id);
    } else if (kind === "restore" && known === undefined && this.#removed.has(id)) {
      const task = this.#removed.get(id)!;
      this.#put({ ...task, version: task.version + 1 });
    }
  }

  takeChanges(): PendingChanges {
    const told = changes([...this.#changed].map((id) => this.tasks.get(id)!), [...this.#gone]);
    this.#changed = new Set();
    this.#gone = new Set();
    return told;
  }

  #put(task: Task): void {
    this.tasks.set(task.id, task);
    this.#removed.delete(task.id);
    this.#changed.add(task.id);
  }
}

Deno.test("createClientPage() shows, after any changes, what the server would render", () => {
  fc.assert(fc.property(fc.array(STEP, { maxLength: 60 }), fc.nat(20), (steps, before) => {
    const server = new ChangingServer();
    for (const { id, kind } of steps.slice(0, before)) server.step(id, kind);
    server.takeChanges();
    const page = clientPage([...server.tasks.values()]);
    const lists = () => [...page.view.active.value, ...page.view.ended.value];
    let listed = [page.view.active.value, page.view.ended.value];
    let rows = lists().map((id) => page.view.task(id));
    for (const { id, kind } of [...steps.slice(before), { id: "", kind: "send" }]) {
      if (kind !== "send") {
        server.step(id, kind);
        continue;
      }
      page.apply(server.takeChanges());
      // Rows look their signals up only when their list is another one.
      const now = [page.view.active.value, page.view.ended.value];
      if (now.some((list, index) => list !== listed[index])) rows = lists().map((id) => page.view.task(id));
      listed = now;
      assertEquals(rows.map((row) => row?.value), [...server.tasks.values()].sort(comparePlace));
      const { activeTotal, endedTotal } = pageOfTasks(server.tasks.values(), 1);
      assertEquals(page.view.counts.value, { active: activeTotal, ended: endedTotal, newer: 0 });
    }
  }));
});

Deno.test("createClientPage() lets a row see what was removed and restored at once, or took the id", () => {
  const page = clientPage([finishedTask({ id: "a", version: 5 })]);
  const [list, row] = [page.view.ended.value, page.view.task("a")];
  page.apply(changes([finishedTask({ id: "a", version: 6 })], ["a"]));
  assertStrictEquals(page.view.ended.value, list, "no row is made anew");
  assertEquals(row?.value.version, 6);
  page.apply(changes([finishedTask({ id: "a", name: "another", version: 1 })], ["a"]));
  assertEquals([row?.value.name, page.view.counts.value.ended], ["another", 1]);
});

Deno.test("createClientPage() keeps the numbers above its lists as they are while they stay the same", () => {
  const page = clientPage([exampleTask({ id: "a" })]);
  const { value } = page.view.counts;
  page.apply(changes([exampleTask({ id: "a", progress: 50, version: 2 })]));
  assertStrictEquals(page.view.counts.value, value);
});
