/** What a server that comes without its data would have to be told again. */

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

function linesOf(retelling: Replay, key: string): string[] {
  return retelling.linesOf(key).map(({ text }) => text);
}

Deno.test("Replay keeps ended tasks until all of their reports are committed", () => {
  const retelling = new Replay();
  const [a, b, again] = [taskOf("a"), taskOf("b"), taskOf("a")];
  retelling.ended("c/a", a, 5);
  retelling.ended("c/b", b, 9);
  assertStrictEquals(retelling.endedTask("c/a"), a);
  // Another run of the same name ends later, and counts from then.
  retelling.ended("c/a", again, 12);
  retelling.committed(9);
  assertEquals([retelling.endedTask("c/b"), retelling.endedCount], [undefined, 1]);
  assertStrictEquals(retelling.endedTask("c/a"), again);
  retelling.committed(12);
  assertEquals(retelling.endedCount, 0);
  retelling.ended("c/b", b, 20);
  retelling.forget("c/b");
  assertEquals(retelling.endedTask("c/b"), undefined);
});

Deno.test("Replay.isCreationPending() holds until a creation, or a repeated one, is committed", () => {
  const retelling = new Replay();
  retelling.reported("c/a", createChange(), 1);
  retelling.reported("c/b", createChange(), 2);
  assertEquals(["c/a", "c/b", "c/x"].map((key) => retelling.isCreationPending(key)), [true, true, false]);
  retelling.committed(1);
  assertEquals(["c/a", "c/b"].map((key) => retelling.isCreationPending(key)), [false, true]);
  retelling.reported("c/b", createChange(), 7);
  retelling.committed(6);
  assertEquals(retelling.isCreationPending("c/b"), true);
  retelling.committed(7);
  assertEquals(retelling.isCreationPending("c/b"), false);
});

Deno.test("Replay keeps uncommitted log lines, per task and in order", () => {
  const retelling = new Replay();
  retelling.reported("c/a", logOf("1", "2"), 1);
  retelling.reported("c/b", logOf("other"), 2);
  retelling.reported("c/a", { type: "update", progress: 5 }, 3);
  retelling.reported("c/a", logOf("3"), 4);
  assertEquals([linesOf(retelling, "c/a"), linesOf(retelling, "c/b")], [["1", "2", "3"], ["other"]]);
  retelling.committed(1);
  assertEquals([linesOf(retelling, "c/a"), linesOf(retelling, "c/b")], [["3"], ["other"]]);
  retelling.committed(4);
  assertEquals([linesOf(retelling, "c/a"), linesOf(retelling, "c/b")], [[], []]);
  retelling.reported("c/a", logOf("4"), 5);
  retelling.clear();
  assertEquals(linesOf(retelling, "c/a"), []);
});
