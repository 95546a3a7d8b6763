/** Tests retrying tasks and restoring removed tasks over HTTP. */

import { assertEquals, assertGreater, assertMatch, assertNotEquals } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { startServer } from "../../../support/server.ts";
import { ended, run, startTaskServer } from "../../../support/task_server.ts";

Deno.test("Rest.retry() starts the task again with the same arguments, and returns its location", async () => {
  await using server = startTaskServer({ basePath: "/monitor" });
  const base = `${server.url}/monitor/tasks/c`;
  const given = { args: ["a", { deep: [1, null] }], id: "t", tags: ["x", "y"], metadata: { from: "test" } };
  await run(base, "echo", given);
  const before = await call("GET", `${base}/t`);
  const answer = await call("POST", `${base}/t/retry`);
  assertEquals([answer.status, Object.keys(answer.json)], [202, ["task_id"]]);
  const id: string = answer.json.task_id;
  assertMatch(id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assertEquals(answer.headers.get("location"), `/monitor/tasks/c/${id}`);
  assertEquals(answer.headers.get("content-type"), "application/json");

  const again = await ended(`${base}/${id}`);
  assertEquals([again.name, again.state, again.result], ["echo", "FINISHED", given.args]);
  assertEquals([again.tags, again.metadata], [given.tags, given.metadata]);
  assertEquals([again.attempt, again.retry_of, again.retryable], [2, "t", true]);
  assertEquals([before.json.attempt, before.json.retry_of, before.json.retryable], [1, null, true]);
  assertEquals((await call("GET", `${base}/t`)).json, before.json, "the first attempt is unchanged");
});

Deno.test("Rest.retry() counts attempts, including failed and cancelled ones", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "fails", { id: "t" });
  let last = "t";
  for (const attempt of [2, 3, 4]) {
    const { json } = await call("POST", `${tasks}/${last}/retry`);
    const record = await ended(`${tasks}/${json.task_id}`);
    assertEquals([record.attempt, record.retry_of, record.state], [attempt, last, "ERROR"]);
    last = json.task_id;
  }
  await call("POST", `${tasks}/start/held`, { body: { id: "held" } });
  await call("POST", `${tasks}/held/cancel`);
  await ended(`${tasks}/held`);
  const retried = await call("POST", `${tasks}/held/retry`);
  assertEquals(retried.status, 202);
  server.held.release();
  assertEquals((await ended(`${tasks}/${retried.json.task_id}`)).state, "FINISHED");
});

Deno.test("Rest.retry() creates a new task each time", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "t" });
  const ids = await Promise.all(
    [1, 2].map(async () => (await call("POST", `${tasks}/t/retry`)).json.task_id),
  );
  assertNotEquals(ids[0], ids[1]);
  for (const id of ids) assertEquals((await ended(`${tasks}/${id}`)).attempt, 2);
});

Deno.test("Rest.retry() refuses an active task, a task that was not started through the API, and an unknown task", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", `${tasks}/start/held`, { body: { id: "held" } });
  assertProblem(await call("POST", `${tasks}/held/retry`), 409, "task_active");
  const direct = server.monitor.monitored((task) => task.child("part").finish(), {
    client: "c",
    id: "direct",
  });
  await direct();
  const { json } = await call("GET", tasks);
  const records: { id: string; name: string; retryable: boolean }[] = Object.values(json.all_tasks);
  for (const { id, retryable } of records.filter(({ id }) => id !== "held")) {
    assertEquals(retryable, false);
    assertProblem(await call("POST", `${tasks}/${id}/retry`), 409, "not_retryable");
  }
  assertProblem(await call("POST", `${tasks}/unknown/retry`), 404, "task_not_found");
  assertProblem(await call("POST", `${server.url}/tasks/other/direct/retry`), 404, "task_not_found");
  assertEquals(Object.keys((await call("GET", tasks)).json.all_tasks).length, 3, "nothing was started");
  server.held.release();
  await ended(`${tasks}/held`);
});

