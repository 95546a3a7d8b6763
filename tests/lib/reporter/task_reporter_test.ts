import fc from "fast-check";
import {
  REPORTER_DEFAULTS,
  type ReporterOptions,
  TaskReporter,
} from "../../../lib/reporter/task_reporter.ts";
import { linesLeftOut } from "../../../lib/reporter/lines_left_out.ts";
import type { TaskUpdate } from "../../../lib/reporter/task_update.ts";
import { truncate } from "../../../lib/task/truncate.ts";
import type { LogLine, Task, TaskChange, UpdateChange } from "../../../lib/task/task.ts";
import { transition } from "../../../lib/task/transition.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertStringIncludes,
} from "../../support/assert.ts";
import { createChange, updates } from "../../support/changes.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RecordingSink } from "../../support/recording_sink.ts";

interface Subject {
  readonly reporter: TaskReporter;
  readonly sink: RecordingSink;
  readonly warnings: string[];
  readonly cancels: number[];
  readonly interruptions: number[];
}

/** Starts a task, and returns its reporter with the sink that records its reports. */
function begin(options: Partial<ReporterOptions> = {}, id = "t"): Subject {
  const sink = new RecordingSink();
  const warnings: string[] = [];
  const cancels: number[] = [];
  const interruptions: number[] = [];
  const handlers = {
    onCancel: () => void cancels.push(Date.now()),
    onInterrupt: () => void interruptions.push(Date.now()),
    warn: (text: string) => void warnings.push(text),
  };
  const reporter = new TaskReporter(sink, { client: "c", id }, handlers, {
    ...REPORTER_DEFAULTS,
    ...options,
  });
  reporter.begin(createChange());
  return { reporter, sink, warnings, cancels, interruptions };
}

function updatesOf(sink: RecordingSink): UpdateChange[] {
  return sink.reports.map(({ change }) => change).filter((change) => change.type === "update");
}

/** Resets the fields of a record that coalescing may change. */
function essence(task: Task): Partial<Task> {
  return { ...task, version: 0, updated_at: 0 };
}

/** Applies a change to a record directly, without a reporter. */
function applied(task: Task | undefined, change: TaskChange): Task {
  return transition(task, "t", change, Date.now() / 1000);
}

type Step =
  | { readonly do: "update"; readonly update: TaskUpdate }
  | { readonly do: "log" | "cancel" | "toggle" }
  | { readonly do: "wait"; readonly milliseconds: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant("update" as const), update: updates }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("wait" as const),
        milliseconds: fc.integer({ min: 0, max: 120 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("log" as const, "toggle" as const) }) },
    { weight: 1, arbitrary: fc.constant({ do: "cancel" as const }) },
  ),
  { maxLength: 40, size: "max" },
);

Deno.test("TaskReporter sends reports that result in the same record whether or not updates are coalesced", () => {
  const ends = fc.constantFrom(
    { type: "finish", result: { a: 1 } } as const,
    { type: "fail", error: { message: "no", type: "Error" } } as const,
    { type: "cancelled" } as const,
  );
  let merged = 0;
  fc.assert(
    fc.property(steps, ends, (steps, end) => {
      using clock = new FakeClock();
      const slow = begin();
      const fast = begin({ flushIntervalMs: 0 });
      let plain = applied(applied(undefined, createChange()), { type: "start" });
      let lines = 0;
      for (const step of steps) {
        if (step.do === "update") plain = applied(plain, { ...step.update, type: "update" });
        if (step.do === "cancel") plain = applied(plain, { type: "request_cancel" });
        if (step.do === "log") plain = applied(plain, { type: "log", lines: [{ at: 0, text: "" }] });
        for (const { reporter } of [slow, fast]) {
          if (step.do === "update") reporter.update(step.update);
          if (step.do === "log") reporter.log(`line ${lines}`);
          if (step.do === "cancel") reporter.requestCancel();
        }
        if (step.do === "log") lines++;
        if (step.do === "toggle") slow.sink.ready = !slow.sink.ready;
        if (step.do === "wait") clock.pass(step.milliseconds);
      }
      for (const { reporter } of [slow, fast]) reporter.end(end);
      slow.sink.ready = true;
      assertEquals(essence(slow.sink.task("t")), essence(fast.sink.task("t")));
      assertEquals(essence(slow.sink.task("t")), essence(applied(plain, end)));
      assertEquals(slow.sink.lines, fast.sink.lines);
      assertEquals(
        slow.sink.lines.map(({ text }) => text),
        Array.from({ length: lines }, (_, i) => `line ${i}`),
      );
      assertEquals([slow.sink.closed, fast.sink.closed], [[slow.reporter], [fast.reporter]]);
      assertEquals(clock.pending, 0);
      merged += fast.sink.reports.length - slow.sink.reports.length;
    }),
    { numRuns: 1_000 },
  );
  assert(merged > 1_000, `only ${merged} reports were coalesced`);
});

