import fc from "fast-check";
import { isFinal, type LogLine, type Task, TASK_STATES, type TaskChange } from "../../../lib/task/task.ts";
import {
  historyEntryOf,
  mergeMetadata,
  newLines,
  progressAfter,
  transition,
  TransitionError,
} from "../../../lib/task/transition.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "../../support/assert.ts";
import { changes, createChange, deepFreeze } from "../../support/changes.ts";

const END_OF: ReadonlyMap<TaskChange["type"], Task["state"]> = new Map([
  ["finish", "FINISHED"],
  ["fail", "ERROR"],
  ["cancelled", "CANCELLED"],
  ["interrupt", "ERROR"],
]);

/** Returns by how much a change may increase the version. Versions may be skipped, but are never reused. */
function stepOf(change: TaskChange): number {
  return change.type === "interrupt" || change.type === "adopt" ? 1 + change.lostVersions : 1;
}

/** Applies changes in order, one second apart. */
function taskAfter(...applied: TaskChange[]): Task {
  return applied.reduce<Task | undefined>(
    (task, change, i) => transition(task, "t", change, 100 + i),
    undefined,
  )!;
}

/** Checks the invariants of a record. */
function assertSound(task: Task): void {
  const { progress, state } = task;
  assert(progress === null || (progress >= 0 && progress <= 100), `progress is ${progress}`);
  assertEquals(task.active, state === "STARTING" || state === "PROCESSING");
  assertEquals(task.finished_at !== null, isFinal(state));
  assertEquals(task.started_at !== null, state !== "NOT_STARTED");
  assertEquals(task.error !== null, state === "ERROR");
  assert(!task.stale || task.active, "only an active task can be stale");
  assert(state !== "CANCELLED" || task.cancel_requested);
  assert(state !== "FINISHED" || progress === 100);
  assert(!isFinal(state) || (task.eta === null && task.eta_reason === null));
}

/** Checks the invariants of two successive records. */
function assertFollows(before: Task, after: Task, change: TaskChange): void {
  assertEquals(Object.keys(after).sort(), Object.keys(before).sort());
  assertEquals(after.version, before.version + stepOf(change));
  assertEquals([after.id, after.created_at, after.name], [before.id, before.created_at, before.name]);
  assertGreaterOrEqual(after.updated_at, before.updated_at);
  assertGreaterOrEqual(after.log_count, before.log_count);
  assertGreaterOrEqual(TASK_STATES.indexOf(after.state), TASK_STATES.indexOf(before.state));
  if (before.started_at !== null) assertEquals(after.started_at, before.started_at);
  assert(after.cancel_requested || !before.cancel_requested);
  if (change.type === "restore") assertEquals({ ...after, version: 0 }, { ...before, version: 0 });
  else if (END_OF.has(change.type)) assertEquals(after.state, END_OF.get(change.type));
  else assert(!isFinal(after.state), `"${change.type}" is not an end`);
}

Deno.test("transition() keeps the invariants of a record over random changes", () => {
  const steps = fc.array(fc.tuple(changes, fc.integer({ min: -100, max: 100 })), {
    maxLength: 30,
    size: "max",
  });
  let records = 0;
  const seen = new Set<TaskChange["type"]>();
  fc.assert(
    fc.property(steps, (steps) => {
      let task: Task | undefined;
      let at = 1_000;
      for (const [change, seconds] of [[createChange(), 0] as const, ...steps]) {
        at += seconds;
        deepFreeze(change);
        let after: Task;
        try {
          after = transition(task, "t", change, at);
        } catch (error) {
          assertInstanceOf(error, TransitionError);
          if (task === undefined) assertEquals(error.code, "task_not_found");
          else if (change.type === "create") assertEquals(error.code, "task_exists");
          else if (change.type === "restore") {
            assertEquals(error.code, "task_exists");
            assert(!isFinal(task.state));
          } else {
            assertEquals(error.code, "task_ended");
            assert(isFinal(task.state));
          }
          continue;
        }
        if (task !== undefined && isFinal(task.state) && change.type !== "restore") {
          assertStrictEquals(after, task);
        }
        if (task !== undefined && after !== task) assertFollows(task, after, change);
        assertSound(after);
        task = deepFreeze(after);
        seen.add(change.type);
        records++;
      }
    }),
    { numRuns: 5_000 },
  );
  assert(records > 20_000, `only ${records} records were checked`);
  assertEquals(seen.size, 15, "every kind of change was applied at least once");
});

