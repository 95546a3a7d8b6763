import fc from "fast-check";
import {
  elapsedSeconds,
  formatAgo,
  formatBytes,
  formatClock,
  formatCount,
  formatCounts,
  formatDateTime,
  formatDuration,
  formatJson,
  formatPercent,
  formatRate,
  formatTimeLeft,
  formatTimeRange,
  formatTimeWithin,
  formatValue,
  machineTime,
  timeLeft,
} from "../../../lib/text/format.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function testTable<T>(
  name: string,
  write: (value: T) => string,
  table: readonly (readonly [T, string])[],
): void {
  Deno.test(`${name} formats typical and extreme values`, () => {
    for (const [value, expected] of table) {
      assertEquals(write(value), expected, `for ${JSON.stringify(value)}`);
    }
  });
}

testTable("formatDuration()", formatDuration, [
  [0, "0.0s"],
  [0.000_2, "1ms"],
  [0.012_4, "12ms"],
  [0.099_4, "99ms"],
  [0.099_6, "0.1s"],
  [0.44, "0.4s"],
  [0.96, "1s"],
  [59.9, "59s"],
  [60, "1m 00s"],
  [184, "3m 04s"],
  [3_599, "59m 59s"],
  [3_600, "1h 00m"],
  [7_530, "2h 05m"],
  [86_400, "1d 00h"],
  [3 * 86_400 + 4 * 3_600 + 1, "3d 04h"],
  [-1, "—"],
  [NaN, "—"],
]);

testTable("formatAgo()", formatAgo, [
  [-5, "just now"],
  [9, "just now"],
  [19, "10 s ago"],
  [61, "1 min ago"],
  [7_199, "1 h ago"],
  [86_400, "1 day ago"],
  [400 * 86_400, "400 days ago"],
]);

testTable("formatTimeLeft()", formatTimeLeft, [
  [-3, "almost done"],
  [4, "a few seconds left"],
  [42, "about 40 s left"],
  [58, "about 1 min left"],
  [125, "about 2 min left"],
  [3_540, "about 59 min left"],
  [3_590, "about 1 h left"],
  [7_860, "about 2 h 11 min left"],
  [15_300, "about 4 h 20 min left"],
  [86_400, "about 1 d left"],
  [100_000, "about 1 d 4 h left"],
]);

testTable("formatTimeRange()", (range: readonly [number, number]) => formatTimeRange(...range), [
  [[-9, 0.5], "almost done"],
  [[2, 8], "a few seconds left"],
  [[3, 12], "5–10 s left"],
  [[-20, 30], "up to 30 s left"],
  [[20, 54], "20–55 s left"],
  [[50, 58], "about 55 s left"],
  [[20, 100], "up to 2 min left"],
  [[170, 300], "3–5 min left"],
  [[190, 200], "about 3 min left"],
  [[600, 3_600], "10–60 min left"],
  [[1_000, 1_300], "15–20 min left"],
  [[3_000, 7_300], "1–2 h left"],
  [[0, 90_000], "up to 25 h left"],
  [[40 * 3_600, 100 * 3_600], "2–4 d left"],
]);

testTable("formatPercent()", formatPercent, [
  [null, "—"],
  [0, "0%"],
  [41.999, "41%"],
  [99.99, "99%"],
  [28.999999999999996, "29%"],
  [100, "100%"],
]);

testTable("formatValue()", (value: number) => formatValue(value, "loss"), [
  [0, "0"],
  [-3, "-3"],
  [1_234_567, "1,234,567"],
  [0.1 + 0.2, "0.3"],
  [0.123456789, "0.123457"],
  [-1_234.5678, "-1,234.57"],
  [20_200.04, "20,200"],
  [0.00025, "0.00025"],
  [0.0000286364, "2.86364e-5"],
  [1_234_567.8, "1.23457e+6"],
  [1e9, "1e+9"],
  [1.5e-7, "1.5e-7"],
  [1e300, "1e+300"],
]);

