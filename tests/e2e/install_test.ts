/** Tests of `deno task compile`. */

import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { freePort } from "../support/free_port.ts";
import { JobFolder } from "../support/job_folder.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("deno task compile: a failed download of Deno's runtime is an error of one line", async () => {
  using folder = new JobFolder();
  await folder.sharePackages();
  const permissions = ["--no-prompt", "--allow-read", "--allow-env=TASKSCOPE_COMPILE_DENO", "--allow-run"];
  const tool = fileURLToPath(new URL(".tools/compile.ts", ROOT));
  const args = ["--output", `${folder.path}/taskscope`];
  // A proxy that nobody can reach.
  const env = { HTTPS_PROXY: `http://127.0.0.1:${freePort()}`, NO_PROXY: "" };
  await using compile = folder.deno(["run", ...permissions, tool, ...args], { env });
  const { code, stdout, stderr } = await compile.ended();
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^Cannot compile: Deno could not download its runtime, https:\S+\/denort-\S+\.zip; allow .+\n$/,
  );
});
