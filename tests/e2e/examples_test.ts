/** Tests of the example programs, each run from its own folder. */

import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { call } from "../support/calls.ts";
import { spawn } from "../support/program.ts";
import { TestSocket } from "../support/socket.ts";

Deno.test("examples/embed: the monitor works below a path of another server", async () => {
  const cwd = new URL("../examples/embed/", import.meta.url);
  const flags = ["--no-prompt", "--allow-net=127.0.0.1"];
  await using example = spawn(Deno.execPath(), ["run", ...flags, "main.ts", "0"], { cwd });
  const [, base] = await example.output(/(http:\/\/127\.0\.0\.1:\d+)/, "stderr").catch(() => {
    // Older versions of Deno print the address to stdout.
    return example.output(/(http:\/\/127\.0\.0\.1:\d+)/);
  });
  const monitor = `${base}/monitor`;

  assertEquals((await call("GET", `${base}/`)).text, "The shop");
  const home = await call("GET", `${monitor}/`);
  assertEquals(home.status, 303);
  const page = await call("GET", `${base}${home.headers.get("location")}`);
  assertEquals(page.status, 200);
  assertStringIncludes(page.text, "import_orders");
  for (const [, asset] of page.text.matchAll(/(?:src|href)="(\/monitor\/assets\/[^"]+)"/g)) {
    assertEquals((await call("GET", `${base}${asset}`)).status, 200, asset);
  }

  await using socket = new TestSocket(`${monitor}/ws/tasks/shop`);
  await socket.count(1);
  assertEquals((await call("POST", `${base}/import`)).json, { imported: 5 });
  const { json } = await call("GET", `${monitor}/tasks/shop`);
  const [task] = Object.values<{ id: string; name: string; state: string; result: number }>(json.all_tasks);
  assertEquals([task!.name, task!.state, task!.result], ["nightly import", "FINISHED", 5]);
  const seen = await socket.task(task!.id, ({ state }) => state === "FINISHED");
  assertEquals(seen.total, 5);

  const started = await call("POST", `${monitor}/tasks/shop/start/import_orders`, { body: { args: [2] } });
  assertEquals(started.status, 202);
  await socket.task(started.json.task_id, ({ state, result }) => state === "FINISHED" && result === 2);
  const stranger = await call("GET", `${monitor}/tasks/shop`, { headers: { "x-user": "stranger" } });
  assertEquals(stranger.status, 403);

  example.kill("SIGTERM");
  assertEquals((await example.ended()).code, 0);
  assert((await socket.closed()).code === 1001);
});
