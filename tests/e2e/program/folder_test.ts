/** Tests of the folder that a command acts in. */

import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { EXECUTABLE, runProgram, spawn } from "../../support/program.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** Older Deno rejects the key "test" of `deno.json`, so it can't run its tasks. */
const RUNS_TASKS = Number(Deno.version.deno.split(".")[1]) >= 8 && EXECUTABLE === undefined;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  // The path of a folder that is not a symbolic link, as pwd(1) prints it.
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "taskscope-" }));
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "main: from a clone, `deno task start` acts in the folder that it was called from",
  ignore: !RUNS_TASKS,
  async fn() {
    await withFolder(async (folder) => {
      // Deno keeps the INIT_CWD of a surrounding task, such as that of the tests.
      const args = [
        "-u",
        "INIT_CWD",
        Deno.execPath(),
        "task",
        "--quiet",
        "--config",
        `${ROOT}deno.json`,
        "start",
      ];
      const pwd = ["run", "--quiet", "--", "pwd"];
      const ended = await spawn("env", [...args, ...pwd], { cwd: folder }).ended();
      assertEquals(ended, { code: 0, stdout: `${folder}\n`, stderr: "" });
      const printenv = ["run", "--quiet", "--", "printenv", "PWD"];
      assertEquals(
        (await spawn("env", [...args, ...printenv], { cwd: folder }).ended()).stdout,
        `${folder}\n`,
      );
      await Deno.writeTextFile(`${folder}/mine.js`, "export const answer = 42;");
      const { stderr } = await spawn("env", [...args, "--tasks", "./mine.js"], { cwd: folder }).ended();
      assertStringIncludes(stderr, 'Cannot load --tasks "./mine.js": it exports no function');
    });
  },
});

Deno.test("main: outside of `deno task start`, a command acts in the working directory, whatever INIT_CWD is", async () => {
  await withFolder(async (folder) => {
    const options = { cwd: folder, env: { INIT_CWD: "/" } };
    assertEquals((await runProgram(["run", "--quiet", "--", "pwd"], options)).stdout, `${folder}\n`);
  });
});

Deno.test("main: -C changes the folder that a command acts in, and an empty name does not change it", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    const pwd = async (...args: string[]) =>
      await runProgram([...args, "run", "--quiet", "--", "pwd"], { cwd: folder });
    assertEquals((await pwd("-C", "a")).stdout, `${folder}/a\n`);
    assertEquals((await pwd("-C", "a", "-C", "b")).stdout, `${folder}/a/b\n`);
    assertEquals((await pwd("-C", "")).stdout, `${folder}\n`);
    const missing = await pwd("-C", "none");
    assertEquals([missing.code, missing.stdout], [2, ""]);
    assertStringIncludes(missing.stderr, 'taskscope: Cannot run in the folder "none": ');
    const alone = await runProgram(["-C"]);
    assertEquals([alone.code, alone.stderr], [2, "taskscope: -C needs a folder\n"]);
  });
});
