/** Tests of the log of the task page in a real browser. */

import type { Page } from "playwright-core";
import { axeFindings } from "../support/axe.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { follow, withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

Deno.test("task page: the first visible line of the log stays in place when the look or the width of the log changes", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 5_000 } });
  await server.monitor.monitored((task) => {
    for (let n = 0; n < 5_000; n++) task.log(`line ${n} is fine`);
  }, { client: "one", id: "kept", name: "kept" })();
  await withPage({ viewport: { width: 390, height: 844 } }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/kept#L3001`);
    await page.getByText("line 3000 is fine").waitFor();
    const log = page.locator("ol.log");
    const first = () =>
      log.evaluate((list) => {
        const lines = [...list.querySelectorAll<HTMLElement>(".log-line")];
        const line = lines.find((each) => each.offsetTop + each.offsetHeight > list.scrollTop + 1);
        return Number(line?.id.slice("log-".length));
      });
    const height = () => log.evaluate((list) => list.scrollHeight);
    const before = await first();
    const steps: readonly (() => Promise<unknown>)[] = [
      () => page.getByLabel("Wrap").uncheck(),
      () => page.getByLabel("Wrap").check(),
      () => page.setViewportSize({ width: 1280, height: 844 }),
      () => page.setViewportSize({ width: 390, height: 844 }),
    ];
    for (const step of steps) {
      const old = await height();
      await step();
      await page.waitForFunction(
        (old) => Math.abs(document.querySelector("ol.log")!.scrollHeight / old - 1) > 0.2,
        old,
      );
      assertEquals(await first(), before);
    }
    assertEquals(complaints, []);
  });
});

/** Runs a task that writes 1,200 lines: every tenth to the error output, every hundredth a warning. */
async function logging(server: TestServer, id: string): Promise<void> {
  await server.monitor.monitored((task) => {
    for (let n = 0; n < 1_200; n++) {
      task.log(`line ${n}.`, {
        ...(n % 10 === 0 && { stream: "stderr" as const }),
        ...(n % 100 === 0 && { level: "warn" as const }),
      });
    }
  }, { client: "one", id, name: id })();
}

function shownNumbers(page: Page): Promise<string[]> {
  return page.locator(".log-number").allInnerTexts();
}

Deno.test("task page: the times and the texts of a log are in one column each, however long its numbers are", async () => {
  await using server = startServer();
  await call("POST", `${server.url}/tasks/c`, { body: { id: "t", name: "t" } });
  await call("POST", `${server.url}/tasks/c/t/logs`, {
    body: { lines: Array.from({ length: 1_001 }, (_, n) => `line ${n}`) },
  });
  for (const javaScriptEnabled of [true, false]) {
    await withPage({ javaScriptEnabled }, async ({ page }) => {
      await page.goto(`${server.url}/t/c/t`);
      await page.locator("#log-1000").waitFor();
      const starts = await page.locator(".log-line").evaluateAll((lines) =>
        [".log-time", ".log-text"].map((each) =>
          new Set(lines.map((line) => Math.round(line.querySelector(each)!.getBoundingClientRect().left)))
            .size
        )
      );
      assertEquals(starts, [1, 1]);
    });
  }
});

Deno.test("task page: a log can be read, filtered and searched without JavaScript", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 2_000 } });
  await logging(server, "plain");
  await withPage({ javaScriptEnabled: false }, async ({ page }) => {
    await page.goto(`${server.url}/t/one/plain`);
    assertEquals([(await shownNumbers(page))[0], (await shownNumbers(page)).length], ["701", 500]);
    await follow(page.getByRole("link", { name: "700 older lines" }));
    assertEquals((await shownNumbers(page))[0], "201");
    await follow(page.getByRole("link", { name: "500 newer lines" }));
    assertEquals((await shownNumbers(page))[0], "701");

    await page.getByRole("combobox", { name: "Output" }).selectOption("stderr");
    await page.getByRole("combobox", { name: "Severity" }).selectOption("warn or worse");
    await page.getByRole("searchbox", { name: "Search the log" }).fill("LINE 1");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("3 matches in 1,200 lines (only stderr, warn or worse)", { exact: true }).waitFor();
    assertEquals(await shownNumbers(page), ["101", "1001", "1101"]);
    assertEquals(await page.locator("mark").first().innerText(), "line 1");
    assertEquals(await page.getByRole("searchbox", { name: "Search the log" }).inputValue(), "LINE 1");
    await follow(page.getByRole("link", { name: "1001", exact: true }));
    assertEquals((await shownNumbers(page)).includes("1002"), true, "the lines around it are shown");
    await page.locator("#log-1000").waitFor();
    await page.goto(`${server.url}/t/one/plain?stream=other`);
    assertStringIncludes(await page.locator("main").innerText(), '"stream" must be one of stdout, stderr');
  });
});