testTable(
  "formatValue() with a name",
  ([name, value]: readonly [string, number]) => formatValue(value, name),
  [
    [["memory_bytes", 3_221_225_472], "3.0 GiB"],
    [["cpu_percent", 123.4], "123.4%"],
    [["latency_seconds", 0.0125], "0.0125 s"],
    [["bytes", 2_048], "2,048"],
    [["seconds_left", 2_048], "2,048"],
  ],
);

testTable("formatCount()", formatCount, [
  [0, "0"],
  [1_234_567, "1,234,567"],
  [1.234, "1.23"],
  [54.23, "54.2"],
  [12_345.6, "12,346"],
  [Infinity, "—"],
]);

testTable("formatBytes()", formatBytes, [
  [0, "0 B"],
  [512.4, "512 B"],
  [1_023, "1,023 B"],
  [1_024, "1.0 KiB"],
  [1_048_575, "1.0 MiB"],
  [1.29e9, "1.2 GiB"],
  [2 ** 60, "1024.0 PiB"],
  [-2_048, "-2.0 KiB"],
]);

testTable("formatCounts()", formatCounts, [
  [{ current: null, total: null, unit: "files" }, ""],
  [{ current: 3_204, total: 10_000, unit: "files" }, "3,204 / 10,000 files"],
  [{ current: 3, total: null, unit: "files" }, "3 files"],
  [{ current: null, total: 10, unit: null }, "? / 10"],
  [{ current: 1.29e9, total: 3.22e9, unit: "B" }, "1.2 GiB / 3.0 GiB"],
  [{ current: 2_048, total: null, unit: "bytes" }, "2.0 KiB"],
]);

testTable("formatRate()", formatRate, [
  [{ rate: null, current: 1, unit: "files" }, ""],
  [{ rate: 0, current: 1, unit: "files" }, ""],
  [{ rate: 1_204, current: 1, unit: "files" }, "1,204 files/s"],
  [{ rate: 57_670_000, current: 1, unit: "numbers" }, "57.7M numbers/s"],
  [{ rate: 231.5, current: 1, unit: "rows" }, "232 rows/s"],
  [{ rate: 0.985, current: 1, unit: "steps" }, "0.99 steps/s"],
  [{ rate: 0.2, current: 1, unit: "files" }, "12 files/min"],
  [{ rate: 0.002, current: 1, unit: "files" }, "7.2 files/h"],
  [{ rate: 3.4e6, current: 1, unit: "B" }, "3.2 MiB/s"],
  [{ rate: 2.5, current: null, unit: null }, "2.5%/s"],
  [{ rate: 2, current: 4, unit: null }, "2/s"],
  [{ rate: 1_458, current: null, unit: null, eta_reason: "too_early" }, ""],
  [{ rate: 336e6, current: 10e6, unit: "rows", eta_reason: "too_early" }, ""],
  [{ rate: 12, current: 40, unit: "rows", eta_reason: "stalled" }, ""],
]);

testTable("formatClock()", (at: number) => formatClock(at, false), [
  [EXAMPLE_TIME, "22:13:20 UTC"],
  [NaN, "—"],
  [1e20, "—"],
]);

testTable("formatDateTime()", (at: number) => formatDateTime(at, false), [
  [EXAMPLE_TIME, "2023-11-14 22:13:20 UTC"],
  [Infinity, "—"],
]);

testTable(
  "formatTimeWithin()",
  ([at, from, to]: [number, number, number]) => formatTimeWithin(at, from, to, false),
  [
    [[EXAMPLE_TIME, EXAMPLE_TIME, EXAMPLE_TIME + 60], "22:13:20 UTC"],
    [[EXAMPLE_TIME, EXAMPLE_TIME, EXAMPLE_TIME + 2 * 3_600], "2023-11-14 22:13:20 UTC"],
    [[EXAMPLE_TIME, EXAMPLE_TIME - 86_400, EXAMPLE_TIME], "2023-11-14 22:13:20 UTC"],
    [[NaN, NaN, NaN], "—"],
  ],
);

