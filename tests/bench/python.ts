/**
 * Measures how much time a Python program spends in `task.update()`, compared with an empty method.
 *
 * @module
 */

import { runPython } from "../support/python.ts";
import type { Figure } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";

/** The keywords of the measured calls, with values that change in each call. */
const CALLS = [
  "current=n",
  "progress=n % 100",
  "progress=n % 100, status='busy'",
  "current=n, total=1_000_000, status='busy', unit='B'",
];

/** Prints the nanoseconds per call of the process: of `update()`, and of a method with the same parameters. */
const SOURCE = `
import sys, time, timeit, taskscope

class Empty:
    def update(self, progress=None, status=None, *, current=None, total=None, unit=None, metadata=None, values=None): pass

CALLS, ROUNDS = 200_000, 7
def nanoseconds(target, keywords):
    statement = f"for n in numbers: target.update({keywords})"
    names = {"target": target, "numbers": range(CALLS)}
    return timeit.timeit(statement, globals=names, number=1, timer=time.process_time) * 1e9 / CALLS

with taskscope.task("bench") as task:
    for keywords in sys.argv[1:]:
        pairs = [(nanoseconds(task, keywords), nanoseconds(Empty(), keywords)) for _ in range(ROUNDS)]
        # The fastest round is the one that other processes disturbed least.
        print(*map(min, zip(*pairs)))
`;

/** Measures the processor time per update, that of the background thread included. */
export async function benchPython(): Promise<Figure[]> {
  await using remote = await startMonitor();
  const server = `http://127.0.0.1:${remote.port}`;
  const { code, stdout, stderr } = await runPython(SOURCE, { server, args: CALLS, flags: [] });
  if (code !== 0 || stderr !== "") throw new Error(`Cannot measure: ${stderr}`);
  return stdout.trim().split("\n").map((line, index) => {
    const [ours, bare] = line.split(" ").map(Number) as [number, number];
    return {
      name: `Python: task.update(${CALLS[index]}) vs an empty method`,
      unit: "ns/call",
      ours,
      bare,
      ratio: ours / bare,
      target: { of: "ratio", atMost: 15 },
    };
  });
}
