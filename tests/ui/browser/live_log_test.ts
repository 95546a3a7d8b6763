import { signal } from "@preact/signals";
import type { LogLine, Task } from "../../../lib/task/task.ts";
import { LiveLog } from "../../../ui/browser/live_log.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, exampleTask, finishedTask } from "../../support/example_task.ts";

function logOf(over: Partial<Task> = {}) {
  const task = signal(exampleTask(over));
  let replaced = 0;
  const log = new LiveLog({ lines: [], dropped: 0, gone: 0 }, task, () => replaced++);
  return { log, task, replaced: () => replaced };
}

function linesOf(from: number, to: number): LogLine[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ at: 0, text: `${from + index}` }));
}

Deno.test("LiveLog starts again if another task reuses the id, but not if the task is removed and restored", () => {
  const { log, task, replaced } = logOf({ log_count: 2 });
  log.add({ lines: linesOf(0, 2), first: 0, next: 2 }, 0);
  task.value = finishedTask({ log_count: 2, version: 2 });
  assertEquals([log.lines.value.lines.length, replaced()], [2, 0]);
  task.value = exampleTask({ created_at: EXAMPLE_TIME + 9, log_count: 1 });
  assertEquals([log.lines.value, log.next(), replaced()], [{ lines: [], dropped: 0, gone: 0 }, 0, 1]);
});

Deno.test("LiveLog drops lines that the server lost when it crashed", () => {
  const { log, task } = logOf({ log_count: 4 });
  log.add({ lines: linesOf(0, 4), first: 0, next: 4 }, 0);
  task.value = finishedTask({ state: "ERROR", version: 9, log_count: 3 });
  assertEquals([log.lines.value, log.next()], [{ lines: linesOf(0, 3), dropped: 0, gone: 0 }, null]);
});

Deno.test("LiveLog requests missing lines, and merges overlapping responses", () => {
  const { log, task } = logOf();
  assertEquals(log.next(), null);
  task.value = exampleTask({ log_count: 3, version: 2 });
  assertEquals(log.next(), 0);
  log.add({ lines: linesOf(0, 2), first: 0, next: 2 }, 0);
  assertEquals(log.next(), 2);
  log.add({ lines: linesOf(1, 3), first: 1, next: 3 }, 1);
  assertEquals([log.lines.value, log.next()], [{ lines: linesOf(0, 3), dropped: 0, gone: 0 }, null]);
});

Deno.test("LiveLog drops its lines if the server no longer has the lines that follow them", () => {
  const { log } = logOf({ log_count: 9 });
  log.add({ lines: linesOf(0, 1), first: 0, next: 1 }, 0);
  log.add({ lines: linesOf(7, 9), first: 7, next: 9 }, 1);
  assertEquals(log.lines.value, { lines: linesOf(7, 9), dropped: 7, gone: 7 });
});

Deno.test("LiveLog learns from requests for its oldest lines that they are gone", () => {
  const { log } = logOf({ log_count: 9 });
  log.add({ lines: linesOf(0, 9), first: 0, next: 9 }, 0);
  assertEquals(log.gone(2, 7), false, "there may be older lines");
  assertEquals(log.lines.value.gone, 0);
  assertEquals(log.gone(0, 4), true);
  assertEquals(log.lines.value, { lines: linesOf(4, 9), dropped: 4, gone: 4 });
  assertEquals(log.gone(0, 3), true);
  assertEquals(log.lines.value, { lines: linesOf(4, 9), dropped: 4, gone: 4 });
  assertEquals(log.gone(4, 12), true);
  assertEquals(log.lines.value, { lines: [], dropped: 12, gone: 12 });
});

Deno.test("LiveLog skips lines that came too fast; the server still keeps them", () => {
  const { log, task } = logOf({ log_count: 1 });
  log.add({ lines: linesOf(0, 1), first: 0, next: 1 }, 0);
  task.value = exampleTask({ log_count: 5_000, version: 2 });
  const after = log.next()!;
  log.add({ lines: linesOf(after, 5_000), first: after, next: 5_000 }, after);
  assertEquals([log.lines.value.dropped, log.lines.value.gone], [4_000, 0]);
});

Deno.test("LiveLog keeps at most a thousand lines", () => {
  const { log, task } = logOf();
  log.add({ lines: linesOf(0, 1_500), first: 0, next: 1_500 }, 0);
  assertEquals([log.lines.value.lines.length, log.lines.value.dropped], [1_000, 500]);
  task.value = exampleTask({ log_count: 9_000, version: 2 });
  assertEquals(log.next(), 8_000, "lines that would not be kept are not requested");
});
