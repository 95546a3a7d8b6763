import {
  descendantsOf,
  listProcesses,
  parseProcesses,
  runsAmong,
  signalProcess,
} from "../../../../lib/cli/run/processes.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { spawn } from "../../../support/program.ts";
import { findTool } from "../../../support/tools.ts";

Deno.test("parseProcesses() reads the ids, finds the mark, and skips invalid lines and processes that have exited", () => {
  const text = [
    "    1     0     1 Ss   /sbin/init",
    " 4242    1  4240 S+   sleep 5 HOME=/ TASKSCOPE_RUN=outer,abc LANG=C",
    "",
    "nonsense abc",
    " 7 8",
    "   17     1    17 Z    [sh] <defunct>",
  ].join("\n");
  assertEquals(parseProcesses(text, "abc"), [
    { pid: 1, parent: 0, group: 1, isMarked: false, level: 0 },
    { pid: 4242, parent: 1, group: 4240, isMarked: true, level: 2 },
  ]);
  assertEquals(parseProcesses(text).map(({ isMarked }) => isMarked), [false, false]);
});

Deno.test("descendantsOf() finds only the children of a process and their descendants", () => {
  const processes = [[1, 0], [2, 1], [3, 2], [4, 3], [5, 2], [6, 1], [7, 6]];
  const list = processes.map(([pid, parent]) => ({
    pid: pid!,
    parent: parent!,
    group: 1,
    isMarked: false,
    level: 0,
  }));
  const pids = (root: number) => descendantsOf(root, list).map(({ pid }) => pid);
  assertEquals(pids(2), [3, 5, 4]);
  assertEquals(pids(7), []);
  assertEquals(pids(99), []);
  // This list of processes has a cycle.
  const circle = [[1, 2], [2, 1]].map(([pid, parent]) => ({
    pid: pid!,
    parent: parent!,
    group: 1,
    isMarked: false,
    level: 0,
  }));
  assertEquals(descendantsOf(1, circle).map(({ pid }) => pid), [2]);
});

Deno.test("runsAmong() finds the processes that start a nested `taskscope run`", () => {
  const line = (pid: number, parent: number, marks: string) =>
    `${pid} ${parent} 1 S sh -c "echo TASKSCOPE_RUN=a,b,c,d" HOME=/ ${marks && `TASKSCOPE_RUN=${marks}`} A=b`;
  const processes = parseProcesses([
    ...[line(2, 1, "a"), line(3, 2, "a"), line(4, 3, "a,b"), line(5, 4, "a,b"), line(6, 5, "a,b,c")],
    // The environment of the first process can't be read, the second one has removed the variable, and the
    // parent of the third one is not listed.
    ...["7 5 1 S sudo sh", "8 7 1 S sh TASKSCOPE_RUN=a", line(9, 99, "a,b")],
  ].join("\n"));
  assertEquals([...runsAmong(processes)], [3, 5]);
});

Deno.test("listProcesses() finds a process by a mark in its environment", async () => {
  if (await findTool(["ps"], "The test of listProcesses()") === undefined) return;
  const mark = crypto.randomUUID();
  await using child = spawn("sleep", ["60"], { env: { SOME: `other,${mark}` } });
  const marked = async () =>
    (await listProcesses(mark)).filter(({ isMarked }) => isMarked).map(({ pid }) => pid);
  // Wait, because between fork(2) and execve(2) the child still has the environment of this process.
  while ((await marked()).length === 0);
  assertEquals(await marked(), [child.pid]);
  signalProcess(child.pid, "SIGKILL");
  await child.ended();
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
