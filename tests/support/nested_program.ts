/**
 * A program that reports itself as a task, for tests of nesting: it counts to 4, and waits for a file after the first
 * step.
 *
 * @module
 */

import { monitored } from "../../lib/monitored.ts";

const [file = ""] = Deno.args;

const count = monitored(async (task) => {
  await task.update({ current: 1, total: 4 });
  while (!await exists(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  await task.update({ current: 4 });
}, { name: "count", id: "count" });

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

await count();
