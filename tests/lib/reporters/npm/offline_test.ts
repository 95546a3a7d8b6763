/** Tests that a program in Node needs bounded memory while its server is down. */

import { assertEquals, assertLess } from "../../../support/assert.ts";
import { freePort } from "../../../support/free_port.ts";
import { JobFolder } from "../../../support/job_folder.ts";
import { installPackage } from "../../../support/npm_package.ts";
import { spawn } from "../../../support/program.ts";

/**
 * Runs more tasks than the reporter keeps while there is no server, and prints by how much the number of
 * objects grew during the last of them.
 */
const PROGRAM = `
import { queryObjects } from "node:v8";
import { monitored } from "taskscope";

const held = () => queryObjects(Object, { format: "count" });
const work = monitored(async (task, updates) => {
  for (let n = 0; n < updates; n++) await task.update({ current: n, status: "at " + n });
}, { name: "work" });
for (let n = 0; n < 9_999; n++) await work(1);
const before = held();
await work(100_000);
for (let n = 0; n < 500; n++) await work(1);
console.log(held() - before);
`;

Deno.test("taskscope in Node: keeps ten thousand tasks while there is no server, and no data of further tasks", async () => {
  using folder = new JobFolder();
  await installPackage(folder.path);
  folder.write("job.mjs", PROGRAM);
  const url = `http://127.0.0.1:${freePort()}`;
  await using job = spawn("node", ["--no-warnings", "job.mjs"], {
    cwd: folder.path,
    env: { TASKSCOPE_SERVER: url },
  });
  const { code, stdout, stderr } = await job.ended();
  const warnings = [
    `[taskscope] No server answers at ${url}, so tasks run unmonitored until one does\n`,
    `[taskscope] 10000 tasks already wait for ${url}, so further tasks run unmonitored\n`,
  ];
  assertEquals([code, stderr], [0, warnings.join("")]);
  assertLess(Number(stdout), 500);
});