Deno.test("TaskReporter.update() reports the first update at once, then one every 50 ms, and always the last one", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin();
  clock.pass(1_000);
  reporter.update({ progress: 1 });
  assertEquals(updatesOf(sink), [{ type: "update", progress: 1 }]);
  for (let i = 2; i <= 1_000; i++) {
    clock.pass(1);
    reporter.update({ progress: i / 10 });
  }
  assertLessOrEqual(updatesOf(sink).length, 21);
  clock.pass(50);
  assertEquals(updatesOf(sink).at(-1), { type: "update", progress: 100 });
  assertEquals(clock.pending, 0);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.update() is not delayed by a clock that was set back", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin();
  reporter.update({ progress: 1 });
  clock.set(1_000);
  reporter.update({ progress: 2 });
  assertEquals(updatesOf(sink).at(-1)?.progress, 2);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.end() reports all coalesced updates and log lines in order, and nothing is reported afterwards", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin();
  reporter.update({ progress: 1 });
  reporter.update({ progress: 2 });
  reporter.log("a");
  reporter.end({ type: "finish", result: null });
  assertEquals(sink.types, ["create", "start", "update", "log", "finish"]);
  assertEquals(updatesOf(sink).map(({ progress }) => progress), [2]);
  assertEquals(reporter.ended, true);
  reporter.update({ progress: 3 });
  reporter.log("b");
  reporter.requestCancel();
  reporter.end({ type: "cancelled" });
  reporter.cancelRequested();
  clock.pass(1_000);
  assertEquals(sink.reports.length, 5);
});

