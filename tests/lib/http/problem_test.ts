/** Tests the mapping from errors to problem responses. */

import { ClosedError, ConfigError, LimitError, ProtocolError, StorageError } from "../../../lib/errors.ts";
import { Problem, problemOf, problemResponse, titleOf } from "../../../lib/http/problem.ts";
import { transition, TransitionError } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { assertProblem } from "../../support/calls.ts";
import { createChange } from "../../support/changes.ts";

Deno.test("problemOf() maps each expected error to its code and status", () => {
  const reported: unknown[] = [];
  const report = (error: unknown) => void reported.push(error);
  const table: readonly (readonly [unknown, number, string, string])[] = [
    [new TransitionError("task_not_found", "no such task"), 404, "task_not_found", "no such task"],
    [
      new TransitionError("task_exists", "the id is already taken"),
      409,
      "task_exists",
      "the id is already taken",
    ],
    [new TransitionError("task_ended", "it has ended"), 409, "task_ended", "it has ended"],
    [new TransitionError("late_report", "it came late"), 409, "late_report", "it came late"],
    [new LimitError("clients", "that is the limit"), 503, "limit_reached", "that is the limit"],
    [new ClosedError("the end has come"), 503, "closing", "the end has come"],
    [new ProtocolError("no cursor"), 400, "bad_request", "no cursor"],
    [new ConfigError("no such option"), 400, "bad_request", "no such option"],
  ];
  for (const [error, status, code, detail] of table) {
    const problem = problemOf(error, report);
    assertEquals([problem.status, problem.code, problem.message], [status, code, detail]);
  }
  const problem = new Problem("not_found", "short and stout");
  assertStrictEquals(problemOf(problem, report), problem);
  assertEquals(reported, []);
});

Deno.test("problemOf() includes the reason of a storage error and when to retry, but not the path of the file", async () => {
  const path = "/home/somebody/tasks.db";
  const problem = problemOf(new StorageError(path, "the disk is full"), () => {});
  assertEquals([problem.status, problem.code, problem.headers["retry-after"]], [
    503,
    "storage_unavailable",
    "5",
  ]);
  assertEquals(problem.message, "The server cannot store this now: the disk is full");
  const unread = problemOf(new StorageError("tasks.db", "it is away", { isRead: true }), () => {});
  assertEquals([unread.status, unread.message], [503, "The server cannot read this now: it is away"]);
  const response = problemResponse(problem);
  const text = await response.text();
  assertProblem({ status: response.status, headers: response.headers, text }, 503, "storage_unavailable");
  assertEquals(response.headers.get("retry-after"), "5");
  assert(!text.includes(path));
});

Deno.test("problemOf() reports an unexpected error to the operator once, and hides its message from the caller", () => {
  for (const thrown of [new Error("a secret"), new TypeError("a secret"), "a secret", undefined, null]) {
    const reported: unknown[] = [];
    const problem = problemOf(thrown, (error) => reported.push(error));
    assertEquals([problem.status, problem.code, reported], [500, "internal", [thrown]]);
    assert(!problem.message.includes("secret"));
  }
});

Deno.test("problemResponse() includes the task only if a report about the task was refused", async () => {
  const task = transition(undefined, "t", createChange(), 1);
  const late = problemResponse(new Problem("late_report", "too late", { task }));
  const answer = { status: late.status, headers: late.headers, text: await late.text() };
  assertProblem(answer, 409, "late_report", ["task"]);
  assertEquals(JSON.parse(answer.text).task, task);
});

Deno.test("titleOf() returns a title for every status of a problem, and a default title for other statuses", () => {
  const own = [400, 403, 404, 405, 408, 409, 410, 413, 415, 421, 426, 500, 503];
  const titles = own.map(titleOf);
  assertEquals(new Set(titles).size, own.length);
  assertEquals([titles.includes("Error"), titleOf(410), titleOf(599)], [false, "Gone", "Error"]);
});
