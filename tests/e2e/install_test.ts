/** Tests of the tasks that make a command of the program: `deno task install` and `deno task compile`. */

import { fileURLToPath } from "node:url";
import { VERSION } from "../../lib/version.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { freePort } from "../support/free_port.ts";
import { JobFolder } from "../support/job_folder.ts";
import { spawn } from "../support/program.ts";
import { Variable } from "../support/variable.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("deno task install: the command works in the folder of its caller", async () => {
  const root = await Deno.makeTempDir({ prefix: "taskscope-install-" });
  const folder = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    await using install = spawn(Deno.execPath(), ["task", "install"], { env: { DENO_INSTALL_ROOT: root } });
    assertEquals((await install.ended()).code, 0, install.stderr);
    const command = `${root}/bin/taskscope`;
    await using version = spawn(command, ["--version"], { cwd: folder });
    assertStringIncludes((await version.ended()).stdout, `taskscope ${VERSION}`);

    await using server = spawn(command, ["--port", "0", "--data", "tasks.db"], { cwd: folder });
    const [url] = await server.output(/http:\/\/127\.0\.0\.1:\d+/);
    const page = await fetch(`${url}/t/default`);
    assertMatch(await page.text(), /<title>.*Taskscope/);
    await using run = spawn(command, ["run", "--server", url, "--", "sh", "-c", "pwd; exit 3"], {
      cwd: folder,
    });
    const { code, stdout } = await run.ended();
    assertEquals([code, stdout], [3, `${await Deno.realPath(folder)}\n`]);
    await Deno.stat(`${folder}/tasks.db`);
  } finally {
    for (const path of [root, folder]) await Deno.remove(path, { recursive: true });
  }
});

Deno.test("deno task compile: a failed download of Deno's runtime is an error of one line", async () => {
  using _runtime = new Variable("DENORT_BIN");
  using folder = new JobFolder();
  await folder.sharePackages();
  const permissions = ["--no-prompt", "--allow-read", "--allow-env=TASKSCOPE_COMPILE_DENO", "--allow-run"];
  const tool = fileURLToPath(new URL(".tools/compile.ts", ROOT));
  const args = ["--output", `${folder.path}/taskscope`];
  // The address of a proxy that does not exist.
  const env = { HTTPS_PROXY: `http://127.0.0.1:${freePort()}`, NO_PROXY: "" };
  await using compile = folder.deno(["run", ...permissions, tool, ...args], { env });
  const { code, stdout, stderr } = await compile.ended();
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^Cannot compile: Deno could not download its runtime, https:\S+\/denort-\S+\.zip; allow .+\n$/,
  );
});