Deno.test("TaskReporter.log() keeps a burst of 20,000 lines while the sink is not ready, in order", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin();
  sink.ready = false;
  const expected = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${"x".repeat(100)}`);
  for (const line of expected) reporter.log(line);
  assertEquals(sink.lines, []);
  sink.ready = true;
  assertEquals(sink.lines.map(({ text }) => text), expected);
  reporter.log("after");
  clock.pass(50);
  assertEquals(sink.lines.length, 20_001);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.log() drops the oldest lines beyond the limit, and first logs how many", () => {
  using _clock = new FakeClock();
  const { reporter, sink } = begin({ logBuffer: { taskCharacters: 200_000, allCharacters: 300_000 } });
  sink.ready = false;
  for (let i = 0; i < 10_000; i++) reporter.log(`line ${i}`);
  sink.ready = true;
  const texts = sink.lines.map(({ text }) => text);
  const [notice, ...kept] = texts;
  assertEquals(kept, Array.from({ length: kept.length }, (_, i) => `line ${10_000 - kept.length + i}`));
  assertGreater(kept.length, 1_000);
  assertEquals(notice, linesLeftOut(10_000 - kept.length));
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.flush() reports no more lines than the sink has room for, and the end after the last", () => {
  using _clock = new FakeClock();
  const { reporter, sink } = begin();
  sink.ready = false;
  for (let i = 0; i < 5_000; i++) reporter.log(`line ${i}`);
  reporter.end({ type: "finish", result: null });
  const reportsPerTurn = 2;
  const before = sink.reports.length;
  sink.room = reportsPerTurn;
  sink.ready = true;
  assertEquals([sink.reports.length - before, sink.ready], [reportsPerTurn, false]);
  sink.room = Infinity;
  sink.ready = true;
  assertEquals(sink.lines.map(({ text }) => text), Array.from({ length: 5_000 }, (_, i) => `line ${i}`));
  assertEquals(sink.types.at(-1), "finish");
});

Deno.test("TaskReporter.log() drops no lines of a burst while the sink is ready", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin();
  for (let i = 0; i < 5_500; i++) reporter.log(`line ${i}`);
  clock.pass(50);
  const expected: LogLine[] = Array.from(
    { length: 5_500 },
    (_, i) => ({ at: Date.now() / 1000 - 0.05, text: `line ${i}` }),
  );
  assertEquals(sink.lines.map(({ text }) => text), expected.map(({ text }) => text));
  assert(sink.reports.every(({ change }) => change.type !== "log" || change.lines.length <= 1_001));
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.update() ignores invalid values with a single warning, and reports the valid ones", () => {
  using _clock = new FakeClock();
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const bad: unknown[] = [
    { progress: NaN, status: "taken" },
    { progress: Infinity, status: "taken" },
    { progress: "50", status: "taken" },
    { current: {}, status: "taken" },
    { total: [], status: "taken" },
    { current: true, status: "taken" },
    { progress: 1n, status: "taken" },
    { progress: Symbol("x"), status: "taken" },
    { metadata: circular, status: "taken" },
    { metadata: { big: "x".repeat(20_000) }, status: "taken" },
    { metadata: { big: 1n }, status: "taken" },
    { metadata: "text", status: "taken" },
    { metadata: [1], status: "taken" },
    { metadata: null, status: "taken" },
    { metadata: () => {}, status: "taken" },
  ];
  for (const update of bad) {
    const { reporter, sink, warnings } = begin({ flushIntervalMs: 0 });
    reporter.update(update as TaskUpdate);
    reporter.update(update as TaskUpdate);
    const { progress, current, total, metadata, status } = sink.task("t");
    assertEquals([progress, current, total, metadata, status], [null, null, null, {}, "taken"]);
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0]!, 'Ignored part of an update of task "t": ');
    reporter.end({ type: "cancelled" });
  }
});

Deno.test("TaskReporter.update() reports the amounts that it has validated, even if a getter returns others later", () => {
  using _clock = new FakeClock();
  const { reporter, sink, warnings } = begin({ flushIntervalMs: 0 });
  let reads = 0;
  reporter.update({
    get current() {
      return ++reads === 1 ? 5 : NaN;
    },
    total: 10,
  });
  assertEquals([sink.task("t").current, sink.task("t").progress, warnings], [5, 50, []]);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.update() never throws, whatever it is passed", () => {
  using _clock = new FakeClock();
  const hostile = {
    toString: () => {
      throw new Error("hostile");
    },
  };
  const updates: unknown[] = [
    undefined,
    null,
    5,
    "text",
    Symbol("x"),
    [],
    { status: null },
    { status: 5, unit: 6 },
    { status: Symbol("x") },
    { status: Object.create(null) },
    { status: hostile },
    { unit: hostile },
    { progress: hostile },
    { current: Object.create(null) },
    {
      metadata: {
        toJSON: () => {
          throw new Error("hostile");
        },
      },
    },
    {
      get progress() {
        throw new Error("hostile");
      },
    },
    {
      get metadata() {
        throw new Error("hostile");
      },
    },
    new Proxy({}, {
      get() {
        throw new Error("hostile");
      },
    }),
  ];
  const thrown = updates.flatMap((update, i) => {
    const { reporter } = begin();
    try {
      reporter.update(update as TaskUpdate);
      return [];
    } catch (error) {
      return [`${i}: ${error}`];
    } finally {
      reporter.end({ type: "cancelled" });
    }
  });
  assertEquals(thrown, []);
});

Deno.test("TaskReporter.update() truncates long texts and copies metadata", () => {
  using _clock = new FakeClock();
  const { reporter, sink } = begin({ flushIntervalMs: 0 });
  const metadata = { list: [1] };
  reporter.update({ status: "s".repeat(2_000), unit: "u".repeat(100), metadata });
  metadata.list.push(2);
  const task = sink.task("t");
  assertEquals([task.status.length, task.status.at(-1)], [1_000, "…"]);
  assertEquals([task.unit?.length, task.metadata], [32, { list: [1] }]);
  reporter.log("l".repeat(9_000));
  assertEquals(sink.lines[0]?.text.length, 8_192);
  reporter.end({ type: "cancelled" });
});

Deno.test("TaskReporter.refused() stops reporting for good, and warns if there is a reason", () => {
  using clock = new FakeClock();
  for (const reason of ["the id is already taken", null]) {
    const { reporter, sink, warnings } = begin();
    reporter.update({ progress: 1 });
    reporter.update({ progress: 2 });
    reporter.refused(reason);
    reporter.refused(reason);
    const before = sink.reports.length;
    reporter.update({ progress: 3 });
    reporter.log("x");
    reporter.end({ type: "finish", result: 1 });
    clock.pass(1_000);
    assertEquals(sink.reports.length, before);
    assertEquals(warnings, reason === null ? [] : ['Task "t" runs unmonitored: the id is already taken']);
    assertEquals(sink.closed, [reporter]);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("TaskReporter.log() of a refused task leaves the room for waiting lines to other tasks", () => {
  using _clock = new FakeClock();
  const logBuffer = { taskCharacters: 10_000, allCharacters: 1_000 };
  const { reporter: refused } = begin({ logBuffer });
  refused.refused(null);
  for (let i = 0; i < 10; i++) refused.log(`refused ${i}`);
  const { reporter, sink } = begin({ logBuffer });
  reporter.log("0");
  for (let i = 1; i < 5; i++) reporter.log(`${i}`);
  reporter.end({ type: "cancelled" });
  assertEquals(sink.lines.map(({ text }) => text), ["0", "1", "2", "3", "4"]);
});

Deno.test("TaskReporter.cancelRequested() calls onCancel until the task has ended", () => {
  using _clock = new FakeClock();
  const { reporter, cancels } = begin();
  reporter.cancelRequested();
  assertEquals(cancels.length, 1);
  reporter.end({ type: "cancelled" });
  reporter.cancelRequested();
  assertEquals(cancels.length, 1);
});

Deno.test("TaskReporter.interrupted() calls onInterrupt, not onCancel, until the task has ended", () => {
  using _clock = new FakeClock();
  const { reporter, sink, cancels, interruptions } = begin();
  reporter.interrupted();
  assertEquals([cancels.length, interruptions.length, sink.types], [0, 1, ["create", "start"]]);
  reporter.end({ type: "fail", error: { type: "interrupted", message: "gone" } });
  reporter.interrupted();
  assertEquals([cancels.length, interruptions.length], [0, 1]);
});

Deno.test("TaskReporter.log() numbers the lines, so that duplicates can be detected", () => {
  using clock = new FakeClock();
  const { reporter, sink } = begin({ logBuffer: { taskCharacters: 300, allCharacters: 10_000 } });
  const numbers = () => {
    return sink.reports.flatMap(({ change }) =>
      change.type === "log" ? [[change.first, change.lines.length]] : []
    );
  };
  for (let i = 0; i < 2; i++) reporter.log(`${i}`);
  clock.pass(100);
  reporter.log("2");
  assertEquals(numbers(), [[0, 2], [2, 1]]);
  sink.ready = false;
  for (let i = 3; i < 20; i++) reporter.log(`${i}`);
  sink.ready = true;
  reporter.end({ type: "cancelled" });
  // Dropped lines get no number, but the line that reports their loss gets one.
  const sent = numbers();
  let next = 0;
  for (const [first, count] of sent) {
    assertEquals(first, next);
    next += count!;
  }
  assertEquals([next, sink.task("t").log_count], [sink.lines.length, sink.lines.length]);
  assert(sink.lines.some(({ text }) => text.includes("left out")));
});

Deno.test("truncate() keeps short texts unchanged, and marks texts that it shortens", () => {
  assertEquals([truncate("abc", 3), truncate("abcd", 3), truncate("", 3)], ["abc", "ab…", ""]);
});
