/**
 * Tests the limit on tasks of registered functions that were started through the API; these tasks run in the
 * server's process.
 */

import { assertEquals, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { startServer } from "../../../support/server.ts";
import { ended, run, startTaskServer } from "../../../support/task_server.ts";

const limits = { startedTasks: 2 };

Deno.test("Rest.start() and Rest.retry() respond with 503 while too many started tasks run", async () => {
  await using server = startTaskServer({ limits });
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "done" });
  for (const id of ["1", "2"]) {
    assertEquals((await call("POST", `${tasks}/start/held`, { body: { id } })).status, 202);
  }
  const refused = await call("POST", `${tasks}/start/echo`, { body: { id: "3" } });
  assertProblem(refused, 503, "limit_reached");
  assertEquals(refused.headers.get("retry-after"), "5");
  assertStringIncludes(refused.json.detail, "The limit of 2 running tasks that the server has started");
  assertProblem(await call("POST", `${tasks}/done/retry`), 503, "limit_reached");
  assertProblem(await call("POST", `${server.url}/tasks/other/start/held`), 503, "limit_reached");
  // Tasks of other processes do not count towards the limit.
  assertEquals((await call("POST", tasks, { body: { id: "reported" } })).status, 201);
  server.held.release();
  await ended(`${tasks}/1`);
  await ended(`${tasks}/2`);
  await run(tasks, "echo", { id: "3" });
  await call("POST", `${tasks}/done/retry`);
});

Deno.test("Rest.start() counts a function until it returns, even if its task was cancelled before", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using server = startServer({ limits, tasks: { deaf: () => promise } });
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["1", "2"]) {
    await call("POST", `${tasks}/start/deaf`, { body: { id } });
    await call("POST", `${tasks}/${id}/cancel?force=true`);
    assertEquals((await ended(`${tasks}/${id}`)).state, "CANCELLED");
  }
  assertProblem(await call("POST", `${tasks}/start/deaf`), 503, "limit_reached");
  resolve();
  // The functions return in a later turn of the event loop.
  let status = 503;
  while (status === 503) ({ status } = await call("POST", `${tasks}/start/deaf`));
  assertEquals(status, 202);
});

Deno.test("Rest.start() frees the slot of a task that could not be created", async () => {
  await using server = startTaskServer({ limits: { startedTasks: 1, liveTasksPerClient: 1 } });
  const tasks = `${server.url}/tasks/c`;
  await call("POST", tasks, { body: { id: "reported" } });
  for (let attempt = 0; attempt < 3; attempt++) {
    assertProblem(await call("POST", `${tasks}/start/echo`), 503, "limit_reached");
    assertEquals(
      (await call("POST", `${tasks}/start/echo`, { body: { id: "in/valid" } })).status >= 400,
      true,
    );
    assertEquals((await call("POST", `${tasks}/start/unknown`)).status, 404);
  }
  await run(`${server.url}/tasks/d`, "echo", { id: "t" });
});