Deno.test("formatClock() formats local time without a zone", () => {
  const date = new Date(EXAMPLE_TIME * 1_000);
  const local = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) =>
    String(part).padStart(2, "0")
  );
  assertEquals(formatClock(EXAMPLE_TIME, true), local.join(":"));
});

Deno.test("machineTime() returns an ISO 8601 time, or undefined if there is no time", () => {
  assertEquals(machineTime(EXAMPLE_TIME), "2023-11-14T22:13:20.000Z");
  assertEquals(machineTime(NaN), undefined);
});

Deno.test("timeLeft() counts down between updates, and returns the reason if there is no estimate", () => {
  const task = exampleTask({ eta: 120 });
  assertEquals(timeLeft(task, EXAMPLE_TIME), "about 2 min left");
  assertEquals(timeLeft(task, EXAMPLE_TIME + 60), "about 1 min left");
  assertEquals(timeLeft(task, EXAMPLE_TIME + 180), "almost done");
  assertEquals(timeLeft(task, EXAMPLE_TIME + 500), "past its estimate");
  assertEquals(
    timeLeft(task, EXAMPLE_TIME - 500),
    "about 2 min left",
    "a clock that is behind does not extend the estimate",
  );
  const guess = exampleTask({ eta: 120, eta_low: 100, eta_high: 300 });
  assertEquals(timeLeft(guess, EXAMPLE_TIME), "2–5 min left");
  assertEquals(timeLeft(guess, EXAMPLE_TIME + 120), "up to 3 min left");
  assertEquals(timeLeft(guess, EXAMPLE_TIME + 450), "almost done");
  assertEquals(timeLeft(guess, EXAMPLE_TIME + 500), "past its estimate");
  assertEquals(timeLeft(exampleTask({ eta: 0 }), EXAMPLE_TIME + 4), "almost done");
  assertEquals(timeLeft(exampleTask({ eta_reason: "too_early" }), 0), "estimating…");
  assertEquals(timeLeft(exampleTask({ eta_reason: "stalled" }), 0), "stalled, no estimate");
  assertEquals(timeLeft(exampleTask({ eta_reason: "unknown_progress" }), 0), "time left unknown");
  assertEquals(timeLeft(finishedTask({ eta: 5 }), 0), "");
});

Deno.test("elapsedSeconds() stops at the end of the task, is never negative, and is null before the start", () => {
  assertEquals(elapsedSeconds(exampleTask(), EXAMPLE_TIME + 7), 7);
  assertEquals(elapsedSeconds(exampleTask(), EXAMPLE_TIME - 7), 0);
  assertEquals(elapsedSeconds(finishedTask(), EXAMPLE_TIME + 700), 5);
  assertEquals(elapsedSeconds(exampleTask({ started_at: null }), EXAMPLE_TIME), null);
});

Deno.test("formatJson() returns one line of limited length", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.integer({ min: 2, max: 50 }), (value, most) => {
    const text = formatJson(value as never, most);
    assertLessOrEqual(text.length, most);
    assert(!text.includes("\n"));
  }));
});

Deno.test("formatTimeRange() returns two durations in ascending order, or one if they look the same", () => {
  const seconds = fc.double({ min: -100, max: 1e6, noNaN: true });
  fc.assert(fc.property(seconds, seconds, (one, other) => {
    const text = formatTimeRange(Math.min(one, other), Math.max(one, other));
    const [, least, most] = /^(\d+)–(\d+) (?:s|min|h|d) left$/.exec(text) ?? [];
    assert(least === undefined ? !text.includes("–") : Number(least) < Number(most), text);
  }));
});

Deno.test("format functions never return an exponent or NaN for a finite number", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
    for (const write of [formatDuration, formatAgo, formatTimeLeft, formatCount, formatBytes]) {
      assert(!/NaN|undefined|Infinity|\de/.test(write(value)), `${write.name}(${value}) is ${write(value)}`);
    }
  }));
});
