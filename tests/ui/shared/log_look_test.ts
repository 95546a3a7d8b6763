import { assertEquals } from "../../support/assert.ts";
import { lineTime, type LineTimes } from "../../../ui/shared/log_look.ts";
import type { LogLine } from "../../../lib/task/task.ts";

const STARTED = Date.parse("2026-11-24T23:59:50Z") / 1_000;

function timeOf(seconds: number, times: LineTimes): string {
  const line: LogLine = { at: STARTED + seconds, text: "" };
  return lineTime(line, times, STARTED, false);
}

Deno.test("lineTime() shows the date of a line that is not of the day on which the task started", () => {
  assertEquals(timeOf(9, "clock"), "23:59:59");
  assertEquals(timeOf(10, "clock"), "2026-11-25 00:00:00");
  assertEquals(timeOf(3 * 86_400, "clock"), "2026-11-27 23:59:50");
  assertEquals(timeOf(Number.MAX_VALUE, "clock"), "—");
});

Deno.test("lineTime() shows the time since the start, but never less than zero, or nothing", () => {
  assertEquals(timeOf(90, "elapsed"), "1m 30s");
  assertEquals(timeOf(-90, "elapsed"), "0.0s");
  assertEquals(timeOf(90, "none"), "");
});