Deno.test("transition() returns the same object if an end is repeated", () => {
  const ends: TaskChange[] = [
    { type: "finish", result: 1 },
    { type: "fail", error: { message: "no", type: "Error" } },
    { type: "cancelled" },
  ];
  for (const end of ends) {
    const task = taskAfter(createChange(), { type: "start" }, end);
    assertStrictEquals(transition(task, "t", { ...end }, 900), task);
    for (const other of ends.filter((other) => other.type !== end.type)) {
      const error = assertThrows(() => transition(task, "t", other, 900), TransitionError, "it has ended as");
      assertEquals(error.code, "task_ended");
    }
    const late: TaskChange[] = [
      { type: "update", progress: 1 },
      { type: "start" },
      { type: "stale" },
      { type: "log", first: 0, lines: [{ at: 1, text: "late" }] },
      { type: "interrupt", message: "gone", lostVersions: 5 },
    ];
    for (const change of late) {
      assertThrows(() => transition(task, "t", change, 900), TransitionError, 'Cannot change task "t"');
    }
  }
});

Deno.test("transition() returns the same object if a cancellation request is repeated, or follows CANCELLED", () => {
  const asked = taskAfter(createChange(), { type: "start" }, { type: "request_cancel" });
  assertEquals([asked.cancel_requested, asked.state, asked.version], [true, "STARTING", 3]);
  assertStrictEquals(transition(asked, "t", { type: "request_cancel" }, 900), asked);
  const cancelled = transition(asked, "t", { type: "cancelled" }, 901);
  assertStrictEquals(transition(cancelled, "t", { type: "request_cancel" }, 902), cancelled);
});

Deno.test("transition() rejects changes of an unknown task, and the creation of a known one", () => {
  const missing = assertThrows(() => transition(undefined, "x", { type: "start" }, 1), TransitionError);
  assertEquals([missing.code, missing.message], [
    "task_not_found",
    'Cannot change task "x": there is no such task',
  ]);
  const task = taskAfter(createChange());
  const taken = assertThrows(() => transition(task, "t", createChange(), 1), TransitionError);
  assertEquals([taken.code, taken.message], [
    "task_exists",
    'Cannot create task "t": the id is already taken',
  ]);
});

Deno.test("transition() sets state, times and status as a task passes through its states", () => {
  const created = taskAfter(createChange({ name: "copy", tags: ["a"], stale_after: 5 }));
  assertEquals([created.state, created.status, created.active], ["NOT_STARTED", "Not started", false]);
  assertEquals([created.created_at, created.started_at, created.version], [100, null, 1]);
  const started = transition(created, "t", { type: "start" }, 101);
  assertEquals([started.state, started.status, started.started_at], ["STARTING", "Starting", 101]);
  assertStrictEquals(transition(started, "t", { type: "start" }, 102), started);
  const processing = transition(started, "t", { type: "update" }, 102);
  assertEquals([processing.state, processing.status, processing.progress], [
    "PROCESSING",
    "Processing",
    null,
  ]);
  const finished = transition(processing, "t", { type: "finish", result: [1] }, 103);
  assertEquals([finished.state, finished.status, finished.progress], ["FINISHED", "Finished", 100]);
  assertEquals([finished.started_at, finished.finished_at, finished.result], [101, 103, [1]]);
});

Deno.test("transition() keeps the reporter's last status when the task ends, and otherwise sets a status", () => {
  const error = { message: "no such file", type: "NotFound" };
  const silent = taskAfter(createChange(), { type: "update", progress: 3 }, { type: "fail", error });
  assertEquals([silent.status, silent.error], ["Error: no such file", error]);
  assertEquals([silent.progress, silent.result], [3, null]);
  const talking = taskAfter(createChange(), { type: "update", status: "Copying" }, { type: "fail", error });
  assertEquals(talking.status, "Copying");
});

/** Changes that are no sign of life. */
const NO_SIGNS: readonly TaskChange[] = [
  { type: "update", from_output: true, values: { cpu_percent: 1 } },
  { type: "request_cancel" },
  { type: "reconnected" },
  { type: "estimate", eta: 1, eta_low: null, eta_high: null, rate: 1, eta_reason: null },
];

