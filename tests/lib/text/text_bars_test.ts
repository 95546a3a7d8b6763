import fc from "fast-check";
import { TASK_STATES } from "../../../lib/task/task.ts";
import type { Task } from "../../../lib/task/task.ts";
import { textBars } from "../../../lib/text/text_bars.ts";
import { textWidth } from "../../../lib/text/terminal_text.ts";
import { assert, assertEquals, assertLessOrEqual, assertStringIncludes } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";
import { nastyText } from "../../support/nasty_text.ts";

const NOW = EXAMPLE_TIME + 75;

function bar(overrides: Partial<Task>, width = 80): string {
  return textBars([exampleTask(overrides)], { width, now: NOW })[0]!;
}

Deno.test("textBars() renders name, bar, percentage, status, duration and estimate", () => {
  const task = exampleTask({
    name: "hash",
    progress: 62.9,
    status: "Reading a.txt",
    current: 3,
    total: 17,
    unit: "files",
    eta: 125,
  });
  assertEquals(textBars([task], { width: 80, now: EXAMPLE_TIME }), [
    "hash  [██████░░░░]   62 %  Reading a.txt · 3 / 17 files    0.0s     ~2 min left",
  ]);
  assertEquals(textBars([task], { width: 110, now: EXAMPLE_TIME }), [
    "hash  [████████████░░░░░░░░]   62 %  Reading a.txt · 3 / 17 files    0.0s     ~2 min left",
  ]);
});

Deno.test("textBars() renders indeterminate progress as dots, and fills a bar only at 100 %", () => {
  for (const state of TASK_STATES) {
    const line = bar({ state, progress: null });
    assertStringIncludes(line, "[··········]      —");
    assert(!/[0░█]\s*%|░|█/.test(line), line);
  }
  assertStringIncludes(bar({ progress: 0 }), "[░░░░░░░░░░]    0 %");
  assertStringIncludes(bar({ progress: 99.99 }), "[█████████░]   99 %");
  assertStringIncludes(bar({ progress: 100 }), "[██████████]  100 %");
});

Deno.test("textBars() describes the state, and adds the status that the reporter set", () => {
  const table: [Partial<Task>, string][] = [
    [{ state: "NOT_STARTED", status: "Not started", active: false, started_at: null }, "Not started"],
    [{ state: "STARTING", status: "Starting" }, "Starting"],
    [{}, "Processing"],
    [{ status: "Step 4 of 5" }, "Step 4 of 5"],
    [{ current: 12_345, unit: "rows" }, "Processing · 12,345 rows"],
    [{ cancel_requested: true, status: "Step 4 of 5" }, "Stopping · Step 4 of 5"],
    [{ stale: true }, "No sign of life for 1m 15s · Processing"],
    [finishedTask(), "Finished"],
    [finishedTask({ status: "3 files" }), "Finished · 3 files"],
    [finishedTask({ state: "CANCELLED", status: "Step 4 of 5" }), "Cancelled · Step 4 of 5"],
    [
      finishedTask({
        state: "ERROR",
        status: "Step 4 of 5",
        error: { message: "no file", type: "NotFound" },
      }),
      "Error: no file",
    ],
    [{ state: "ARCHIVED" as never, status: "", finished_at: NOW }, "ARCHIVED"],
  ];
  for (const [overrides, words] of table) {
    const [, text] = /(?:%|—) {2}(.*)/.exec(bar(overrides, 200))!;
    assertEquals(text!.split(/ {2,}/)[0], words);
  }
});

Deno.test("textBars() says that a run is late, but not that it is on time or early", () => {
  const at = (seconds: number) => {
    const task = exampleTask({ name: "hash", progress: 50, status: "Reading", expected_duration: 1_000 });
    return textBars([task], { width: 80, now: EXAMPLE_TIME + seconds })[0]!;
  };
  assertStringIncludes(at(1_220), "12m 00s behind usual · Reading");
  assert(!/usual/.test(at(500) + at(100)), at(500) + at(100));
});

Deno.test("textBars() states the reason for a missing estimate, unless the bar shows the reason", () => {
  const last = (overrides: Partial<Task>) => bar(overrides, 120).split(/ {2,}/).at(-1);
  assertEquals(last({ eta: 200, updated_at: NOW }), "~3 min left");
  assertEquals(last({ eta: 5, updated_at: NOW }), "seconds left");
  assertEquals(last({ eta_reason: "too_early" }), "estimating…");
  assertEquals(last({ eta_reason: "stalled" }), "stalled");
  assertEquals(last({ eta_reason: "unknown_progress" }), "1m 15s");
  assertEquals(last(finishedTask()), "5s");
});

Deno.test("textBars() aligns columns even with wide characters, and can list ids and end times", () => {
  const tasks = [
    exampleTask({ id: "a", name: "hash", progress: 5, status: "Reading" }),
    finishedTask({ id: "bb", name: "日本語", finished_at: NOW - 200 }),
  ];
  assertEquals(textBars(tasks, { width: 90, now: NOW, isList: true }), [
    "a   hash    [░░░░░░░░░░]    5 %  Reading     1m 15s",
    "bb  日本語  [██████████]  100 %  Finished    0.0s     3 min ago",
  ]);
});

