import fc from "fast-check";
import type { Task } from "../../../lib/task/task.ts";
import { comparePlace, hasEnded } from "../../../lib/task/task_view.ts";
import type { Milestone } from "../../../ui/shared/milestones.ts";
import { EVERYTHING, type ListQuery } from "../../../ui/shared/list_query.ts";
import { listedTasks, pageOfTasks, sliceOf, TASKS_PER_PAGE } from "../../../ui/shared/list_slice.ts";
import type { ClientPageModel } from "../../../ui/shared/model.ts";
import { createClientPage, type LiveClientPage } from "../../../ui/browser/client_state.ts";
import type { PendingChanges } from "../../../ui/browser/state.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { EXAMPLE_FRAME, NO_ACTIONS } from "../../support/example_page.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function clientPage(tasks: readonly Task[], page = 1, query = EVERYTHING) {
  const milestones: Milestone[] = [];
  const model: ClientPageModel = {
    ...EXAMPLE_FRAME,
    ...sliceOf(listedTasks(tasks), query, 0, page),
    problems: [],
    startable: [],
    commands: [],
    gettingStarted: [],
  };
  const options = { actions: NO_ACTIONS, onMilestone: (milestone: Milestone) => milestones.push(milestone) };
  return { ...createClientPage(model, options), milestones };
}

/** Returns the ids of the tasks in a section, in order. */
function ids(page: LiveClientPage, section: string): string[] {
  return page.view.items.value.filter((item) => item.section === section && item.id !== null)
    .map(({ id }) => id!);
}

function changes(tasks: readonly Task[], removed: readonly string[] = []): PendingChanges {
  return { tasks: new Map(tasks.map((task) => [task.id, task])), removed: new Set(removed) };
}

Deno.test("createClientPage() changes only the signal of the changed task", () => {
  const page = clientPage([exampleTask({ id: "a", created_at: 2 }), exampleTask({ id: "b", created_at: 1 })]);
  const list = page.view.items.value;
  const other = page.view.task("b")?.value;
  page.apply(changes([exampleTask({ id: "a", created_at: 2, progress: 50, version: 2 })]));
  assertEquals(page.view.task("a")?.value.progress, 50);
  assertStrictEquals(page.view.task("b")?.value, other);
  assertStrictEquals(page.view.items.value, list);
});

Deno.test("createClientPage() reports the end of a task that it never saw running, once", () => {
  const page = clientPage([]);
  const reported = () => page.milestones.splice(0).map(({ text }) => text);
  const failed = (id: string, created_at: number, version: number) =>
    finishedTask({
      id,
      name: id,
      state: "ERROR",
      error: { type: "Full", message: "disk full" },
      created_at,
      finished_at: created_at + 1,
      version,
    });
  page.apply(changes([failed("cron", EXAMPLE_TIME + 1, 3), failed("old", EXAMPLE_TIME - 100, 3)]));
  assertEquals(
    reported(),
    ["cron failed: disk full"],
    "the page cannot tell when it learned of the old task",
  );
  page.apply(changes([failed("cron", EXAMPLE_TIME + 1, 4)]));
  assertEquals(reported(), []);
  page.apply(changes([], ["cron"]));
  page.apply(changes([failed("cron", EXAMPLE_TIME + 1, 4)]));
  assertEquals(reported(), [], "a restored task has ended before");
});

Deno.test("createClientPage() ignores an older version of a task", () => {
  const page = clientPage([exampleTask({ progress: 60, version: 6 })]);
  page.apply(changes([exampleTask({ progress: 50, version: 5 })]));
  assertEquals(page.view.task("task-1")?.value.progress, 60);
});

