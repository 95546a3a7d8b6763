/** Tests the statistics by task name over HTTP, on a real server. */

import type { RunStats } from "../../../../lib/task/run_stats.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../../../support/assert.ts";
import { assertProblem, call } from "../../../support/calls.ts";
import { run, startTaskServer as start } from "../../../support/task_server.ts";

/** Requests the statistics of a client's task names. */
async function namesOf(url: string): Promise<RunStats[]> {
  const { status, json } = await call("GET", url);
  assertEquals([status, Object.keys(json)], [200, ["names", "cursor"]]);
  assertMatch(json.cursor, /^[A-Za-z0-9]+:\d+$/);
  return json.names;
}

Deno.test("Names.list() returns the statistics of each name, also of tasks that were removed", async () => {
  await using server = start();
  const tasks = `${server.url}/tasks/c`;
  for (const id of ["e1", "e2"]) await run(tasks, "echo", { id });
  await run(tasks, "fails", { id: "f1" });
  await call("POST", `${tasks}/start/held`, { body: { id: "h1" } });
  await run(`${server.url}/tasks/other`, "echo", { id: "e3" });
  const names = await namesOf(`${server.url}/names/c`);
  assertEquals(names.map(({ name, runs, active, failure_rate }) => [name, runs, active, failure_rate]), [
    ["echo", 2, 0, 0],
    ["fails", 1, 0, 1],
    ["held", 0, 1, null],
  ]);
  assertEquals(names[0]?.last.map(({ id, state }) => [id, state]), [["e2", "FINISHED"], ["e1", "FINISHED"]]);
  const { started_at, finished_at } = (await call("GET", `${tasks}/e2`)).json;
  const [latest] = names[0]!.last;
  assertEquals(latest?.duration, Math.round((finished_at - started_at) * 1_000) / 1_000);
  await call("DELETE", `${tasks}/e2`);
  const [echo] = await namesOf(`${server.url}/names/c`);
  assertEquals([echo?.runs, echo?.last.map(({ id, kept }) => [id, kept])], [2, [["e2", false], [
    "e1",
    true,
  ]]]);
  await call("POST", `${tasks}/e2/restore`);
  const [restored] = await namesOf(`${server.url}/names/c`);
  assertEquals([restored?.runs, restored?.last.map(({ kept }) => kept)], [2, [true, true]]);
});

Deno.test("Names.list() filters by name and time, and refuses other filters", async () => {
  await using server = start();
  for (const name of ["echo", "fails"]) await run(`${server.url}/tasks/c`, name, { id: name });
  const found = async (query: string) =>
    (await namesOf(`${server.url}/names/c?${query}`)).map(({ name }) => name);
  assertEquals(await found("name=e*"), ["echo"]);
  assertEquals(await found("since=1h"), ["echo", "fails"]);
  assertEquals(await found("until=1h"), []);
  assertEquals(await found("since=&until="), ["echo", "fails"]);
  for (const query of ["tag=x", "page=2", "since=soon", "name=a&name=b"]) {
    const answer = await call("GET", `${server.url}/names/c?${query}`);
    assertProblem(answer, 400, "bad_filter");
    assertStringIncludes(answer.json.detail, `"${query.slice(0, query.indexOf("="))}"`);
  }
});

Deno.test("Names.list() returns an empty list for an unknown client, and responds only to its own path and methods", async () => {
  await using server = start();
  assertEquals(await namesOf(`${server.url}/names/nobody`), []);
  assertEquals(server.monitor.registry.clients(), []);
  for (const path of ["/names", "/names/", "/names/c/x"]) {
    assertEquals((await call("GET", server.url + path)).status, path === "/names/" ? 400 : 404, path);
  }
  assertEquals((await call("POST", `${server.url}/names/c`)).headers.get("allow"), "GET, HEAD");
  // The path /names does not prevent a task from having the id "names".
  await run(`${server.url}/tasks/c`, "echo", { id: "names" });
  assertEquals((await call("GET", `${server.url}/tasks/c/names`)).json.id, "names");
});

Deno.test("Names.list() computes equal requests once, and refuses more than 20 others that wait", async () => {
  await using server = start();
  await run(`${server.url}/tasks/c`, "echo", { id: "e1" });
  // The handler gets all requests in the same turn, so no response is sent before the last request arrives.
  const statuses = async (paths: readonly string[]) => {
    const answers = paths.map((path) => server.monitor.fetch(new Request(server.url + path)));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  const others = Array.from({ length: 30 }, (_, index) => `/names/c?name=${index}`);
  assertEquals(await statuses(others), others.map((_, index) => index < 20 ? 200 : 503));
  assertEquals(await statuses(others.map(() => "/names/c")), others.map(() => 200));
});
