/** Tests `Replay`, which keeps the data that must be reported again to a server that lost its data. */

import type { ReportedTask } from "../../../lib/reporter/report_sink.ts";
import { Replay } from "../../../lib/remote/replay.ts";
import type { LogChange } from "../../../lib/task/task.ts";
import { assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";

function taskOf(id: string): ReportedTask {
  return { client: "c", id, ended: true } as unknown as ReportedTask;
}

function logOf(...texts: readonly string[]): LogChange {
  return { type: "log", lines: texts.map((text) => ({ at: 1, text })) };
}

function linesOf(replay: Replay, key: string): string[] {
  return replay.linesOf(key).map(({ text }) => text);
}

Deno.test("Replay keeps ended tasks until all of their reports are committed", () => {
  const replay = new Replay();
  const [a, b, again] = [taskOf("a"), taskOf("b"), taskOf("a")];
  replay.ended("c/a", a, 5);
  replay.ended("c/b", b, 9);
  assertStrictEquals(replay.endedTask("c/a"), a);
  // A later task with the same id replaces the entry, which is kept until the end of that task is committed.
  replay.ended("c/a", again, 12);
  replay.committed(9);
  assertEquals([replay.endedTask("c/b"), replay.endedCount], [undefined, 1]);
  assertStrictEquals(replay.endedTask("c/a"), again);
  replay.committed(12);
  assertEquals(replay.endedCount, 0);
  replay.ended("c/b", b, 20);
  replay.forget("c/b");
  assertEquals(replay.endedTask("c/b"), undefined);
});

Deno.test("Replay.isCreationPending() returns true until the last report of a creation is committed", () => {
  const replay = new Replay();
  replay.reported("c/a", createChange(), 1);
  replay.reported("c/b", createChange(), 2);
  assertEquals(["c/a", "c/b", "c/x"].map((key) => replay.isCreationPending(key)), [true, true, false]);
  replay.committed(1);
  assertEquals(["c/a", "c/b"].map((key) => replay.isCreationPending(key)), [false, true]);
  replay.reported("c/b", createChange(), 7);
  replay.committed(6);
  assertEquals(replay.isCreationPending("c/b"), true);
  replay.committed(7);
  assertEquals(replay.isCreationPending("c/b"), false);
});

Deno.test("Replay keeps the uncommitted log lines of each task in order", () => {
  const replay = new Replay();
  replay.reported("c/a", logOf("1", "2"), 1);
  replay.reported("c/b", logOf("other"), 2);
  replay.reported("c/a", { type: "update", progress: 5 }, 3);
  replay.reported("c/a", logOf("3"), 4);
  assertEquals([linesOf(replay, "c/a"), linesOf(replay, "c/b")], [["1", "2", "3"], ["other"]]);
  replay.committed(1);
  assertEquals([linesOf(replay, "c/a"), linesOf(replay, "c/b")], [["3"], ["other"]]);
  replay.committed(4);
  assertEquals([linesOf(replay, "c/a"), linesOf(replay, "c/b")], [[], []]);
  replay.reported("c/a", logOf("4"), 5);
  replay.clear();
  assertEquals(linesOf(replay, "c/a"), []);
});
