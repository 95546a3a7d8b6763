/** Tests what the lines of a log keep in memory. */

import { assertEquals, assertLess } from "../../../support/assert.ts";
import { runMemoryProgram } from "../../../support/memory_program.ts";

Deno.test("linesOfText() returns lines that do not keep the text in memory", async () => {
  const { lines, bytes } = await runMemoryProgram<{ readonly lines: number; readonly bytes: number }>(
    new URL("kept_lines.ts", import.meta.url),
  );
  assertEquals(lines, 100);
  assertLess(bytes, 50_000);
});
