/** Tests what a hub keeps in memory for a watcher that has received its first messages. */

import { assertEquals, assertLess } from "../../support/assert.ts";
import { runMemoryProgram } from "../../support/memory_program.ts";

/** The program's watchers receive a state of 160 kB, or a task of 16 kB. */
const MAX_BYTES = 5_000;

Deno.test("a watcher keeps no memory for its first messages once they are sent", async () => {
  const bytesByKind = await runMemoryProgram<Readonly<Record<string, number>>>(
    new URL("standing_watchers.ts", import.meta.url),
  );
  const kinds = Object.entries(bytesByKind);
  assertEquals(kinds.length, 12);
  for (const [kind, bytes] of kinds) assertLess(bytes, MAX_BYTES, `a watcher of ${kind}`);
});
