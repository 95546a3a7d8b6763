/** Tests the filters, the order and the pages of a list of tasks. */

import fc from "fast-check";
import { parseTaskQuery, selectTasks as select, type TaskPage } from "../../../../lib/http/tasks/query.ts";
import { Problem } from "../../../../lib/http/problem.ts";
import type { StoredTask, TaskRecord } from "../../../../lib/store/store.ts";
import { TaskInMemory } from "../../../../lib/store/task_in_memory.ts";
import { summaryOf, type Task } from "../../../../lib/task/task.ts";
import type { TaskQuery } from "../../../../lib/task/task_query.ts";
import { matches } from "../../../../lib/task/apply_query.ts";
import { transition } from "../../../../lib/task/transition.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../../../support/assert.ts";
import { exampleTask, finishedTask } from "../../../support/example_task.ts";
import { listedTasks, taskQueries } from "../../../support/task_queries.ts";

/** Creates a stored task; `seq` is its position in the order of creation. */
function stored(id: string, seq: number, more: Partial<Task> = {}): TaskRecord {
  const create = {
    ...{
      type: "create",
      name: id,
      metadata: {},
      tags: [],
      parent_id: null,
      weight: 1,
      share: null,
      attempt: 1,
      retry_of: null,
      retryable: false,
    } as const,
    stale_after: null,
  };
  const task = { ...transition(undefined, id, create, seq), ...more };
  return new TaskInMemory(task, seq);
}

const TASKS = [
  stored("import", 1, { state: "FINISHED", progress: 100, tags: ["night", "db"], status: "Read 12 rows" }),
  stored("export", 2, {
    state: "ERROR",
    progress: 40,
    tags: ["db"],
    error: { message: "Disk is FULL", type: "Error" },
  }),
  stored("import users", 3, { state: "PROCESSING", progress: null, started_at: 9 }),
  stored("a.b", 4, { state: "PROCESSING", progress: 40, started_at: 8 }),
];

/** Selects tasks whose records are in memory. */
function selectTasks(tasks: readonly TaskRecord[], query: TaskQuery): TaskPage {
  return select({ list: () => tasks, records: (some) => some as TaskRecord[] }, "c", query) as TaskPage;
}

function pick(query: string): string[] {
  return selectTasks(TASKS, parseTaskQuery(new URLSearchParams(query))).tasks.map(({ id }) => id);
}

Deno.test("selectTasks() selects all tasks without filters, newest first", () => {
  assertEquals(pick(""), ["a.b", "import users", "export", "import"]);
});

Deno.test("selectTasks() filters by one or more states, case-insensitively", () => {
  assertEquals(pick("state=ERROR"), ["export"]);
  assertEquals(pick("state=error,finished"), ["export", "import"]);
  assertEquals(pick("state=ERROR&state=PROCESSING"), ["a.b", "import users", "export"]);
});

Deno.test("selectTasks() filters by a name pattern, in which only * has a special meaning", () => {
  assertEquals(pick("name=import"), ["import"]);
  assertEquals(pick("name=IMPORT*"), ["import users", "import"]);
  assertEquals(pick("name=*port"), ["export", "import"]);
  assertEquals(pick("name=*"), ["a.b", "import users", "export", "import"]);
  assertEquals(pick("name=a.b"), ["a.b"]);
  for (const name of ["a?b", "i.port", "[i]mport", "(import)", "import|export", "^import$", "import\\", ""]) {
    assertEquals(pick(`name=${encodeURIComponent(name)}`), [], name);
  }
});

Deno.test("selectTasks() matches any name pattern quickly", () => {
  const long = [stored("t", 1, { name: "a".repeat(200) })];
  const started = performance.now();
  // A matcher that backtracks would take almost a minute.
  selectTasks(long, parseTaskQuery(new URLSearchParams({ name: `${"*a".repeat(5)}*b` })));
  assertLess(performance.now() - started, 2_000);
});