Deno.test("textBars() omits the least important columns if there is not enough room", () => {
  const task = exampleTask({ id: "task-1", name: "a long name of a task", progress: 42, eta: 600 });
  const at = (width: number) => textBars([task], { width, now: NOW, isList: true })[0]!;
  assertEquals([100, 60, 50, 40, 30, 20, 12, 4, 1, 0].map(at), [
    "task-1  a long name of a task  [████████░░░░░░░░░░░░]   42 %  Processing  1m 15s   ~9 min left",
    "task-1  a long name of …  [████░░░░░░]   42 %  Processing",
    "task-1  a long name of …   42 %  Processing",
    "task-1  a long name of …   42 %",
    "a long name of …   42 %",
    "a long name of …",
    "a long name…",
    "a l…",
    "…",
    "…",
  ]);
});

Deno.test("textBars() keeps 16 characters of names beside ids that were generated by the server", () => {
  const task = exampleTask({ id: "01M8NAZ1GQJ9Q7MGYDNAN3GQH2", name: "long_running_task", progress: 42 });
  assertEquals(textBars([task], { width: 80, now: NOW, isList: true }), [
    "01M8NAZ1GQJ9Q7MGYDNAN3GQH2  long_running_task   42 %  Processing  1m 15s",
  ]);
});

Deno.test("textBars() omits the bar, not the status, beside ids that were generated by the server", () => {
  const task = finishedTask({
    id: "01M8NAZ1GQJ9Q7MGYDNAN3GQH2",
    name: "long_running_task",
    state: "ERROR",
    error: { message: "no such file: a.txt", type: "NotFound" },
  });
  assertEquals(textBars([task], { width: 80, now: NOW, isList: true }), [
    "01M8NAZ1GQJ9Q7MGYDNAN3GQH2  long_running_task  100 %  Error: no such file: a.txt",
  ]);
});

Deno.test("textBars() keeps a short bar beside long ids in lines of 110 columns", () => {
  const task = exampleTask({
    id: "01M8NAZ1GQJ9Q7MGYDNAN3GQH2",
    name: "copy",
    progress: 34,
    current: 17,
    total: 50,
    unit: "files",
    eta: 5,
    updated_at: NOW,
  });
  assertEquals(textBars([task], { width: 110, now: NOW, hasIds: true }), [
    "01M8NAZ1GQJ9Q7MGYDNAN3GQH2  copy  [███░░░░░░░]   34 %  Processing · 17 / 50 files      1m 15s   seconds left",
  ]);
});

Deno.test("textBars() can list ids without end times", () => {
  const options = { width: 90, now: NOW, hasIds: true };
  assertEquals(
    textBars([finishedTask({ id: "bb", finished_at: NOW - 200 })], options)[0]!.split(/ {2,}/)[0],
    "bb",
  );
  assert(!textBars([finishedTask()], options)[0]!.includes("ago"));
});

Deno.test("textBars() colours states only if the option is set", () => {
  const tasks = TASK_STATES.map((state) => exampleTask({ state, progress: 50 }));
  const plain = textBars(tasks, { width: 80, now: NOW });
  const colored = textBars(tasks, { width: 80, now: NOW, color: true });
  // deno-lint-ignore no-control-regex -- matches the escape sequences for colours
  assertEquals(colored.map((line) => line.replace(/\x1b\[\d*m/g, "")), plain);
  // deno-lint-ignore no-control-regex -- matches the escape sequences for colours
  const codes = colored.map((line) => [...line.matchAll(/\x1b\[(\d*)m/g)].map(([, code]) => code).join());
  assertEquals(codes, ["", "36,0,36,0", "36,0,36,0", "32,0,32,0", "31,0,31,0", "33,0,33,0"]);
});

const ANY_TASK: fc.Arbitrary<Task> = fc.record({
  id: nastyText(4),
  name: nastyText(8),
  status: nastyText(),
  unit: fc.option(nastyText(4)),
  state: fc.constantFrom(...TASK_STATES, "ARCHIVED\x1b[2J" as never),
  progress: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
  current: fc.option(fc.double()),
  total: fc.option(fc.double()),
  started_at: fc.option(fc.double()),
  finished_at: fc.option(fc.double()),
  eta: fc.option(fc.double()),
  eta_reason: fc.option(fc.constantFrom("stalled", "too_early", "unknown_progress", "\x1b[2J" as never)),
  message: nastyText(),
  active: fc.boolean(),
  stale: fc.boolean(),
  cancel_requested: fc.boolean(),
}).map(({ message, ...fields }) => exampleTask({ ...fields, error: { message, type: "" } }));

Deno.test("textBars() stays within the width, and removes control characters from texts of tasks", () => {
  const options = fc.record({ width: fc.nat(150), now: fc.constant(NOW), isList: fc.boolean() });
  fc.assert(fc.property(fc.array(ANY_TASK, { maxLength: 5 }), options, (tasks, options) => {
    const lines = textBars(tasks, options);
    assertEquals(lines.length, tasks.length);
    for (const line of lines) {
      assert(!/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(line), line);
      assertLessOrEqual(textWidth(line), Math.max(1, options.width));
    }
    const colored = textBars(tasks, { ...options, color: true });
    // deno-lint-ignore no-control-regex -- matches the escape sequences for colours
    const bare = colored.map((line) => line.replace(/\x1b\[(3[1236]|0)m/g, ""));
    assertEquals(bare.map((line) => line.trimEnd()), lines);
  }));
});
