/** Tests of a server that shares its isolate or its process with other code. */

import { assert, assertEquals, assertGreater } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { startProgram } from "../support/program.ts";
import { startServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { testSource } from "../support/test_source.ts";

const UPDATES = 1_000_000;

const TASKS = `
export async function tight_loop(task) {
  for (let n = 1; n <= ${UPDATES}; n++) await task.update({ current: n, total: ${UPDATES} });
  return "done";
}
`;

Deno.test("health: the server responds while a task in its isolate sends a million updates", async () => {
  const module = await Deno.makeTempFile({ prefix: "taskscope-", suffix: ".js" });
  try {
    await Deno.writeTextFile(module, TASKS);
    await using program = await startProgram(["--no-demo", "--tasks", module]);
    const { json } = await call("POST", `${program.url}/tasks/c/start/tight_loop`);
    const task = `${program.url}/tasks/c/${json.task_id}`;
    await using socket = new TestSocket(`${program.url}/ws/tasks/c/${json.task_id}`);
    const seen = new Set<number>();
    let state = "";
    while (state !== "FINISHED") {
      assertEquals((await call("GET", `${program.url}/healthz`)).status, 200);
      const { json } = await call("GET", task);
      assert(["STARTING", "PROCESSING", "FINISHED"].includes(json.state), json.state);
      ({ state } = json);
      if (json.current !== null) seen.add(json.current);
    }
    // The final state does not count, because it comes after the loop.
    assertGreater(seen.size, 1, "the server did not respond during the loop");
    assertEquals((await socket.closed()).code, 1000);
    const last = await socket.task(json.task_id, ({ state }) => state === "FINISHED");
    assertEquals([last.current, last.result], [UPDATES, "done"]);
    assertGreater(socket.messages.length, 2, "the socket received nothing during the loop");
    assertEquals(program.process.stderr, "");
  } finally {
    await Deno.remove(module);
  }
});

testSource("health: two monitors in one process do not share tasks", async () => {
  await using first = startServer({ tasks: { same: () => 1 } });
  await using second = startServer({ tasks: { same: () => 2 } });
  await using socket = new TestSocket(`${second.url}/ws/tasks/c`);
  await socket.count(1);
  const own = { first: first.monitor.monitored(() => "own"), second: second.monitor.monitored(() => "own") };
  await own.first.with({ client: "c", id: "own" })();
  await call("POST", `${first.url}/tasks/c/start/same`, { body: { id: "same" } });
  assertEquals((await call("GET", `${second.url}/tasks/c`)).json.all_tasks, {});
  assertEquals(second.monitor.registry.clients(), []);

  await call("POST", `${second.url}/tasks/c/start/same`, { body: { id: "same" } });
  await own.second.with({ client: "c", id: "own" })();
  await socket.task("own", ({ state }) => state === "FINISHED");
  assert(socket.messages.every(({ all_tasks }) => (all_tasks?.same?.result ?? 2) === 2));
  const results = await Promise.all([first, second].map(async ({ url }) => {
    return (await call("GET", `${url}/tasks/c/same`)).json.result;
  }));
  assertEquals(results, [1, 2]);
  await call("DELETE", `${first.url}/tasks/c?state=FINISHED`);
  assertEquals(second.monitor.registry.tasks("c").length, 2);
  assertEquals([...first.errors, ...second.errors], []);
});
