/** Tests what the last lines of a command's output say about a failure. */

import { LastOutput } from "../../../../lib/cli/run/last_output.ts";
import { assertEquals } from "../../../support/assert.ts";

/** The heading and the frames of one goroutine in the dump of a crash. */
function goroutine(number: number): string[] {
  return [`goroutine ${number} [chan receive]:`, "main.work(0x1)", `\t/work.go:${number} +0x45`];
}

function pushAll(output: LastOutput, lines: readonly string[]): void {
  for (const line of lines) output.push("stderr", line);
}

Deno.test("LastOutput takes lines of stdout only if there was no error output, and one of them names an error", () => {
  const output = new LastOutput("stderr");
  for (let line = 1; line <= 30; line++) output.push("stdout", `> line ${line}`);
  assertEquals(output.failure(), { reason: null, stack: null });
  output.push("stdout", "  2 tests failed  ");
  const { reason, stack } = output.failure();
  assertEquals([reason, stack?.split("\n").length, stack?.split("\n")[0]], [
    "2 tests failed",
    20,
    "> line 12",
  ]);
  output.push("stderr", "no such file");
  assertEquals(output.failure(), { reason: "no such file", stack: "no such file" });
});

Deno.test("LastOutput takes lines of stdout if the error output says no more than that something has failed", () => {
  const output = new LastOutput("stderr");
  pushAll(output, ["warning package.json: No license field", "error Command failed with exit code 1."]);
  assertEquals(output.failure().reason, "error Command failed with exit code 1.");
  // As printed by the compiler of TypeScript, run by yarn.
  output.push("stdout", "a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.");
  output.push(
    "stdout",
    "info Visit the website for documentation about this command.",
  );
  assertEquals(
    output.failure().reason,
    "a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.",
  );
});

Deno.test("LastOutput keeps the first line of the latest crash, however many goroutines its dump has", () => {
  const output = new LastOutput("stderr");
  pushAll(output, ["panic: an earlier one, which the program survived", ...goroutine(1)]);
  for (let line = 1; line <= 500; line++) output.push("stderr", `line ${line}`);
  assertEquals(output.failure().reason, "line 500");
  pushAll(output, ["fatal error: all goroutines are asleep - deadlock!", ""]);
  for (let number = 1; number <= 200; number++) pushAll(output, goroutine(number));
  const { reason, stack } = output.failure();
  assertEquals(reason, "fatal error: all goroutines are asleep - deadlock!");
  assertEquals(stack?.split("\n")[0], reason);
  assertEquals(stack!.split("\n").length, 100);
});
