import {
  descendantsOf,
  listProcesses,
  parseProcesses,
  signalProcess,
} from "../../../../lib/cli/run/processes.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { spawn } from "../../../support/program.ts";
import { findTool } from "../../../support/tools.ts";

Deno.test("parseProcesses() reads lines of three numbers, and skips invalid lines", () => {
  assertEquals(parseProcesses("    1     0     1\n 4242    1  4240\n\nnonsense\n 7 8\n"), [
    { pid: 1, parent: 0, group: 1 },
    { pid: 4242, parent: 1, group: 4240 },
  ]);
});

Deno.test("descendantsOf() finds only the children of a process and their descendants", () => {
  const processes = [[1, 0], [2, 1], [3, 2], [4, 3], [5, 2], [6, 1], [7, 6]];
  const list = processes.map(([pid, parent]) => ({ pid: pid!, parent: parent!, group: 1 }));
  const pids = (root: number) => descendantsOf(root, list).map(({ pid }) => pid);
  assertEquals(pids(2), [3, 5, 4]);
  assertEquals(pids(7), []);
  assertEquals(pids(99), []);
  // This list of processes has a cycle.
  const circle = [{ pid: 1, parent: 2, group: 1 }, { pid: 2, parent: 1, group: 1 }];
  assertEquals(descendantsOf(1, circle).map(({ pid }) => pid), [2]);
});

Deno.test("listProcesses() lists the children of this process", async () => {
  if (await findTool(["ps"], "The test of listProcesses()") === undefined) return;
  await using child = spawn("sleep", ["60"]);
  const found = descendantsOf(Deno.pid, await listProcesses());
  assert(found.some(({ pid }) => pid === child.pid));
  signalProcess(child.pid, "SIGTERM");
  assertEquals((await child.ended()).code, 143);
  signalProcess(child.pid, "SIGTERM");
});
