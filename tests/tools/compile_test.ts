import { compileArgs, failureOf, parseCompile, TARGETS, WORKERS } from "../../.tools/compile.ts";
import { startFlags } from "../../.tools/start_flags.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../support/assert.ts";
import { readSources } from "../support/sources.ts";

Deno.test("WORKERS lists every worker module", async () => {
  const sources = await readSources(["main.ts", "lib"]);
  assertEquals([...sources.keys()].filter((path) => path.endsWith("_worker.ts")).sort(), [...WORKERS].sort());
});

Deno.test("parseCompile() names the executable with .exe on Windows", () => {
  assertEquals(parseCompile([], "linux"), { output: "taskscope", target: null });
  assertEquals(parseCompile([], "windows"), { output: "taskscope.exe", target: null });
  const outputs = TARGETS.map((target) => parseCompile(["--target", target], "linux").output);
  assertEquals(outputs.filter((output) => output === "taskscope.exe").length, 1);
  assertEquals(parseCompile(["--output=a b", "--target", TARGETS[4]], "linux"), {
    output: "a b",
    target: TARGETS[4],
  });
});

Deno.test("parseCompile() throws for unknown targets and flags", () => {
  const message = assertThrows(() => parseCompile(["--target", "sparc"], "linux"), RangeError).message;
  assertStringIncludes(message, `--target must be one of ${TARGETS[0]}, `);
  assertStringIncludes(message, 'received "sparc"');
  for (const args of [["--outptu", "a"], ["--output"], ["a"]]) {
    assertThrows(() => parseCompile(args, "linux"), TypeError);
  }
});

Deno.test("compileArgs() grants exactly the permissions of `deno task start`", async () => {
  const flags = await startFlags();
  const args = compileArgs({ output: "a b", target: TARGETS[1] }, flags);
  assertEquals(
    args.filter((arg) => arg.startsWith("--allow-")),
    flags.filter((flag) => /^--allow-/.test(flag)),
  );
  for (const wanted of [...flags, "--no-prompt", TARGETS[1], "a b", ...WORKERS]) {
    assert(args.includes(wanted));
  }
  assert(!args.some((arg) => /^(-A|--allow-all|--allow-(env|sys|ffi))$/.test(arg)));
  assertEquals(args.at(-1), "main.ts");
});

Deno.test("release.yml compiles an executable for each target", async () => {
  const release = new URL("../../.github/workflows/release.yml", import.meta.url);
  const [, targets] = /for target in (.+); do/.exec(await Deno.readTextFile(release)) ?? [];
  assertEquals(targets?.split(" "), [...TARGETS]);
});

Deno.test("failureOf() returns other errors of Deno unchanged", () => {
  const output = "error: Opening temporary file\n\nCaused by:\n    Permission denied\n";
  assertEquals(failureOf(output), output.trim());
});

for (const task of ["dev", "install"]) {
  Deno.test(`\`deno task ${task}\` grants exactly the permissions of \`deno task start\``, async () => {
    const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
    const command: string = tasks[task].command;
    const flags = command.slice(command.lastIndexOf(" deno ") + 1).match(
      /--allow-\S+|'--allow-[^']+'|--v8-flags\S+/g,
    );
    const granted = flags?.map((flag) => flag.replaceAll("'", "")).sort();
    assertEquals(granted, (await startFlags()).filter((flag) => flag !== "--no-prompt").sort());
    assertStringIncludes(command, "--no-prompt");
  });
}