Deno.test("selectTasks() selects tasks that have all of the tags", () => {
  assertEquals(pick("tag=db"), ["export", "import"]);
  assertEquals(pick("tag=db,night"), ["import"]);
  assertEquals(pick("tag=db&tag=night"), ["import"]);
  assertEquals(pick("tag=d"), []);
});

Deno.test("selectTasks() searches id, name, status, error and tags", () => {
  assertEquals(pick("q=rows"), ["import"]);
  assertEquals(pick("q=full"), ["export"]);
  assertEquals(pick("q=NIGHT"), ["import"]);
  assertEquals(pick("q=users"), ["import users"]);
  assertEquals(pick("q="), ["a.b", "import users", "export", "import"]);
  assertEquals(pick("q=.*"), []);
});

Deno.test("selectTasks() selects tasks that match every filter", () => {
  assertEquals(pick("state=PROCESSING&name=import*"), ["import users"]);
  assertEquals(pick("state=FINISHED&q=full"), []);
});

Deno.test("selectTasks() sorts in both directions, with null as the lowest value and equal tasks in order of creation", () => {
  assertEquals(pick("sort=created_at"), ["import", "export", "import users", "a.b"]);
  assertEquals(pick("sort=name"), ["a.b", "export", "import", "import users"]);
  assertEquals(pick("sort=-name"), ["import users", "import", "export", "a.b"]);
  assertEquals(pick("sort=progress"), ["import users", "export", "a.b", "import"]);
  assertEquals(pick("sort=-progress"), ["import", "a.b", "export", "import users"]);
  assertEquals(pick("sort=-started_at").slice(0, 2), ["import users", "a.b"]);
});

Deno.test("selectTasks() puts each task on exactly one page", () => {
  const query = (page: number) => parseTaskQuery(new URLSearchParams({ limit: "3", page: String(page) }));
  const first = selectTasks(TASKS, query(1));
  const second = selectTasks(TASKS, query(2));
  assertEquals([first.nextPage, second.nextPage, first.total], [2, null, 4]);
  assertEquals([...first.tasks, ...second.tasks].map(({ id }) => id), pick(""));
  assertEquals(selectTasks(TASKS, query(99)).tasks, []);
  assertEquals(selectTasks([], query(1)), { tasks: [], total: 0, nextPage: null });
});

/** Creates a task whose record is on disk; appends its `seq` to `reads` whenever the record is read. */
function onDisk(task: Task, seq: number, reads: number[] = []): TaskRecord {
  const { id, active } = task;
  return {
    ...{ id, active, seq, summary: summaryOf(task) },
    get task() {
      reads.push(seq);
      return task;
    },
    json: "",
  };
}

/** A simple implementation of `selectTasks()`, which reads every record. */
function selectPlainly(tasks: readonly TaskRecord[], query: TaskQuery): string[][] {
  const { field, descending } = query.sort;
  const rank = ({ task }: TaskRecord) => {
    if (field !== "duration") return task[field] ?? -Infinity;
    return task.started_at === null ? -Infinity : (task.finished_at ?? 1e12) - task.started_at;
  };
  const matching = tasks.map((stored, place) => ({ stored, place })).filter(({ stored }) =>
    matches(stored.task, query.conditions)
  );
  matching.sort((a, b) => {
    const [left, right] = [rank(a.stored), rank(b.stored)];
    const order = left === right
      ? a.place - b.place
      : left === -Infinity || (right !== -Infinity && left < right)
      ? -1
      : 1;
    return descending ? -order : order;
  });
  const pages: string[][] = [];
  while (matching.length > 0) {
    pages.push(matching.splice(0, query.limit).map(({ stored }) => String(stored.seq)));
  }
  return pages;
}

