/**
 * Runs programs that measure what stays in memory.
 *
 * @module
 */

import { assertEquals } from "./assert.ts";

/**
 * Runs a program whose `gc()` collects all garbage, in a process of its own, because other tests would disturb the
 * measurement.
 *
 * @param program the program
 * @param permissions its permissions, as arguments of `deno run`
 * @returns the JSON that the program prints
 */
export async function runMemoryProgram<Printed>(
  program: URL,
  permissions: readonly string[] = [],
): Promise<Printed> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--v8-flags=--expose-gc", ...permissions, program.href],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([text(stderr), code], ["", 0]);
  return JSON.parse(text(stdout));
}
