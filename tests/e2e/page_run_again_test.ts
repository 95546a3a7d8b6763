/** Tests in a real browser of the keys of a task page, of running a task again, and of what `run` knows of a command. */

import type { Page } from "playwright-core";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { axeFindings } from "../support/axe.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { untilLive } from "../support/live.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ended, run, startTaskServer } from "../support/task_server.ts";

const INPUT = {
  type: "object",
  properties: {
    table: { type: "string" },
    rows: { type: "integer", default: 10 },
    dry: { type: "boolean", default: true },
    mode: { enum: ["fast", "safe"] },
    more: { type: "array" },
  },
  required: ["table"],
} as const;

async function open(page: Page, server: Pick<TestServer, "url">, id: string): Promise<void> {
  await page.goto(`${server.url}/t/one/${id}`);
  await untilLive(page);
}

Deno.test("task page: a task can be run again with changed arguments, which the form begins with", async () => {
  for (const javaScriptEnabled of [true, false]) {
    await using server = startServer({ tasks: { copy: { fn: (_task, given) => given, input: INPUT } } });
    const first = { table: "users", rows: 5, dry: false, mode: "safe", more: [1, null] };
    await run(`${server.url}/tasks/one`, "copy", { id: "first", args: [first] });
    await withPage({ javaScriptEnabled }, async ({ page, complaints }) => {
      await page.goto(`${server.url}/t/one/first`);
      if (javaScriptEnabled) await open(page, server, "first");
      await page.locator("summary", { hasText: "With changed arguments" }).click();
      const form = page.locator("form", { has: page.getByRole("button", { name: /^Start/ }) });
      assertEquals(await form.getByLabel("table").inputValue(), "users");
      assertEquals(await form.getByLabel("rows").inputValue(), "5");
      assertEquals(await form.getByLabel("dry").isChecked(), false);
      assertEquals(await form.getByLabel("mode").inputValue(), "safe");
      assertEquals(await form.getByLabel("more").inputValue(), "[1,null]");
      if (javaScriptEnabled) assertEquals(await axeFindings(page), []);
      await form.getByLabel("rows").fill("7");
      await form.getByRole("button", { name: /^Start/ }).click();
      await page.waitForURL((url) => /^\/t\/one\/[0-9A-Z]{26}$/.test(url.pathname));
      const id = new URL(page.url()).pathname.split("/").at(-1)!;
      assertEquals((await ended(`${server.url}/tasks/one/${id}`)).result, { ...first, rows: 7 });
      assertEquals(complaints, []);
    });
  }
});

Deno.test("task page: arguments without a schema are shown as JSON, and not to visitors who may only read", async () => {
  await using server = startTaskServer();
  await run(`${server.url}/tasks/one`, "echo", { id: "first", args: ["</textarea><b>", 2] });
  const { text } = await call("GET", `${server.url}/t/one/first`, { headers: { accept: "text/html" } });
  assertMatch(text, /With changed arguments/);
  assertMatch(text, /&lt;\/textarea>&lt;b>|&lt;\/textarea&gt;&lt;b&gt;/);
  await server.monitor.monitored(() => null, { client: "one", id: "other" })();
  const other = await call("GET", `${server.url}/t/one/other`, { headers: { accept: "text/html" } });
  assertEquals(other.text.includes("With changed arguments"), false, "the server did not start it");
});

Deno.test("task page: keys go to the search of the log, the neighbouring runs and the list", async () => {
  await using server = startServer();
  for (const id of ["1", "2", "3"]) {
    await server.monitor.monitored((task) => task.log("a line"), { client: "one", id, name: "job" })();
  }
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "2");
    await page.keyboard.press("j");
    await page.waitForURL(/\/t\/one\/3$/);
    await open(page, server, "2");
    await page.keyboard.press("k");
    await page.waitForURL(/\/t\/one\/1$/);
    await open(page, server, "2");
    await page.getByRole("button", { name: "Full screen", exact: true }).waitFor();
    await page.keyboard.press("/");
    const search = page.getByRole("searchbox", { name: "Search the log" });
    await page.keyboard.type("jk");
    assertEquals(await search.inputValue(), "jk", "letters typed into the field are no shortcuts");
    await search.fill("");
    await search.blur();
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("Go back to the list").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assertMatch(page.url(), /\/t\/one\/2$/, "Escape closes the dialog first");
    await page.getByRole("button", { name: "Full screen", exact: true }).click();
    await page.getByRole("button", { name: "Exit full screen" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Full screen", exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL(/\/t\/one$/);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: the details show what `taskscope run` reports about its command", async () => {
  await using server = startServer();
  const metadata = {
    command: "make 'all of it'",
    folder: "/srv/app",
    host: "build-7",
    pid: 4_321,
    arguments: 1,
  };
  await server.monitor.monitored(() => null, { client: "one", id: "make", name: "make", metadata })();
  await withPage({}, async ({ page }) => {
    await open(page, server, "make");
    const facts = page.getByRole("region", { name: "Details" });
    const value = async (label: string) =>
      await facts.locator("dt", { hasText: label }).locator("xpath=following-sibling::dd[1]").innerText();
    const labels = ["Command", "Folder", "Host", "Process"];
    assertEquals(await Promise.all(labels.map(value)), ["make 'all of it'", "/srv/app", "build-7", "4321"]);
  });
});