Deno.test("transition() clears stale on the reporter's next report, but not on other changes", () => {
  const stale = taskAfter(createChange(), { type: "start" }, { type: "update" }, { type: "stale" });
  assertEquals([stale.stale, stale.updated_at], [true, 102]);
  assertStrictEquals(transition(stale, "t", { type: "stale" }, 200), stale);
  for (const change of NO_SIGNS) {
    const { stale: isStale, updated_at } = transition(stale, "t", change, 200);
    assertEquals([isStale, updated_at], [change.type !== "reconnected", 102], change.type);
  }
  assertEquals(transition(stale, "t", { type: "update" }, 200).stale, false);
  const log: TaskChange = { type: "log", first: 0, lines: [{ at: 1, text: "here" }] };
  assertEquals(transition(stale, "t", log, 200).stale, false);
  const waiting = taskAfter(createChange());
  assertStrictEquals(transition(waiting, "t", { type: "stale" }, 200), waiting);
});

Deno.test("transition() ends an interrupted task as ERROR, with a version above all versions that may have been published", () => {
  const interrupt: TaskChange = { type: "interrupt", message: "The server ended", lostVersions: 40 };
  for (const begun of [[], [{ type: "start" }], [{ type: "update", progress: 30 }]] as TaskChange[][]) {
    const before = taskAfter(createChange(), ...begun);
    const after = transition(before, "t", interrupt, 200);
    assertEquals([after.state, after.active, after.finished_at], ["ERROR", false, 200]);
    assertEquals(after.error, { type: "interrupted", message: "The server ended" });
    assertEquals([after.version, after.progress], [before.version + 41, before.progress]);
    assertEquals([after.status, after.cancel_requested], ["Error: The server ended", false]);
    // The process of the task may still run, but its report comes too late.
    const end: TaskChange = { type: "finish", result: 1 };
    assertThrows(() => transition(after, "t", end, 201), TransitionError, "it has ended as ERROR");
  }
  const talking = taskAfter(createChange(), { type: "update", status: "Copying" }, interrupt);
  assertEquals(talking.status, "Copying");
});

Deno.test("transition() changes only the version of a restored task", () => {
  const removed = taskAfter(createChange(), { type: "finish", result: [1] });
  const restored = transition(removed, "t", { type: "restore" }, 900);
  assertEquals(restored, { ...removed, version: removed.version + 1 });
  const alive = taskAfter(createChange());
  const error = assertThrows(() => transition(alive, "t", { type: "restore" }, 900), TransitionError);
  assertEquals([error.code, error.message], ["task_exists", 'Cannot restore task "t": it was not removed']);
  assertThrows(() => transition(undefined, "t", { type: "restore" }, 900), TransitionError, "no such task");
});

function lines(...texts: string[]): LogLine[] {
  return texts.map((text, at) => ({ at, text }));
}

Deno.test("transition() returns the same object for log lines that the task already has", () => {
  const log: TaskChange = { type: "log", first: 0, lines: lines("a", "b") };
  const task = taskAfter(createChange(), log);
  assertEquals([task.log_count, task.version, task.state], [2, 2, "NOT_STARTED"]);
  assertStrictEquals(transition(task, "t", log, 900), task);
  assertStrictEquals(transition(task, "t", { type: "log", lines: [] }, 900), task);
  const more = transition(task, "t", { type: "log", first: 1, lines: lines("b", "c") }, 900);
  assertEquals([more.log_count, more.version, more.updated_at], [3, 3, 900]);
  const unnumbered = transition(more, "t", { type: "log", lines: lines("a") }, 901);
  assertEquals(unnumbered.log_count, 4, "without a number, all lines are new");
});

Deno.test("newLines() returns the lines that the task's log does not have yet", () => {
  const task = { ...taskAfter(createChange()), log_count: 5 };
  const given = lines("x", "y", "z");
  const table: [number | undefined, string[]][] = [
    [undefined, ["x", "y", "z"]],
    [5, ["x", "y", "z"]],
    [4, ["y", "z"]],
    [3, ["z"]],
    [2, []],
    [0, []],
    // Lines are appended even if the lines before them were lost.
    [7, ["x", "y", "z"]],
  ];
  for (const [first, expected] of table) {
    const change = { type: "log" as const, lines: given, ...(first !== undefined && { first }) };
    assertEquals(newLines(task, change).map(({ text }) => text), expected, `first is ${first}`);
  }
});

