/** Tests the detection of the runtime and its permissions, in other Deno processes and in Node. */

import { canBuild } from "../../.tools/build.ts";
import { bundleModule } from "../../.tools/module.ts";
import { isNode, lacksEnvPermission, nodeModule, readVariable, unrefTimer } from "../../lib/environment.ts";
import { assertEquals } from "../support/assert.ts";
import { spawn } from "../support/program.ts";
import { Variable } from "../support/variable.ts";

/** Older versions of Deno can't bundle the module, so the tests that need a bundle are ignored. */
const ignore = !canBuild(Deno.version.deno);
const SOURCE = new URL("../../lib/environment.ts", import.meta.url);

/**
 * Runs code that imports the module in a separate process; returns the values that the code prints as JSON.
 */
async function evaluate(command: string, args: readonly string[], code: string): Promise<unknown> {
  const env = { TASKSCOPE_SERVER: "http://127.0.0.1:1", TASKSCOPE_CLIENT: "" };
  await using process = spawn(command, [...args, code], { env });
  const { code: status, stdout, stderr } = await process.ended();
  assertEquals([status, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test("readVariable() returns the value of a variable, or undefined if it is not set", () => {
  using variable = new Variable("TASKSCOPE_TEST");
  assertEquals(readVariable("TASKSCOPE_TEST"), undefined);
  for (const value of ["", "a value"]) {
    variable.value = value;
    assertEquals(readVariable("TASKSCOPE_TEST"), value);
  }
  assertEquals(lacksEnvPermission("TASKSCOPE_TEST"), false);
});

Deno.test("readVariable() never asks for a permission, and lacksEnvPermission() knows whether the user has decided", async () => {
  const code = `
    const { lacksEnvPermission, readVariable } = await import(${JSON.stringify(SOURCE.href)});
    console.log(JSON.stringify([readVariable("TASKSCOPE_SERVER") ?? null, lacksEnvPermission("TASKSCOPE_SERVER")]));
  `;
  const table: readonly (readonly [flag: string, outcome: unknown])[] = [
    ["--allow-read", [null, true]],
    ["--allow-env=HOME", [null, true]],
    ["--deny-env=HOME", [null, true]],
    ["--allow-env=TASKSCOPE_*", ["http://127.0.0.1:1", false]],
    ["--allow-env", ["http://127.0.0.1:1", false]],
    ["--deny-env", [null, false]],
    ["--ignore-env", [null, false]],
  ];
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  for (const [flag, outcome] of table) {
    // Without --no-prompt, a permission prompt would block in a terminal.
    const args = ["run", "--no-config", "--quiet", "--allow-import", flag];
    assertEquals(await evaluate(Deno.execPath(), args, module), outcome, flag);
  }
});

Deno.test("isNode() and nodeModule() do not take Deno, or a browser with a polyfill of process, for Node", {
  ignore,
}, async () => {
  assertEquals([isNode(), nodeModule("node:net")], [false, undefined]);
  const script = await bundleModule(SOURCE);
  const browser =
    `delete globalThis.Deno; globalThis.process = { env: { TASKSCOPE_SERVER: "no" }, versions: {} };`;
  const code = `${browser}${script}
    console.log(JSON.stringify([isNode(), nodeModule("node:net") ?? null, readVariable("TASKSCOPE_SERVER") ?? null]));`;
  // Keep `console.log`, because the evaluated code deletes globals of the runtime.
  const print = `const { log } = console;`;
  assertEquals(await evaluate(Deno.execPath(), ["eval", "--no-config"], print + code), [false, null, null]);
});

Deno.test(
  "Node's environment is read, its modules are found, and its timers are unref'd",
  { ignore },
  async () => {
    const script = await bundleModule(SOURCE);
    const code = `${script}
    // If the timer kept the process alive, the test would exceed its deadline.
    const timer = setTimeout(() => {}, 3_600_000);
    console.log(JSON.stringify([
      isNode(),
      readVariable("TASKSCOPE_SERVER"),
      readVariable("TASKSCOPE_CLIENT"),
      readVariable("TASKSCOPE_MISSING") ?? null,
      lacksEnvPermission("TASKSCOPE_SERVER"),
      netPermissionFor("http://127.0.0.1:1"),
      typeof nodeModule("node:net").connect,
      unrefTimer(timer) === timer,
    ]));`;
    const outcome = [true, "http://127.0.0.1:1", "", null, false, null, "function", true];
    assertEquals(await evaluate("node", ["--input-type=module", "--eval"], code), outcome);
  },
);

Deno.test("unrefTimer() returns a timer that still fires", async () => {
  const keeping = setTimeout(() => {}, 10_000);
  await new Promise<void>((resolve) => unrefTimer(setTimeout(resolve, 1)));
  clearTimeout(keeping);
});
