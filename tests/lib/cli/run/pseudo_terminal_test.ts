import fc from "fast-check";
import { inPseudoTerminal, shellQuote } from "../../../../lib/cli/run/pseudo_terminal.ts";
import { assertEquals } from "../../../support/assert.ts";
import { spawn } from "../../../support/program.ts";

const COMMAND = ["make", "all", "a b", "it's"];

Deno.test("inPseudoTerminal() calls script(1) in the syntax of each platform", () => {
  const place = { hasTerminal: true, shell: "/bin/my shell" };
  assertEquals(inPseudoTerminal(COMMAND, { ...place, os: "linux" }), {
    program: "script",
    args: [
      "-qefc",
      `SHELL='/bin/my shell'; export SHELL; exec make all 'a b' 'it'\\''s'`,
      "/dev/null",
    ],
    env: { SHELL: "/bin/sh" },
  });
  assertEquals(inPseudoTerminal(COMMAND, { ...place, os: "darwin" }), {
    program: "script",
    args: ["-q", "/dev/null", ...COMMAND],
  });
  assertEquals(inPseudoTerminal(COMMAND, { ...place, os: "windows" }), null);
});

Deno.test("inPseudoTerminal() sets a default size if stdin is not a terminal", () => {
  const line = inPseudoTerminal(["a"], { os: "linux", hasTerminal: false, shell: undefined });
  assertEquals(line!.args[1], "stty cols 80 rows 24 -echo 2>/dev/null; exec a");
});

Deno.test("shellQuote() quotes words so that a shell passes them on unchanged", async () => {
  const unit = fc.constantFrom(..."ab'\"\\$`!*?~#&;|<>(){}[] \t\n=%,é😀");
  const words = fc.sample(fc.string({ unit, maxLength: 12 }), 200);
  const { stdout, code } = await spawn("sh", ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`])
    .ended();
  assertEquals([code, stdout.split("\0").slice(0, -1)], [0, words]);
});
