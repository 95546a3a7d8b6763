/** Tests the responses while commits are delayed, and after commits fail. */

import { StorageError } from "../../../../lib/errors.ts";
import { HTTP_REPORTER_ID } from "../../../../lib/registry/registry_types.ts";
import { assert, assertEquals, assertMatch } from "../../../support/assert.ts";
import { type Answer, assertProblem, call } from "../../../support/calls.ts";
import { createChange } from "../../../support/changes.ts";
import { HeldServer } from "../../../support/held_server.ts";
import { SECRET_PATH } from "../../../support/held_store.ts";
import { TestReporter } from "../../../support/registry.ts";
import { TestSocket } from "../../../support/socket.ts";
import { until } from "../../../support/until.ts";

/** Starts a server with four tasks: ended, running, reported over HTTP, and just removed. */
function start(): HeldServer {
  const server = new HeldServer();
  server.test.run("c", "ended", "removed");
  server.test.begin("c", "running");
  server.test.report("c", "far", createChange(), new TestReporter(HTTP_REPORTER_ID, true));
  server.test.registry.setLaunch("c", "ended", { name: "echo", args: [5] });
  server.test.registry.remove("c", "removed");
  return server;
}

/** One request for each kind of change over REST. */
const CHANGES: readonly (readonly [method: string, path: string, status: number])[] = [
  ["POST", "/tasks/c/start/echo", 202],
  ["POST", "/tasks/c/ended/retry", 202],
  ["POST", "/tasks/c/removed/restore", 200],
  ["POST", "/tasks/c/running/cancel", 202],
  ["POST", "/tasks/c", 201],
  ["PATCH", "/tasks/c/far", 200],
  ["POST", "/tasks/c/far/finish", 200],
  ["POST", "/tasks/c/far/fail", 200],
  ["POST", "/tasks/c/far/cancelled", 200],
  ["DELETE", "/tasks/c/ended", 204],
  ["DELETE", "/tasks/c?state=FINISHED", 200],
];

/** Sends a request without waiting for the response, and records whether the response has arrived. */
function pending(
  method: string,
  url: string,
  body?: unknown,
): { readonly answer: Promise<Answer>; isAnswered: boolean } {
  const pending = { answer: call(method, url, { body }), isAnswered: false };
  pending.answer.then(() => pending.isAnswered = true);
  return pending;
}

/** Completes other requests. After that, any response that does not wait for a commit has arrived. */
async function meanwhile(server: HeldServer): Promise<void> {
  for (let i = 0; i < 3; i++) await call("GET", `${server.url}/healthz`);
}

Deno.test("Rest responds to a change only after its commit", async () => {
  for (const [method, path, status] of CHANGES) {
    await using server = start();
    server.store.hold();
    const change = pending(method, server.url + path);
    await until(() => server.store.waiting > 0);
    await meanwhile(server);
    assertEquals(change.isAnswered, false, `${method} ${path}`);
    await server.store.release();
    assertEquals((await change.answer).status, status, `${method} ${path}`);
    assertEquals(server.errors, []);
  }
});

Deno.test("Rest responds with 503 if the commit fails, without the path of the file", async () => {
  for (const [method, path] of CHANGES) {
    await using server = start();
    server.store.hold();
    const change = pending(method, server.url + path);
    await until(() => server.store.waiting > 0);
    await server.store.fail("the disk is full");
    const after = await call(method, server.url + path);
    // The second request may get another status, because the first one has already changed the task in
    // memory.
    for (const answer of after.status === 503 ? [await change.answer, after] : [await change.answer]) {
      assertProblem(answer, 503, "storage_unavailable");
      assertMatch(answer.headers.get("retry-after") ?? "", /^\d+$/);
      assertEquals(answer.json.detail, "The server cannot store this now: the disk is full");
      assert(!answer.text.includes(SECRET_PATH) && !answer.text.includes("tasks.db"));
    }
    assertEquals(server.errors, [], "the storage error was reported before, and /readyz shows it");
  }
});

