/**
 * Registers tests that can't differ between the source and the executable.
 *
 * @module
 */

import { assertEquals } from "./assert.ts";
import { EXECUTABLE, programStarts } from "./program.ts";

/**
 * Registers a test that starts no program: it runs the source in its own process, so it is left out when the tests run
 * against the executable.
 *
 * @param name the name of the test
 * @param run the test, which fails if it starts the program
 */
export function testSource(name: string, run: () => void | Promise<void>): void {
  Deno.test({
    name,
    ignore: EXECUTABLE !== undefined,
    async fn() {
      const before = programStarts();
      await run();
      assertEquals(programStarts(), before, "the test starts the program, so the executable needs it, too");
    },
  });
}
