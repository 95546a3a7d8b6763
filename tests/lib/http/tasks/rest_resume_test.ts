/** Tests requests for the changes since a cursor, over HTTP. */

import type { Task } from "../../../../lib/task/task.ts";
import { assertEquals, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { ended, run, startTaskServer } from "../../../support/task_server.ts";

function idsOf(tasks: readonly Task[]): string[] {
  return tasks.map(({ id }) => id);
}

Deno.test("Rest.list() with ?after=<cursor> returns the changes since that cursor, and the next cursor", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "a" });
  await run(tasks, "echo", { id: "b" });
  const { cursor } = (await call("GET", tasks)).json;

  const nothing = await call("GET", `${tasks}?after=${cursor}`);
  assertEquals([nothing.status, nothing.json], [200, { cursor, tasks: [], removed: [] }]);
  assertEquals(nothing.headers.get("content-type"), "application/json");
  assertEquals(nothing.headers.get("cache-control"), "no-store");

  await run(tasks, "echo", { id: "c", args: [7] });
  await call("DELETE", `${tasks}/a`);
  await run(`${server.url}/tasks/other`, "echo", { id: "foreign" });
  const answer = await call("GET", `${tasks}?after=${cursor}`);
  assertEquals(Object.keys(answer.json), ["cursor", "tasks", "removed"]);
  assertEquals(
    answer.json.tasks,
    [(await call("GET", `${tasks}/c`)).json],
    "each changed task is sent once, with the whole record",
  );
  assertEquals(answer.json.removed, ["a"]);
  assertEquals(answer.text, JSON.stringify(answer.json));

  const next = await call("GET", `${tasks}?after=${answer.json.cursor}`);
  assertEquals(next.json, { cursor: answer.json.cursor, tasks: [], removed: [] });
});

Deno.test("Rest.list() with ?after=<cursor> returns both the removal and the new task if an id was reused", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  await run(tasks, "echo", { id: "a" });
  const { cursor } = (await call("GET", tasks)).json;
  await call("DELETE", `${tasks}/a`);
  await call("POST", `${tasks}/start/held`, { body: { id: "a" } });
  const { json } = await call("GET", `${tasks}?after=${cursor}`);
  assertEquals([json.removed, idsOf(json.tasks), json.tasks[0].state], [["a"], ["a"], "STARTING"]);
  server.held.release();
  await ended(`${tasks}/a`);
});

Deno.test("Rest.list() with ?after=<cursor> accepts a cursor from before the first task of the client", async () => {
  await using server = startTaskServer();
  const unknown = await call("GET", `${server.url}/tasks/nobody`);
  const nothing = await call("GET", `${server.url}/tasks/nobody?after=${unknown.json.cursor}`);
  assertEquals([nothing.status, nothing.json.tasks, nothing.json.removed], [200, [], []]);
  assertEquals(server.monitor.registry.clients(), []);
  await run(`${server.url}/tasks/nobody`, "echo", { id: "first" });
  const { json } = await call("GET", `${server.url}/tasks/nobody?after=${nothing.json.cursor}`);
  assertEquals(idsOf(json.tasks), ["first"]);
});

Deno.test("Rest.list() with ?after=<cursor> responds with 410 if the cursor is too old", async () => {
  await using server = startTaskServer({ limits: { removalsPerClient: 1 } });
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  const [epoch, seq] = cursor.split(":");
  for (const id of ["a", "b", "c"]) {
    await run(tasks, "echo", { id });
    await call("DELETE", `${tasks}/${id}`);
  }
  const gone = [`another:${seq}`, `${epoch}:999999999999999`, cursor];
  for (const after of gone) {
    const answer = await call("GET", `${tasks}?after=${after}`);
    assertProblem(answer, 410, "cursor_gone");
    assertStringIncludes(answer.json.detail, "start again without a cursor");
  }
});

Deno.test("Rest.list() with ?after=<cursor> refuses an invalid cursor, and filters in addition to the cursor", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/c`;
  const { cursor } = (await call("GET", tasks)).json;
  for (const after of ["", "x", ":", "a:", ":1", "a:-1", "a:1.5", "a:1:2", "a%20b:1", "1234567890123456"]) {
    const answer = await call("GET", `${tasks}?after=${after}`);
    assertEquals(
      [answer.status, answer.headers.get("content-type")],
      [400, "application/problem+json"],
      after,
    );
  }
  for (const other of ["state=ERROR", "limit=5", "page=1", "q=x", "unknown=1"]) {
    for (const query of [`after=${cursor}&${other}`, `${other}&after=${cursor}`]) {
      const answer = await call("GET", `${tasks}?${query}`);
      assertProblem(answer, 400, "bad_filter");
      assertStringIncludes(answer.json.detail, `"${other.split("=")[0]}"`);
    }
  }
  const twice = await call("GET", `${tasks}?after=${cursor}&after=${cursor}`);
  assertProblem(twice, 400, "bad_filter");
  assertEquals(server.errors, []);
});
