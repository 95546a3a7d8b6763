/**
 * Tests that each code block of /install works when it is pasted into a shell, and tests the page around the
 * blocks.
 */

import { KEY_BLOCK } from "../../ui/server/install_sections.ts";
import type { Task } from "../../lib/task/task.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { axeFindingsInLightAndDark } from "../support/axe.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { type Ended, spawn, startProgram } from "../support/program.ts";
import { taskWhere } from "../support/python.ts";
import { rawCall } from "../support/raw_http.ts";
import { startServer } from "../support/server.ts";
import { testSource } from "../support/test_source.ts";

const KEY = "the-key-of-this-very-server";
const CLIENT = "ci";

/** The blocks of the page that run a task, and the name of that task. */
const TASKS: Readonly<Record<string, string>> = {
  "block-deno-1": "hello from Deno",
  "block-node-1": "hello from Node",
  "block-python-1": "hello from Python",
  "block-python-2": "hello from a Python package",
  "block-command-1": "hello from a command",
  "block-shell-1": "hello from curl",
};

/** Returns the code blocks of a page, by the ids of their elements. */
function blocksOf(html: string): ReadonlyMap<string, string> {
  const blocks = html.matchAll(/<pre[^>]* id="([^"]*)"[^>]*>([^<]*)<\/pre>/g);
  return new Map(Array.from(blocks, ([, id, text]) => [id!, unescaped(text!)]));
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll(
    "&amp;",
    "&",
  );
}

/**
 * Pastes a block into a shell in an empty folder.
 *
 * @param block the block
 * @param key the text to enter where the block waits for the key
 */