Deno.test("Rest.start() starts no task while the server is degraded", async () => {
  await using server = start();
  await server.store.fail("the disk is full");
  assertProblem(await call("POST", `${server.url}/tasks/c/start/held`), 503, "storage_unavailable");
  assertProblem(await call("POST", `${server.url}/tasks/c/ended/retry`), 503, "storage_unavailable");
  assertEquals([server.held.running, server.test.registry.count("c")], [0, 3]);
  const page = await call("POST", `${server.url}/t/c/start/held`, {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "",
  });
  assertEquals([page.status, page.headers.get("content-type")], [503, "text/html; charset=utf-8"]);
  assert(page.text.includes("the disk is full") && !page.text.includes(SECRET_PATH));
  await server.store.recover();
  assertEquals((await call("POST", `${server.url}/tasks/c/start/held`)).status, 202);
});

Deno.test("ReportCalls refuses a late report only after the commit of the newer report", async () => {
  await using server = start();
  const far = `${server.url}/tasks/c/far`;
  const rows = [
    ["", { seq: 1 }, "/finish", { seq: 1 }, "late_report"],
    ["/finish", { seq: 2 }, "/fail", { seq: 3 }, "task_ended"],
  ] as const;
  for (const [path, body, latePath, lateBody, code] of rows) {
    server.store.hold();
    const first = pending("POST", far + path, body);
    await until(() => server.store.waiting > 0);
    const late = pending("POST", far + latePath, lateBody);
    await until(() => server.store.waiting > 1);
    await meanwhile(server);
    assertEquals([first.isAnswered, late.isAnswered], [false, false]);
    await server.store.release();
    assertEquals((await first.answer).status, 200);
    assertProblem(await late.answer, 409, code, ["task"]);
  }
});

Deno.test("ReportCalls does not acknowledge a report whose commit fails", async () => {
  await using server = start();
  const far = `${server.url}/tasks/c/far`;
  server.store.hold();
  const first = pending("PATCH", far, { seq: 1, progress: 50 });
  await until(() => server.store.waiting > 0);
  await server.store.fail();
  assertProblem(await first.answer, 503, "storage_unavailable");
  for (let n = 0; n < 2; n++) {
    const again = await call("PATCH", far, { body: { seq: 1, progress: 50 } });
    assertProblem(again, 503, "storage_unavailable");
  }
  assertProblem(await call("POST", `${server.url}/tasks/c`), 503, "storage_unavailable");
  assertEquals(server.test.registry.count("c"), 3, "no task starts");
  assertEquals(server.test.registry.task("c", "far")?.progress, 50, "running tasks continue in memory");
  await server.store.recover();
  const late = await call("PATCH", far, { body: { seq: 1, progress: 50 } });
  assertProblem(late, 409, "late_report", ["task"]);
  assertEquals(late.json.task.progress, 50);
  assertEquals(server.errors, []);
});

Deno.test("Rest shows new, ended and removed tasks only after the commit, and progress at once", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  server.store.hold();
  server.test.progress("c", "running", 40);
  assertEquals((await call("GET", `${tasks}/running`)).json.progress, 40);
  assertEquals((await call("GET", tasks)).json.all_tasks.running.progress, 40);

  server.test.finish("c", "running");
  const views = [tasks, `${tasks}?state=FINISHED`, `${tasks}?after=${cursor}`, `${tasks}/running`];
  const pages = [`${server.url}/t/c`, `${server.url}/t/c/running`];
  const early = [...views, `${tasks}/running/history`, ...pages].map((url) => pending("GET", url));
  await until(() => server.store.waiting >= early.length);
  await meanwhile(server);
  assertEquals(early.filter(({ isAnswered }) => isAnswered).length, 0);
  await server.store.commit();
  for (const { answer } of early) {
    const { status, text } = await answer;
    assertEquals(status, 200);
    assert(text.includes("FINISHED") || text.includes("Finished"));
  }
});