Deno.test("task page: matches of a filtered search are stepped through with keys", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 2_000 } });
  await logging(server, "filtered");
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/filtered`);
    await page.getByRole("button", { name: "Full screen" }).waitFor();
    await page.getByRole("combobox", { name: "Output" }).selectOption("stderr");
    await page.getByText("Match 1 of 120 in 1,200 lines (only stderr)", { exact: true }).waitFor();
    await page.getByRole("combobox", { name: "Severity" }).selectOption("warn or worse");
    const found = (index: number) => page.getByText(`Match ${index} of 12 in 1,200 lines`).waitFor();
    await found(1);
    const field = page.getByRole("searchbox", { name: "Search the log" });
    await field.press("Enter");
    await found(2);
    await page.locator("ol.log").focus();
    await page.keyboard.press("n");
    await found(3);
    await page.keyboard.press("Shift+N");
    await found(2);
    await page.locator(".log-line[aria-current]", { hasText: "line 100." }).waitFor();
    assertEquals(await axeFindings(page), []);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: the linked lines or the whole log are copied, with the times that are shown", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 2_000 } });
  await logging(server, "copied");
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/copied#L3-5`);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    const copy = async (name: string) => {
      await page.getByRole("button", { name }).click();
      await page.getByText("Copied", { exact: true }).waitFor();
      return await clipboard();
    };
    await page.getByLabel("Times").selectOption("No times");
    assertEquals(await copy("Copy 3 lines"), "line 2.\nline 3.\nline 4.");
    await page.goto(`${server.url}/t/one/copied`);
    const all = (await copy("Copy log")).split("\n");
    assertEquals([all.length, all[0], all.at(-1)], [1_200, "line 0.", "line 1199."]);
    await page.getByLabel("Times").selectOption("Since start");
    await page.getByText("Copied", { exact: true }).waitFor({ state: "detached" });
    assertEquals(/^\S+s line 0\.$/.test((await copy("Copy log")).split("\n")[0]!), true);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: groups of a log of 100,000 lines are folded, and open for a match or a linked line", async () => {
  await using server = startServer({
    limits: { logLinesPerTask: 100_000, logCharacters: 50_000_000 },
  });
  await server.monitor.monitored((task) => {
    for (let group = 0; group < 100; group++) {
      if (group === 0) task.log("Beginning");
      task.log(`::group::Part ${group}`);
      for (let n = 2; n < 999; n++) task.log(`line ${group * 1_000 + n}.`);
      task.log("::endgroup::");
    }
    task.log("all parts are done");
  }, { client: "one", id: "folded", name: "folded" })();
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/folded`);
    const log = page.locator("ol.log");
    const head = (group: number) => page.getByRole("button", { name: `Part ${group}`, exact: true });
    await page.waitForFunction(() => document.querySelectorAll(".log-fold").length > 30);
    assertEquals(await page.locator('.log-fold[aria-expanded="true"]').count(), 0);
    assertStringIncludes(await log.innerText(), "997 lines · ");
    await page.getByText("all parts are done").waitFor();

    await head(99).focus();
    await page.keyboard.press("Enter");
    await page.getByText("line 99002.").waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("line 99002.").waitFor({ state: "detached" });
    assertEquals(await head(99).getAttribute("aria-expanded"), "false");

    await page.getByRole("searchbox", { name: "Search the log" }).fill("line 50500.");
    await page.locator(".log-line[aria-current]", { hasText: "line 50500." }).waitFor();
    assertEquals(await page.locator('.log-fold[aria-expanded="true"]').count() <= 1, true);
    await page.goto(`${server.url}/t/one/folded#L30480`);
    await page.reload();
    await page.locator(".log-selected", { hasText: "line " }).waitFor();
    await page.getByRole("button", { name: "Expand all" }).click();
    await page.getByRole("button", { name: "Collapse all" }).waitFor();
    await log.evaluate((list) => list.scrollTop = 0);
    await page.getByText("line 2.", { exact: true }).waitFor();
    assertEquals(await page.evaluate(() => document.querySelectorAll("*").length) < 3_000, true);
    assertEquals(await axeFindings(page), []);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: a log of 30,000 lines is divided into the steps of the task, and opens for a match", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 30_000, logCharacters: 5_000_000 } });
  await server.monitor.monitored(async (task) => {
    for (const [step, name] of ["Fetch", "Build", "Publish"].entries()) {
      const lastMs = Date.now();
      await until(() => Date.now() > lastMs);
      task.update({ status: name });
      for (let n = 0; n < 10_000; n++) task.log(`line ${step * 10_000 + n}.`);
    }
  }, { client: "one", id: "steps", name: "steps" })();
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/steps`);
    const head = (name: string) => page.getByRole("button", { name, exact: true });
    await page.getByText("line 29999.").waitFor();
    assertEquals(await head("Build").count(), 0);
    await page.getByRole("checkbox", { name: "By step" }).check();
    await head("Build").waitFor();
    const isExpanded = (name: string) => head(name).getAttribute("aria-expanded");
    assertEquals(await Promise.all(["Fetch", "Build", "Publish"].map(isExpanded)), [
      "false",
      "false",
      "false",
    ]);
    const steps = page.locator(".log-step");
    assertMatch((await steps.allInnerTexts())[1]!, /Build\s*10,000 lines · \d/);

    await page.getByRole("searchbox", { name: "Search the log" }).fill("line 10000.");
    await page.locator(".log-line[aria-current]", { hasText: "line 10000." }).waitFor();
    assertEquals(await isExpanded("Build"), "true");
    await head("Build").focus();
    await page.keyboard.press("Enter");
    await page.getByText("line 10000.").waitFor({ state: "detached" });
    await page.reload();
    await head("Build").waitFor();
    assertEquals(await axeFindings(page), []);
    assertEquals(complaints, []);
  });
});