Deno.test("historyEntryOf() returns an entry only if the state or the status changed", () => {
  const created = taskAfter(createChange());
  assertEquals(historyEntryOf(undefined, created), {
    at: 100,
    state: "NOT_STARTED",
    status: "Not started",
    progress: null,
    version: 1,
  });
  const noted = (change: TaskChange, task: Task) => {
    const after = transition(task, "t", change, 200);
    const entry = historyEntryOf(task, after);
    if (entry !== null) assertEquals([entry.at, entry.version], [after.updated_at, after.version]);
    return entry === null ? null : [entry.state, entry.status, entry.progress];
  };
  assertEquals(noted({ type: "start" }, created), ["STARTING", "Starting", null]);
  assertEquals(noted({ type: "update", progress: 5 }, created), ["PROCESSING", "Processing", 5]);
  const running = taskAfter(createChange(), { type: "update", progress: 5, status: "Copying" });
  assertEquals(noted({ type: "update", status: "Checking" }, running), ["PROCESSING", "Checking", 5]);
  assertEquals(noted({ type: "finish", result: 1 }, running), ["FINISHED", "Copying", 100]);
  const silent: TaskChange[] = [
    { type: "update", progress: 6 },
    { type: "update", status: "Copying", metadata: { a: 1 } },
    { type: "log", lines: lines("a") },
    { type: "request_cancel" },
    { type: "stale" },
    { type: "roll_up", progress: 50 },
    { type: "estimate", eta: 5, eta_low: 4, eta_high: 6, rate: 1, eta_reason: null },
  ];
  for (const change of silent) assertEquals(noted(change, running), null, change.type);
  const ended = taskAfter(createChange(), { type: "cancelled" });
  assertEquals(noted({ type: "restore" }, ended), null);
});

Deno.test("progressAfter() derives the progress from counts if the update has no progress", () => {
  const nothing = { progress: null, current: null, total: null };
  const half = { progress: 50, current: 5, total: 10 };
  const table = [
    [nothing, { progress: 30 }, 30],
    [nothing, { progress: -1 }, 0],
    [nothing, { progress: 101 }, 100],
    [nothing, { current: 3 }, null],
    [nothing, { current: 3, total: 4 }, 75],
    [nothing, { current: 3, total: 0 }, null],
    [nothing, { current: 0, total: 0 }, null],
    [nothing, { current: -3, total: 10 }, 0],
    [nothing, { total: 10 }, null],
    [half, {}, 50],
    [half, { current: 6 }, 60],
    [half, { total: 20 }, 25],
    [half, { current: 11 }, null],
    [half, { total: null }, null],
    [half, { progress: null }, null],
    [half, { progress: 1, current: 9 }, 1],
    [half, { current: null }, 50],
  ] as const;
  for (const [before, update, progress] of table) {
    const after = progressAfter(before, update);
    assertEquals(after.progress, progress, `${JSON.stringify(update)} after ${JSON.stringify(before)}`);
    if ("current" in update) assertEquals(after.current, update.current);
    if ("total" in update) assertEquals(after.total, update.total);
  }
});

Deno.test("mergeMetadata() replaces keys, removes keys that are null, and never changes a prototype", () => {
  assertEquals(mergeMetadata({ a: 1, b: { c: 2 } }, { b: 3, d: 4 }), { a: 1, b: 3, d: 4 });
  assertEquals(mergeMetadata({ a: 1, b: 2 }, { a: null, c: null }), { b: 2 });
  const merged = mergeMetadata({ a: 1 }, JSON.parse('{"__proto__":{"polluted":true},"constructor":2}'));
  assertEquals(JSON.stringify(merged), '{"a":1,"__proto__":{"polluted":true},"constructor":2}');
  assertEquals((merged as { polluted?: boolean }).polluted, undefined);
  assertEquals(JSON.stringify(mergeMetadata(merged, { a: 5 })), JSON.stringify({ ...merged, a: 5 }));
});
