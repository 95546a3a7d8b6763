/** Follows the guide on reporting word for word: its files, its commands, in a folder of a user. */

import { EMBEDDING_CONFIG, EMBEDDING_SERVER } from "../../ui/server/embedding_docs.tsx";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { freePort } from "../support/free_port.ts";
import { JobFolder } from "../support/job_folder.ts";
import { untilLive } from "../support/live.ts";
import { startProgram } from "../support/program.ts";
import { testSource } from "../support/test_source.ts";

const ROOT = new URL("../../", import.meta.url);
const GUIDE = await Deno.readTextFile(new URL(".github/guides/reporting.md", ROOT));
const README = await Deno.readTextFile(new URL("README.md", ROOT));

/** Returns a code block of a section, by the order in its language. */
function block(document: string, heading: string, language: string): string {
  const section = document.slice(document.indexOf(`\n${heading}\n`));
  const [, text] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section)!;
  return text!;
}

/** Returns the arguments of the command `deno` in a code block. */
function argumentsOf(text: string): string[] {
  const [, line] = /^deno ([^#\n]+)/m.exec(text)!;
  return line!.trim().split(" ");
}

for (const hasPackageJson of [false, true]) {
  const where = hasPackageJson ? ", also next to a package.json" : "";
  Deno.test(`guide: a server of one's own embeds the monitor from a clone next to it${where}`, async () => {
    const port = freePort();
    using folder = new JobFolder();
    await folder.sharePackages();
    const clone = relative(await Deno.realPath(folder.path), fileURLToPath(ROOT));
    const config = JSON.parse(block(GUIDE, "## In your server", "json").replace("../taskscope", clone));
    if (hasPackageJson) {
      folder.write("package.json", '{ "name": "shop" }');
      config.nodeModulesDir = "auto";
    }
    folder.write("deno.json", JSON.stringify(config));
    folder.write("main.ts", block(GUIDE, "## In your server", "ts").replace("8080", `${port}`));
    await using server = folder.deno(argumentsOf(block(GUIDE, "## In your server", "sh")));
    const url = `http://127.0.0.1:${port}`;
    await server.output(/Listening on/, "stderr");

    assertEquals((await call("GET", `${url}/`)).text, "my own page");
    await withPage({}, async ({ page, complaints }) => {
      await page.goto(`${url}/monitor`);
      await untilLive(page);
      assertEquals((await call("GET", `${url}/import`)).json, 50);
      const row = page.getByTestId("ended").locator("li[data-task-id]");
      assertMatch(await row.innerText(), /import orders/);
      assertEquals(complaints, []);
    });
  });
}

testSource("guide: the API reference embeds the monitor with the same lines", () => {
  assertEquals(EMBEDDING_CONFIG, block(GUIDE, "## In your server", "json"));
  assertEquals(EMBEDDING_SERVER, block(GUIDE, "## In your server", "ts"));
});

Deno.test("guide: a program with a copy of the module starts on a machine with an empty cache while no server runs", async () => {
  using folder = new JobFolder();
  let source: string;
  {
    await using program = await startProgram(["--no-demo"]);
    const local = (text: string) => text.replaceAll("127.0.0.1:8000", new URL(program.url).host);
    source = local(block(README, "## Report", "ts"));
    folder.write("hash.ts", source);
    folder.write("deno.json", block(GUIDE, "### Without the server", "json"));
    const args = argumentsOf(local(block(GUIDE, "### Without the server", "sh")));
    await using copy = folder.deno(args);
    assertEquals((await copy.ended()).code, 0, copy.stderr);
    await using run = folder.deno(argumentsOf(local(block(README, "## Report", "sh"))));
    assertEquals((await run.ended()).code, 0, run.stderr);
    const { json } = await call("GET", `${program.url}/tasks/default`);
    const [task] = Object.values<{ name: string; state: string }>(json.all_tasks);
    assertEquals([task!.name, task!.state], ["hash", "FINISHED"]);
  }
  using other = new JobFolder();
  await Deno.rename(`${folder.path}/vendor`, `${other.path}/vendor`);
  for (const name of ["hash.ts", "deno.json"]) {
    await Deno.copyFile(`${folder.path}/${name}`, `${other.path}/${name}`);
  }
  const host = /127\.0\.0\.1:\d+/.exec(source)![0];
  const readme = block(README, "## Report", "sh").replaceAll("127.0.0.1:8000", host);
  await using run = other.deno(argumentsOf(readme));
  const { code, stdout, stderr } = await run.ended();
  assertEquals([code, stdout], [0, "{ files: 4 }\n"], stderr);
  assertStringIncludes(stderr, `No server answers at http://${host}`);
  await using check = other.deno(["check", `--allow-import=${host}`, "hash.ts"]);
  assertEquals((await check.ended()).code, 0, check.stderr);
});
