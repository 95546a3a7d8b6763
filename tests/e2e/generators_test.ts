/** Tests of monitored generators with the built module, in Node, in Deno and in a real browser. */

import { fileURLToPath } from "node:url";
import { assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { spawn, startProgram } from "../support/program.ts";
import { shown } from "../support/remote_task.ts";
import { StaticHost } from "../support/static_host.ts";

const MODULE = new URL("../../lib/dist/monitored.js", import.meta.url);
const PROGRAM = new URL("../support/generators.mjs", import.meta.url);
const LAST = new URL("../support/last_generator.mjs", import.meta.url);

/** The values and errors that the program records of its generators, as JSON. */
const SEEN = [[1, 2, 3], 2, 4, { done: true }, "into it", "AbortError", 1];

/** Checks that a server has the tasks of all generators of the program. */
async function assertReported(server: string): Promise<void> {
  for (
    const [id, wanted] of [["last", "FINISHED"], ["left", "FINISHED"], ["failing", "ERROR"], [
      "cancelled",
      "CANCELLED",
    ]] as const
  ) {
    await shown(server, { client: "default", id }, ({ state }) => state === wanted);
  }
  const { json } = await call("GET", `${server}/tasks/default`);
  const tasks = Object.values(json.all_tasks) as Record<string, unknown>[];
  const ended = tasks.map(({ name, state, result }) => JSON.stringify([name, state, result])).sort();
  assertEquals(ended, [
    '["async","ERROR",null]',
    '["async","FINISHED",null]',
    '["sync","CANCELLED",null]',
    '["sync","FINISHED",[["to",1]]]',
    '["sync","FINISHED",[["to",3]]]',
    '["sync","FINISHED",null]',
  ]);
}

const RUNTIMES: Readonly<Record<string, readonly [command: string, args: readonly string[]]>> = {
  Node: ["node", []],
  Deno: [Deno.execPath(), ["run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read"]],
};

for (const [runtime, [command, args]] of Object.entries(RUNTIMES)) {
  Deno.test(`monitored() in ${runtime}: generators behave like the original ones, and are reported`, async () => {
    await using program = await startProgram(["--no-demo"]);
    await using process = spawn(command, [...args, fileURLToPath(PROGRAM), MODULE.href, program.url]);
    const { code, stdout, stderr } = await process.ended();
    assertEquals([code, stderr], [0, ""]);
    assertEquals(JSON.parse(stdout), SEEN);
    await assertReported(program.url);
  });

  Deno.test(`monitored() in ${runtime}: the end of a sync generator is reported before the program exits`, async () => {
    await using program = await startProgram(["--no-demo"]);
    await using process = spawn(command, [...args, fileURLToPath(LAST), MODULE.href, program.url]);
    const { code, stderr } = await process.ended();
    assertEquals([code, stderr], [0, ""]);
    const { json } = await call("GET", `${program.url}/tasks/default/last`);
    assertEquals([json.state, json.result], ["FINISHED", "counted"]);
  });
}

Deno.test("monitored() in a page: generators behave like the original ones, and are reported", async () => {
  await using host = new StaticHost();
  await using program = await startProgram(["--no-demo", "--allow-origin", host.origin]);
  host.files.set("/generators.mjs", { body: await Deno.readTextFile(PROGRAM), type: "text/javascript" });
  host.files.set("/", { body: "<!doctype html><title>Elsewhere</title>", type: "text/html" });
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(host.origin);
    const seen = await page.evaluate(async (server) => {
      const { monitored } = await import(`${server}/monitored.js`);
      const { iterate } = await import(`${location.origin}/generators.mjs`);
      return JSON.stringify(await iterate(monitored, server));
    }, program.url);
    assertEquals(JSON.parse(seen), SEEN);
    await assertReported(program.url);
    assertEquals(complaints, []);
  });
});