Deno.test("selectTasks() finds the same tasks as an implementation that reads every record", () => {
  fc.assert(
    fc.property(fc.array(listedTasks, { maxLength: 30, size: "max" }), taskQueries, (examples, query) => {
      const tasks = examples.map((task, seq) => ({ ...task, id: `${task.id}-${seq}` }));
      const reads: number[] = [];
      const pages = selectPlainly(tasks.map((task, seq) => new TaskInMemory(task, seq)), query);
      const { tasks: found, total, nextPage } = selectTasks(
        tasks.map((task, seq) => onDisk(task, seq, reads)),
        query,
      );
      assertEquals(new Set(reads).size, reads.length, "a record was read twice");
      assertEquals(found.map(({ seq }) => String(seq)), pages[query.page - 1] ?? []);
      assertEquals([total, nextPage], [
        pages.flat().length,
        query.page < pages.length ? query.page + 1 : null,
      ]);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("selectTasks() reads many records in parts, and leaves out tasks that were purged meanwhile", async () => {
  const tasks = Array.from(
    { length: 2_500 },
    (_, seq) => stored(`t${seq}`, seq, { tags: seq % 2 ? ["odd"] : [] }),
  );
  const parts: number[] = [];
  const records = (some: readonly StoredTask[]) => {
    parts.push(some.length);
    return Promise.resolve((some as TaskRecord[]).filter(({ id }) => id !== "t1" && id !== "t1001"));
  };
  const query = parseTaskQuery(new URLSearchParams("tag=odd&sort=created_at&limit=2"));
  const page = await select({ list: () => tasks, records }, "c", query);
  assertEquals([page.tasks.map(({ id }) => id), page.total, page.nextPage], [["t3", "t5"], 1_248, 2]);
  assertEquals(parts, [1_000, 1_000, 500]);
});

Deno.test("selectTasks() reads a record only if the summary does not suffice to decide", () => {
  const readsFor = (query: string) => {
    const reads: number[] = [];
    const tasks = TASKS.map(({ task, seq }) => onDisk(task, seq, reads));
    selectTasks(tasks, parseTaskQuery(new URLSearchParams(query)));
    return reads;
  };
  for (
    const query of ["state=ERROR", "name=*port&sort=-progress", "since=1h&until=1m&sort=finished_at&limit=1"]
  ) {
    assertEquals(readsFor(query), [], query);
  }
  assertEquals(readsFor("q=export"), [1, 3, 4]);
  assertEquals(readsFor("tag=db&state=FINISHED"), [1]);
});

Deno.test("parseTaskQuery() parses times relative to the present, and ignores empty fields", () => {
  const seconds = Date.now() / 1000;
  const conditionsOf = (search: string) => parseTaskQuery(new URLSearchParams(search)).conditions;
  const since = conditionsOf("since=1h");
  const endedAt = (finished_at: number) => finishedTask({ created_at: 0, finished_at });
  assertEquals(matches(endedAt(Date.now() / 1000 - 3_600), since), true);
  assertEquals(matches(endedAt(seconds - 3_600.001), since), false);
  const until = conditionsOf("until=2026-11-24T14:00:00%2B01:00");
  const createdAt = (created_at: number) => matches(exampleTask({ created_at }), until);
  assertEquals([1_795_525_200, 1_795_525_200.001].map(createdAt), [true, false]);
  const nothing = conditionsOf("since=&until=");
  assertEquals([endedAt(0), exampleTask({ created_at: 1e12 })].map((task) => matches(task, nothing)), [
    true,
    true,
  ]);
});

Deno.test("parseTaskQuery() names the invalid filter", () => {
  const wrong = {
    colour: "red",
    state: "DONE",
    sort: "colour",
    limit: "0",
    page: "-1",
    q: "x".repeat(201),
    since: "yesterday",
    until: "2026-02-30",
    "__proto__": "1",
  };
  for (const [name, value] of Object.entries(wrong)) {
    const problem = assertThrows(
      () => parseTaskQuery(new URLSearchParams([[name, value]])),
      Problem,
      `"${name}"`,
    );
    assertEquals([problem.status, problem.code], [400, "bad_filter"]);
    assert(!problem.message.endsWith("."));
  }
  assertThrows(() => parseTaskQuery(new URLSearchParams("limit=1&limit=2")), Problem, "once");
});