async function paste(block: string, key: string | null): Promise<Ended> {
  const folder = await Deno.makeTempDir({ prefix: "taskscope-install-" });
  const program = `${folder}/.bin/taskscope`;
  const main = new URL("../../main.ts", import.meta.url).pathname;
  await Deno.mkdir(`${folder}/.bin`);
  const executable = Deno.env.get("TASKSCOPE_EXECUTABLE");
  const words = executable === undefined ? `'${Deno.execPath()}' run -A '${main}'` : `'${executable}'`;
  await Deno.writeTextFile(program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  await Deno.symlink(Deno.execPath(), `${folder}/.bin/deno`);
  try {
    const script = key === null ? block : `${KEY_BLOCK}\n${block}`;
    await using shell = spawn("bash", ["-euc", script], {
      cwd: folder,
      stdin: "piped",
      env: {
        PATH: `${folder}/.bin:${Deno.env.get("PATH")}`,
        // No registry: a test must not download anything.
        npm_config_registry: "http://127.0.0.1:1",
        npm_config_cache: `${folder}/.npm`,
        npm_config_update_notifier: "false",
      },
    });
    if (key !== null) await shell.type(`${key}\n`);
    return await shell.ended();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const hasKey of [false, true]) {
  const client = hasKey ? CLIENT : "default";

  Deno.test(`/install: every block runs a task to its end, ${hasKey ? "with a key, for a client" : "without a key"}`, async () => {
    await using program = await startProgram(["--no-demo", "--base-path", "/monitor"], {
      env: hasKey ? { TASKSCOPE_KEY: KEY } : {},
    });
    const headers: Record<string, string> = hasKey ? { authorization: `Bearer ${KEY}` } : {};
    const url = program.url.replace(/\/monitor$/, "");
    const { text } = await call("GET", `${url}/monitor/install?client=${client}`);
    assert(!text.includes(KEY), "the page does not contain the key");
    const { "block-key": keyBlock, ...blocks } = Object.fromEntries(blocksOf(text));
    assertEquals(keyBlock, hasKey ? KEY_BLOCK : undefined);
    assertEquals(Object.keys(blocks).sort(), Object.keys(TASKS).sort());
    for (const [id, name] of Object.entries(TASKS)) {
      const { code, stdout, stderr } = await paste(blocks[id]!, hasKey ? KEY : null);
      assertEquals(code, 0, `${id}: ${stdout}${stderr}`);
      assert(!(stdout + stderr).includes(KEY), "the shell does not show the key");
      const { json } = await call("GET", `${url}/monitor/tasks/${client}`, { headers });
      const task = (Object.values(json.all_tasks) as Task[]).find((each) => each.name === name);
      assertEquals([task?.state, task?.progress], ["FINISHED", 100], `${id}: ${stdout}${stderr}`);
    }
  });
}

Deno.test("/install: the command that makes a token makes one that can report to the client of the page", async () => {
  await using server = startServer({ key: KEY });
  const { text } = await call("GET", `${server.url}/install?client=${CLIENT}`);
  const [command] = /(?<=<code>)taskscope token [^<]*(?=<)/.exec(text)!;
  const { code, stdout, stderr } = await paste(unescaped(command), KEY);
  assertEquals([code, stderr], [0, ""]);
  const report = (client: string) =>
    call("POST", `${server.url}/tasks/${client}`, {
      body: {},
      headers: { authorization: `Bearer ${stdout.trim()}` },
    });
  assertEquals((await report(CLIENT)).status, 201);
  assertEquals((await report("other")).status, 403);
});

testSource("/install shows the public URL, and the client that the query names", async () => {
  await using server = startServer({ publicUrls: ["https://ci.example.org/tasks"] });
  const ask = (query: string) =>
    rawCall(server.port, "GET", `/tasks/install${query}`, [["Host", "ci.example.org"]]);
  const { status, headers, body: text } = await ask("");
  assertEquals(status, 200);
  assertMatch(headers.get("content-security-policy")!, /default-src 'none'/);
  assertStringIncludes(text, "https://ci.example.org/tasks/monitored.ts");
  assert(!text.includes("127.0.0.1"), "the page names no other address");
  const deno = blocksOf((await ask("?client=web-1")).body).get("block-deno-1")!;
  assertStringIncludes(deno, "TASKSCOPE_CLIENT=web-1 deno run");
  assertStringIncludes(deno, "--allow-import=ci.example.org");
  for (const client of ["a b", "%3Cscript%3E", "", "%27"]) {
    assertEquals((await ask(`?client=${client}`)).status, 400, client);
  }
});

testSource("/install: the block for curl stops when its task is cancelled on the page", async () => {
  await using server = startServer();
  const blocks = blocksOf((await call("GET", `${server.url}/install`)).text);
  const pasted = paste(blocks.get("block-shell-1")!.replace("1 2 3 4 5", "$(seq 1000)"), null);
  const { id } = await taskWhere(server.url, ({ current }) => (current ?? 0) > 0, "default");
  await call("POST", `${server.url}/tasks/default/${id}/cancel`);
  const { code, stdout, stderr } = await pasted;
  assertEquals([code, stdout, stderr], [0, "", ""]);
  const { json } = await call("GET", `${server.url}/tasks/default/${id}`);
  assertEquals(json.state, "CANCELLED");
});

testSource("/install: a button copies each block", async () => {
  await using server = startServer({ key: KEY });
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/install`);
    const buttons = page.getByRole("button", { name: "Copy", exact: true });
    await buttons.first().waitFor();
    const blocks = blocksOf((await call("GET", `${server.url}/install`)).text);
    assertEquals(await buttons.count(), blocks.size);
    await buttons.last().click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assertEquals(copied, [...blocks.values()].at(-1));
    assertEquals(complaints, []);
  });
});

testSource("/install is linked from the empty list, the help, the footer and the API reference", async () => {
  await using server = startServer({ basePath: "/monitor" });
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/monitor/t/web`);
    const hrefs = () =>
      page.locator("a[href*=install]").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    assertEquals(await hrefs(), Array(3).fill("/monitor/install?client=web"));
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await page.getByRole("dialog").getByRole("link", { name: "Report to this server" }).click();
    await page.getByRole("heading", { name: "Report to this server" }).waitFor();
    assertEquals(page.url(), `${server.url}/monitor/install?client=web`);
    await page.getByRole("link", { name: "API reference" }).click();
    await page.getByRole("heading", { name: "API reference" }).waitFor();
    assertEquals(await hrefs(), ["/monitor/install"]);
    assertEquals(complaints, []);
  });
});

for (const width of [390, 1280]) {
  testSource(
    `/install is accessible in light and dark, ${width} px wide, and works without JavaScript`,
    async () => {
      await using server = startServer({ key: KEY });
      const viewport = { width, height: 844 };
      await withPage({ viewport, javaScriptEnabled: false }, async ({ page, complaints }) => {
        await page.goto(`${server.url}/install`);
        await page.getByRole("heading", { name: "The key" }).waitFor();
        assertEquals(complaints, []);
      });
      await withPage({ viewport }, async ({ page, complaints }) => {
        await page.goto(`${server.url}/install`);
        assertEquals(await axeFindingsInLightAndDark(page), []);
        const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
        assertEquals(scroll, width, "no sideways scrolling");
        assertEquals(complaints, []);
      });
    },
  );
}