Deno.test("createClientPage() moves tasks that end, adds new tasks, and drops removed tasks", () => {
  const page = clientPage([exampleTask({ id: "a", created_at: 1 }), exampleTask({ id: "b", created_at: 2 })]);
  assertEquals(page.title(), "2 active · Taskscope");
  page.apply(changes([
    finishedTask({ id: "a", created_at: 1, version: 2 }),
    exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1 }),
  ]));
  assertEquals(ids(page, "active"), ["new", "b"]);
  assertEquals(ids(page, "ended"), ["a"]);
  assertEquals(page.view.counts.value, { active: 2, ended: 1, newer: 0 });
  page.apply(
    changes([finishedTask({ id: "b", created_at: 2, version: 2 })], ["a", "never-seen-and-unknown"]),
  );
  assertEquals(ids(page, "active"), ["new"]);
  assertEquals(ids(page, "ended"), ["b"]);
  assertEquals(page.view.task("a"), undefined);
  page.apply(changes([], ["new", "b"]));
  assertEquals([ids(page, "active"), ids(page, "ended"), page.title()], [[], [], "Taskscope"]);
});

Deno.test("createClientPage() moves the only task to the section of ended tasks", () => {
  const page = clientPage([exampleTask({ id: "a" })]);
  page.apply(changes([finishedTask({ id: "a", version: 2 })]));
  assertEquals([ids(page, "active"), ids(page, "ended")], [[], ["a"]]);
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

Deno.test("createClientPage() announces the end of a task that is not loaded only once, and only if it has just ended", () => {
  const held = Array.from(
    { length: TASKS_PER_PAGE + 2 },
    (_, index) =>
      exampleTask({
        id: `t-${String(index).padStart(3, "0")}`,
        name: `n-${index}`,
        created_at: EXAMPLE_TIME - index,
      }),
  );
  const page = clientPage(held);
  const last = held.at(-1)!;
  assertEquals(page.view.task(last.id), undefined, "the task is on the next page");
  const ended = {
    ...finishedTask({ id: last.id, name: "far away", version: 9 }),
    created_at: last.created_at,
  };
  const now = { ...ended, finished_at: EXAMPLE_TIME + 1 };
  page.apply(changes([now]));
  page.apply(changes([{ ...now, version: 10 }]));
  const old = { ...ended, id: "old", name: "long over", finished_at: EXAMPLE_TIME - 1 };
  page.apply(changes([old]));
  assertEquals(page.milestones.map((milestone) => milestone.text), ["far away finished"]);
});

Deno.test("createClientPage() announces an end although a loaded part of the list has shown it before the event arrives", () => {
  const task = exampleTask({ id: "t", name: "job", version: 2 });
  const page = clientPage([task]);
  const since = page.recordChanges();
  const ended = finishedTask({ id: "t", name: "job", version: 3 });
  page.show(sliceOf(listedTasks([ended]), EVERYTHING, EXAMPLE_TIME, { from: 0, limit: 10 }), since);
  assertEquals(page.milestones, []);
  page.apply(changes([ended]));
  page.apply(changes([ended]));
  assertEquals(page.milestones.map((milestone) => milestone.text), ["job finished"]);
});

Deno.test("createClientPage() adds new tasks, but not those that belong after the loaded part", () => {
  const tasks = Array.from(
    { length: TASKS_PER_PAGE + 50 },
    (_, index) => exampleTask({ id: `t${index}`, created_at: index }),
  );
  const page = clientPage(tasks);
  page.apply(changes([
    exampleTask({ id: "new", created_at: EXAMPLE_TIME + 5 }),
    exampleTask({ id: "t7", created_at: 7, version: 2 }),
  ]));
  assertEquals(ids(page, "active").length, TASKS_PER_PAGE + 1);
  assertEquals(ids(page, "active")[0], "new");
  assertEquals(page.view.task("t7"), undefined);
  assertEquals(page.view.sections.value.get("active"), TASKS_PER_PAGE + 51);
  assertEquals(page.view.more.value, true);
});

Deno.test("createClientPage() updates the tasks of a later page, and counts newer tasks", () => {
  const tasks = Array.from(
    { length: 150 },
    (_, index) => exampleTask({ id: `t${index}`, created_at: index }),
  );
  const page = clientPage(tasks, 2);
  const shown = ids(page, "active");
  page.apply(changes([
    exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1 }),
    exampleTask({ id: "t120", created_at: 120, version: 2 }),
    exampleTask({ id: "t3", created_at: 3, progress: 9, version: 2 }),
  ]));
  assertEquals(ids(page, "active"), shown);
  assertEquals(page.view.task("t3")?.value.progress, 9);
  assertEquals(page.view.counts.value, { active: 151, ended: 0, newer: 1 });
  page.apply(changes([exampleTask({ id: "new", created_at: EXAMPLE_TIME + 1, version: 2 })]));
  assertEquals(page.view.counts.value.newer, 1, "the new task is counted once");
});

