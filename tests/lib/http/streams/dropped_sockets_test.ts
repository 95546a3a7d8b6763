/** Tests what a server keeps in memory for sockets whose peers have disconnected. */

import { assertEquals, assertLess } from "../../../support/assert.ts";
import { runMemoryProgram } from "../../../support/memory_program.ts";

/** The first message of a watcher of the program's tasks has 160 kB. In Deno alone, a dropped socket takes 3.5 kB. */
const MAX_BYTES = 10_000;

Deno.test("a socket whose peer has disconnected keeps neither messages nor tasks in memory", async () => {
  const program = new URL("dropped_sockets.ts", import.meta.url);
  const bytes = Object.entries(await runMemoryProgram<Record<string, number>>(program, ["--allow-net"]));
  assertEquals(bytes.length, 4);
  for (const [path, taken] of bytes) assertLess(taken, MAX_BYTES, path);
});
