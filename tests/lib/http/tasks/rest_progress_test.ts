/** Tests the progress history of a task over HTTP. */

import { assertEquals } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { ended, startTaskServer as start } from "../../../support/task_server.ts";

Deno.test("Rest.progress() returns the progress history of a task", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  await call("POST", tasks, { body: { id: "t", name: "job" } });
  assertEquals((await call("GET", `${tasks}/t/progress`)).json, { points: [] });
  for (const progress of [10, 30.126]) await call("PATCH", `${tasks}/t`, { body: { progress } });
  const running = await call("GET", `${tasks}/t/progress`);
  assertEquals([running.status, running.headers.get("content-type")], [200, "application/json"]);
  await call("POST", `${tasks}/t/finish`);
  const { finished_at } = await ended(`${tasks}/t`);
  const { points } = (await call("GET", `${tasks}/t/progress`)).json;
  assertEquals(points.map(([, progress]: number[]) => progress), [10, 30.13, 100]);
  assertEquals(points.slice(0, 2), running.json.points);
  assertEquals(points.at(-1)[0], Math.round(Number(finished_at) * 1_000) / 1_000);
});

Deno.test("Rest.progress() responds with 404 for an unknown task", async () => {
  await using server = start();
  assertProblem(await call("GET", `${server.url}/tasks/c/unknown/progress`), 404, "task_not_found");
});