Deno.test("createClientPage() replaces all tasks after a resync, whatever their versions", () => {
  const page = clientPage([exampleTask({ id: "a", version: 9 }), exampleTask({ id: "b" })]);
  page.replace([exampleTask({ id: "a", version: 1, progress: 3 }), finishedTask({ id: "c" })]);
  assertEquals(ids(page, "active"), ["a"]);
  assertEquals(ids(page, "ended"), ["c"]);
  assertEquals(page.view.task("a")?.value.progress, 3);
  assertEquals(page.view.counts.value, { active: 1, ended: 1, newer: 0 });
});

Deno.test("createClientPage() unselects the tasks that a full state lacks", () => {
  const page = clientPage([exampleTask({ id: "a" }), exampleTask({ id: "b" })]);
  page.selected.value = new Set(["a", "b"]);
  page.replace([exampleTask({ id: "b", version: 2 })]);
  assertEquals([...page.selected.value], ["b"]);
});

/** Random steps of the simulated server. */
const STEP = fc.record({
  id: fc.constantFrom(...Array.from({ length: 8 }, (_, index) => `t${index}`)),
  kind: fc.constantFrom("run", "run", "end", "remove", "restore", "send"),
});

/** The parents of some of the tasks, at three levels; `x` never exists. */
const PARENTS: Readonly<Record<string, string>> = {
  t1: "t0",
  t2: "t1",
  t3: "t2",
  t5: "t4",
  t6: "x",
  t7: "t0",
};

/** A simulated server that sends coalesced changes: removals first, then records. */
class ChangingServer {
  readonly tasks = new Map<string, Task>();
  readonly #removed = new Map<string, Task>();
  #gone = new Set<string>();
  #changed = new Set<string>();
  #time = EXAMPLE_TIME;
  readonly #parents: Readonly<Record<string, string>>;

  constructor(parents: Readonly<Record<string, string>> = {}) {
    this.#parents = parents;
  }

