import type { Task } from "../../../lib/task/task.ts";
import {
  type Attention,
  attentionOf,
  candidatesOf,
  concernOf,
  FAILURE_SECONDS,
  MAX_ATTENTION,
  MAX_FAILURES,
} from "../../../ui/shared/attention.ts";
import { listedTasks } from "../../../ui/shared/list_slice.ts";
import { assertEquals } from "../../support/assert.ts";
import { exampleTask, finishedTask } from "../../support/example_task.ts";

const NOW = 100_000;

/** A run of the name `job` that took some seconds. */
function pastRun(id: string, seconds: number): Task {
  return finishedTask({ id, name: "job", started_at: NOW - 10_000, finished_at: NOW - 10_000 + seconds });
}

function failure(id: string, finished_at: number): Task {
  return finishedTask({ id, state: "ERROR", finished_at, error: { message: "no", type: "Error" } });
}

function running(id: string, seconds: number, fields: Partial<Task> = {}): Task {
  return exampleTask({ id, name: "job", started_at: NOW - seconds, ...fields });
}

function found(tasks: readonly Task[]): string[] {
  return attentionIn(tasks).tasks.map(({ id }) => id);
}

function attentionIn(tasks: readonly Task[]): Attention {
  const candidates = candidatesOf(listedTasks(tasks), NOW);
  return attentionOf(candidates.tasks.map(({ task }) => task), candidates.limits, NOW);
}

Deno.test("attentionOf() finds recent failures that were not retried, newest first", () => {
  const tasks = [
    failure("old", NOW - FAILURE_SECONDS),
    failure("first", NOW - 60),
    failure("retried", NOW - 50),
    failure("last", NOW - 10),
    finishedTask({ id: "again", retry_of: "retried" }),
  ];
  assertEquals(found(tasks), ["last", "first"]);
});

Deno.test("attentionOf() finds tasks that take longer than all past runs, if there are enough of those", () => {
  const runs = [pastRun("1", 60), pastRun("2", 100)];
  assertEquals(found([...runs, running("now", 900)]), []);
  const enough = [...runs, pastRun("3", 80)];
  assertEquals(found([...enough, running("slow", 111), running("usual", 109)]), ["slow"]);
  const { limits } = attentionIn([...enough, running("now", 1)]);
  assertEquals(limits.map(({ name, seconds }) => [name, Math.round(seconds)]), [["job", 110]]);
});

Deno.test("attentionOf() finds stale before stalled tasks, and at most the newest ones of many of each kind", () => {
  const stalled = running("stalled", 1, { eta_reason: "stalled" });
  assertEquals(found([stalled, running("stale", 1, { stale: true })]), ["stale", "stalled"]);
  const many = Array.from({ length: 300 }, (_, index) => failure(String(index), NOW - 300 + index));
  const newest = many.toReversed().slice(0, MAX_FAILURES).map(({ id }) => id);
  assertEquals(found(many), newest);
  const others = Array.from(
    { length: 2 * MAX_ATTENTION },
    (_, index) => running(`s${index}`, 1, { stale: true, created_at: index }),
  );
  const newestOthers = others.toReversed().slice(0, MAX_ATTENTION).map(({ id }) => id);
  assertEquals(found([...many, ...others]), [...newest, ...newestOthers]);
});

Deno.test("concernOf() returns null for tasks that run as usual or have not started", () => {
  const limit = { name: "job", seconds: 100 };
  assertEquals(concernOf(running("a", 99), NOW, limit), null);
  assertEquals(concernOf(running("a", 101), NOW, limit), "slow");
  assertEquals(concernOf(exampleTask({ started_at: null }), NOW, limit), null);
  assertEquals(concernOf(finishedTask({ state: "CANCELLED", finished_at: NOW }), NOW, limit), null);
});
