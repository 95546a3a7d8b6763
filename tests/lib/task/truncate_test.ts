import { truncate } from "../../../lib/task/truncate.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";
import { runMemoryProgram } from "../../support/memory_program.ts";

Deno.test("truncate() keeps a text that is not too long, and never splits the ellipsis off", () => {
  for (const text of ["", "abc", "\ud800ab"]) assertEquals(truncate(text, 3), text);
  assertEquals(truncate("abcd", 3), "ab…");
  assertEquals(truncate("\ud800abc", 3), "\ud800a…");
});

Deno.test("truncate() does not keep the long text in memory", async () => {
  const program = new URL("truncated_texts.ts", import.meta.url);
  const { bytes, count } = await runMemoryProgram<{ readonly bytes: number; readonly count: number }>(
    program,
  );
  assertEquals(count, 50);
  assertLess(bytes, 10 * 1024 * 1024);
});