  step(id: string, kind: string): void {
    const at = ++this.#time;
    const known = this.tasks.get(id);
    const isEnded = known !== undefined && hasEnded(known);
    const fields = {
      id,
      name: `n${Number(id.slice(1)) % 3}`,
      updated_at: at,
      created_at: known?.created_at ?? at,
      parent_id: this.#parents[id] ?? null,
      version: (known?.version ?? 0) + 1,
    };
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

Deno.test("createClientPage() shows the same tasks as a page that the server renders, after any changes", () => {
  fc.assert(fc.property(fc.array(STEP, { maxLength: 60 }), fc.nat(20), (steps, before) => {
    const server = new ChangingServer();
    for (const { id, kind } of steps.slice(0, before)) server.step(id, kind);
    server.takeChanges();
    const page = clientPage([...server.tasks.values()]);
    const lists = () => [...ids(page, "active"), ...ids(page, "ended")];
    let listed = page.view.items.value;
    let rows = lists().map((id) => page.view.task(id));
    for (const { id, kind } of [...steps.slice(before), { id: "", kind: "send" }]) {
      if (kind !== "send") {
        server.step(id, kind);
        continue;
      }
      page.apply(server.takeChanges());
      // The rows look up their signals only if the list changes.
      const now = page.view.items.value;
      if (now !== listed) rows = lists().map((id) => page.view.task(id));
      listed = now;
      assertEquals(rows.map((row) => row?.value), [...server.tasks.values()].sort(comparePlace));
      const { activeTotal, endedTotal } = pageOfTasks(server.tasks.values(), 1);
      assertEquals(page.view.counts.value, { active: activeTotal, ended: endedTotal, newer: 0 });
    }
  }));
});

/**
 * The tree of a list: for each row, the id, the rows of the subtasks below it, and the numbers of all and of
 * ended subtasks.
 */
function treeOf(page: LiveClientPage): unknown {
  const below = (id: string): unknown => {
    const { ids, total, ended } = page.view.subtasksOf(id).value;
    return [page.view.task(id)!.value, ids.map(below), total, ended];
  };
  return page.order.value.map(below);
}

/**
 * Tells a page which of the parents that it does not know exist, as its script does after asking the server.
 */
function findParents(page: LiveClientPage, server: ChangingServer): void {
  for (let parents = page.unknownParents.value; parents.length > 0; parents = page.unknownParents.value) {
    const bounds = { from: 0, limit: 0, parents };
    const slice = sliceOf(listedTasks(server.tasks.values()), page.query.value, EXAMPLE_TIME, bounds);
    for (const id of parents) page.resolveParent(id, slice.parents.find((each) => each.id === id) ?? null);
  }
}

Deno.test("createClientPage() nests the same subtasks as a page that the server renders, after any changes", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 60 }), fc.nat(20), (steps, before) => {
      const server = new ChangingServer(PARENTS);
      for (const { id, kind } of steps.slice(0, before)) server.step(id, kind);
      server.takeChanges();
      const page = clientPage([...server.tasks.values()]);
      for (const { id, kind } of [...steps.slice(before), { id: "", kind: "send" }]) {
        if (kind !== "send") {
          server.step(id, kind);
          continue;
        }
        page.apply(server.takeChanges());
        findParents(page, server);
        const wanted = clientPage([...server.tasks.values()]);
        assertEquals(treeOf(page), treeOf(wanted));
        assertEquals(page.view.counts.value, wanted.view.counts.value);
        for (const totals of ["sections", "states"] as const) {
          const known = [...page.view[totals].value].filter(([, total]) => total > 0).sort();
          assertEquals(known, [...wanted.view[totals].value].filter(([, total]) => total > 0).sort());
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("LiveClientPage.count() adds the subtasks of a parent that has moved into the loaded part", () => {
  const query = { ...EVERYTHING, sort: "-updated_at" };
  const old = exampleTask({ id: "old" });
  const others = [
    ...["part", "other"].map((id) => exampleTask({ id, parent_id: "old" })),
    ...Array.from(
      { length: TASKS_PER_PAGE },
      (_, index) => exampleTask({ id: `t${index}`, updated_at: old.updated_at + 1 }),
    ),
  ];
  const page = clientPage([old, ...others], 1, query);
  const moved = { ...old, version: old.version + 1, updated_at: old.updated_at + 2 };
  const count = (isBrief: boolean) => {
    page.recordChanges();
    page.count(sliceOf(listedTasks([moved, ...others]), query, 0, { from: 0, limit: 9, isBrief }));
  };
  assertEquals([page.view.task("old"), page.isUncertain()], [undefined, false]);
  page.apply(changes([moved]));
  assertEquals([page.order.value[0], page.isUncertain(), page.lacksSubtasks("old")], ["old", true, false]);
  count(true);
  assertEquals([page.isUncertain(), page.lacksSubtasks("old")], [false, true]);
  count(false);
  assertEquals(page.lacksSubtasks("old"), false);
  assertEquals(page.view.subtasksOf("old").value.ids.toSorted(), ["other", "part"]);
  assertEquals(page.view.sections.value.get("active"), TASKS_PER_PAGE + 1);
  assertEquals([...page.view.states.value.values()], [TASKS_PER_PAGE + 3]);
});

/** Random queries that select or sort the tasks of {@linkcode ChangingServer}. */
const QUERY: fc.Arbitrary<ListQuery> = fc.record({
  state: fc.constantFrom("", "FINISHED", "PROCESSING,FINISHED"),
  name: fc.constantFrom("", "n*", "n1"),
  q: fc.constantFrom("", "t1", "n"),
  sort: fc.constantFrom("", "name", "-name", "progress", "-updated_at", "finished_at"),
  group: fc.constantFrom<ListQuery["group"]>("", "name"),
  view: fc.constantFrom<ListQuery["view"]>("split", "all"),
}).map((some) => ({ ...EVERYTHING, ...some }));

Deno.test("LiveClientPage.show() and extend() lead to the server's list, whatever changes in the meantime", () => {
  const steps = fc.array(STEP, { maxLength: 12 });
  fc.assert(fc.property(QUERY, steps, steps, steps, steps, (query, before, during, between, later) => {
    const server = new ChangingServer(PARENTS);
    const run = (some: typeof before) => {
      for (const { id, kind } of some) if (kind !== "send") server.step(id, kind);
    };
    const slice = (bounds: { from: number; limit: number }) =>
      sliceOf(listedTasks(server.tasks.values()), query, EXAMPLE_TIME, bounds);
    run(before);
    server.takeChanges();
    const page = clientPage([...server.tasks.values()]);
    const since = page.recordChanges();
    const first = slice({ from: 0, limit: 3 });
    run(during);
    page.apply(server.takeChanges());
    findParents(page, server);
    page.show(first, since);
    run(between);
    page.apply(server.takeChanges());
    findParents(page, server);
    const next = page.recordChanges();
    const second = slice({ from: Math.max(0, page.order.value.length - 2), limit: 100 });
    run(later);
    page.apply(server.takeChanges());
    findParents(page, server);
    page.extend(second, next);
    const shown = page.order.value.map((id) => page.view.task(id)!.value);
    const all = slice({ from: 0, limit: 1_000 });
    // Tasks that have moved into the first part in the meantime may be missing, as in any list that is read
    // in parts, although the parts overlap. But every task on the page must be in the server's list, and in
    // the same order.
    const wanted = new Map(all.tasks.map((task) => [task.id, task]));
    assertEquals(shown, shown.map((task) => wanted.get(task.id)!));
    assertEquals(shown, all.tasks.filter((task) => page.view.task(task.id) !== undefined));
    if (during.length + between.length + later.length === 0) assertEquals(shown, all.tasks);
    if (!page.isUncertain()) {
      const totals = all.sections.filter(({ total }) => total > 0).map(({ key, total }) =>
        [key, total] as const
      );
      const counted = [...page.view.sections.value].filter(([, total]) => total > 0);
      assertEquals(new Map(counted), new Map(totals));
      const states = [...page.view.states.value].filter(([, total]) => total > 0);
      assertEquals(new Map(states), new Map(all.states.map(({ key, total }) => [key, total])));
    }
  }));
});

Deno.test("LiveClientPage.extend() leads to the whole list if no task is removed in the meantime", () => {
  fc.assert(fc.property(QUERY, fc.array(STEP, { maxLength: 40 }), (query, steps) => {
    const server = new ChangingServer();
    for (const { id, kind } of steps) server.step(id, kind);
    server.takeChanges();
    const page = clientPage([...server.tasks.values()]);
    const slice = (from: number) =>
      sliceOf(listedTasks(server.tasks.values()), query, EXAMPLE_TIME, { from, limit: 2 });
    page.show(slice(0), page.recordChanges());
    while (page.more.value) page.extend(slice(page.order.value.length), page.recordChanges());
    const all = sliceOf(listedTasks(server.tasks.values()), query, EXAMPLE_TIME, { from: 0, limit: 100 });
    assertEquals(page.order.value, all.tasks.map((task) => task.id));
  }));
});

Deno.test("createClientPage() updates the same row if a task is removed and restored at once, or if its id is reused", () => {
  const page = clientPage([finishedTask({ id: "a", version: 5 })]);
  const [list, row] = [page.view.items.value, page.view.task("a")];
  page.apply(changes([finishedTask({ id: "a", version: 6 })], ["a"]));
  assertStrictEquals(page.view.items.value, list, "the list is unchanged, so no row is created again");
  assertEquals(row?.value.version, 6);
  page.apply(changes([finishedTask({ id: "a", name: "another", version: 1 })], ["a"]));
  assertEquals([row?.value.name, page.view.counts.value.ended], ["another", 1]);
});

Deno.test("createClientPage() keeps the same counts object while the counts are unchanged", () => {
  const page = clientPage([exampleTask({ id: "a" })]);
  const { value } = page.view.counts;
  page.apply(changes([exampleTask({ id: "a", progress: 50, version: 2 })]));
  assertStrictEquals(page.view.counts.value, value);
});