Deno.test("Rest shows tasks while the server is degraded, with a cursor of another epoch", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await server.store.fail();
  server.test.finish("c", "running");
  const { json } = await call("GET", tasks);
  assertEquals([json.all_tasks.running.state, json.cursor.split(":")[0]], ["FINISHED", "unsaved"]);
  assertEquals((await call("GET", `${tasks}?after=${json.cursor}`)).json.tasks, []);
  await server.store.recover();
  const after = (await call("GET", tasks)).json;
  assertEquals([after.cursor.split(":")[0], after.all_tasks], ["first", json.all_tasks]);
  assertEquals(
    (await call("GET", `${tasks}?after=${json.cursor}`)).status,
    200,
    "a cursor of the earlier epoch is still accepted",
  );
});

Deno.test("Rest responds from memory, with a cursor of another epoch, if the commit of a change fails while a request waits for it", async () => {
  await using server = start();
  server.store.hold();
  server.test.begin("c", "new");
  const list = pending("GET", `${server.url}/tasks/c`);
  await until(() => server.store.waiting > 0);
  await server.store.fail();
  const { json } = await list.answer;
  assertEquals([json.cursor.split(":")[0], json.all_tasks.new.state], ["unsaved", "STARTING"]);
});

Deno.test("Handler.handle() reports that a degraded server is healthy but not ready", async () => {
  await using server = start();
  await server.store.fail("the disk is full");
  const answer = await call("GET", `${server.url}/readyz`);
  assertEquals([answer.status, answer.json.status, answer.json.detail], [
    503,
    "degraded",
    "the disk is full",
  ]);
  assertEquals(answer.json.since, server.test.registry.degradation?.since);
  assert(!answer.text.includes(SECRET_PATH));
  assertEquals((await call("GET", `${server.url}/healthz`)).status, 200);
  await server.store.recover();
  assertEquals((await call("GET", `${server.url}/readyz`)).json, { status: "ready" });
});

Deno.test("Handler.handle() responds with 503 if a record cannot be read, and never rejects", async () => {
  await using server = start();
  const url = `${server.url}/tasks/c/ended`;
  assertEquals((await call("GET", url)).status, 200);
  server.store.isBroken = true;
  // The same URL was requested before, so this request takes the fast path.
  for (const path of [url, `${url}/logs`]) {
    const answer = await call("GET", path);
    assertProblem(answer, 503, "storage_unavailable");
    assert(!answer.text.includes(SECRET_PATH));
  }
  const headers = { host: new URL(url).host };
  assertEquals((await server.handle(new Request(url, { headers }))).status, 503);
});

Deno.test("Sockets tells watchers that the server is degraded, without the path of the file", async () => {
  await using server = start();
  await using delta = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
  await using full = new TestSocket(`${server.url}/ws/tasks/c`);
  await Promise.all([delta.count(1), full.count(1)]);
  await server.store.fail("the disk is full");
  await delta.count(2);
  assertEquals(delta.texts[1], '{"type":"degraded","detail":"the disk is full"}');
  await using late = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
  await late.count(2);
  assertEquals(late.texts[1], delta.texts[1]);
  await server.store.recover();
  await Promise.all([delta.count(3), late.count(3)]);
  assertEquals(delta.texts[2], '{"type":"degraded","detail":null}');
  assertEquals(full.texts.length, 1);
  assert([...delta.texts, ...late.texts].every((text) => !text.includes(SECRET_PATH)));
});

Deno.test("Sockets closes a new socket if the initial state cannot be read, and keeps the others open", async () => {
  await using server = start();
  await using before = new TestSocket(`${server.url}/ws/tasks/c`);
  await using delta = new TestSocket(`${server.url}/ws/tasks/c?mode=delta`);
  await Promise.all([before.count(1), delta.count(1)]);
  server.test.run("d", "ended");
  server.store.isBroken = true;
  await using late = new TestSocket(`${server.url}/ws/tasks/d`);
  const { code, reason } = await late.closed();
  assertEquals(code, 1011);
  assert(!reason.includes(SECRET_PATH));
  assert(server.errors.length > 0 && server.errors.every((error) => error instanceof StorageError));
  server.store.isBroken = false;
  server.test.progress("c", "running", 50);
  await delta.task("running", ({ progress }) => progress === 50);
  await before.task("running", ({ progress }) => progress === 50);
});