Deno.test("Rest.retry() responds with 404 if the name is not registered any more after a restart", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    const data = `${folder}/tasks.db`;
    {
      await using server = startServer({ data, tasks: { gone: () => 1, kept: (_task, n: number) => n + 1 } });
      await run(`${server.url}/tasks/c`, "gone", { id: "gone" });
      await run(`${server.url}/tasks/c`, "kept", { id: "kept", args: [5], tags: ["x"] });
    }
    await using server = startServer({ data, tasks: { kept: (_task, n: number) => n + 2 } });
    const tasks = `${server.url}/tasks/c`;
    assertProblem(await call("POST", `${tasks}/gone/retry`), 404, "unknown_task_name");
    const { json } = await call("POST", `${tasks}/kept/retry`);
    const record = await ended(`${tasks}/${json.task_id}`);
    assertEquals([record.result, record.attempt, record.tags], [7, 2, ["x"]]);
    assertEquals(server.errors, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Rest.retry() respects the limits on tasks", async () => {
  await using server = startTaskServer({ limits: { liveTasksPerClient: 1 } });
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "t" });
  await call("POST", `${tasks}/start/held`, { body: { id: "held" } });
  assertProblem(await call("POST", `${tasks}/t/retry`), 503, "limit_reached");
  server.held.release();
  await ended(`${tasks}/held`);
  assertEquals((await call("POST", `${tasks}/t/retry`)).status, 202);
});

Deno.test("Rest.restore() restores a removed task with its log, history and arguments", async () => {
  await using server = startServer({
    tasks: { talk: (task, n: number) => (task.log(`said ${n}`), n) },
  });
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "talk", { id: "t", args: [7] });
  const [before, logs, history] = await Promise.all(
    ["", "/logs", "/history"].map(async (part) => (await call("GET", `${tasks}/t${part}`)).json),
  );
  assertEquals((await call("DELETE", `${tasks}/t`)).status, 204);
  assertProblem(await call("DELETE", `${tasks}/t`), 404, "task_not_found");
  for (const part of ["", "/logs", "/history"]) {
    assertProblem(await call("GET", `${tasks}/t${part}`), 404, "task_not_found");
  }
  const answer = await call("POST", `${tasks}/t/restore`);
  assertEquals([answer.status, answer.headers.get("content-type")], [200, "application/json"]);
  assertGreater(answer.json.version, before.version);
  assertEquals({ ...answer.json, version: 0 }, { ...before, version: 0 });
  assertEquals((await call("GET", `${tasks}/t`)).json, answer.json);
  assertEquals((await call("GET", `${tasks}/t/logs`)).json, logs);
  assertEquals((await call("GET", `${tasks}/t/history`)).json, history);
  const { json } = await call("POST", `${tasks}/t/retry`);
  assertEquals((await ended(`${tasks}/${json.task_id}`)).result, 7);
});

Deno.test("Rest.restore() responds with 404 if there is no task to restore, and 409 if the id is already taken", async () => {
  await using server = startTaskServer({ limits: { endedTasksPerClient: 2 } });
  const tasks = `${server.url}/tasks/c`;
  assertProblem(await call("POST", `${tasks}/unknown/restore`), 404, "task_not_found");
  await run(tasks, "echo", { id: "a" });
  assertProblem(await call("POST", `${tasks}/a/restore`), 409, "task_exists");
  assertProblem(await call("POST", `${server.url}/tasks/other/a/restore`), 404, "task_not_found");
  await call("DELETE", `${tasks}/a`);
  await call("POST", `${tasks}/start/held`, { body: { id: "a" } });
  assertProblem(await call("POST", `${tasks}/a/restore`), 409, "task_exists");
  assertEquals((await call("GET", `${tasks}/a`)).json.name, "held");
  server.held.release();
  await ended(`${tasks}/a`);
  // A task that is removed because of a limit cannot be restored.
  for (const id of ["b", "c"]) await run(tasks, "echo", { id });
  assertProblem(await call("POST", `${tasks}/a/restore`), 404, "task_not_found");
});

Deno.test("Rest.restore() responds with 404 after the restore window", async () => {
  await using server = startTaskServer({ limits: { restoreWindowMs: 1, sweepIntervalMs: 5 } });
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "a" });
  await call("DELETE", `${tasks}/a`);
  // The restore window is one millisecond, so wait until the clock shows a later millisecond.
  const end = Date.now() + 2;
  while (Date.now() <= end) await call("GET", `${server.url}/healthz`);
  assertProblem(await call("POST", `${tasks}/a/restore`), 404, "task_not_found");
});

Deno.test("Rest.restore() restores each task of a bulk removal", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["a", "b", "c"]) await run(tasks, "echo", { id });
  assertEquals((await call("DELETE", `${tasks}?state=FINISHED`)).json, { removed: 3 });
  for (const id of ["b", "a"]) assertEquals((await call("POST", `${tasks}/${id}/restore`)).status, 200);
  assertEquals(
    Object.keys((await call("GET", tasks)).json.all_tasks),
    ["a", "b"],
    "in the order of creation",
  );
});
