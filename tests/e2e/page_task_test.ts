/** Tests of the task page in a real browser. */

import type { Page } from "playwright-core";
import type { MonitoredTask } from "../../lib/mod.ts";
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { Relay } from "../support/relay.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { findTool } from "../support/tools.ts";
import { until } from "../support/until.ts";

async function open(page: Page, server: Pick<TestServer, "url">, id: string): Promise<void> {
  await page.goto(`${server.url}/t/one/${id}`);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

/** Opens a task page, and waits until the script of its log has started. */
async function openLog(page: Page, server: TestServer, id: string): Promise<void> {
  await open(page, server, id);
  await page.getByRole("button", { name: "Full screen" }).waitFor();
}

/** Starts a task whose steps the test controls. */
function puppet(server: TestServer, id: string) {
  const begun = Promise.withResolvers<MonitoredTask>();
  const end = Promise.withResolvers<unknown>();
  const run = server.monitor.monitored(async (task) => {
    begun.resolve(task);
    return await end.promise as null;
  }, { client: "one", id, name: id }).start();
  return {
    task: begun.promise,
    async finish(result: unknown = null) {
      end.resolve(result);
      await run.done;
    },
    async fail(error: Error) {
      end.reject(error);
      await run.done.catch(() => {});
    },
  };
}

/** Runs a task that logs a given number of lines, every hundredth of which is a warning. */
async function logging(server: TestServer, id: string, count: number): Promise<void> {
  await server.monitor.monitored((task) => {
    for (let n = 0; n < count; n++) task.log(n % 100 === 0 ? `WARN line ${n} is late` : `line ${n} is fine`);
  }, { client: "one", id, name: id })();
}

function log(page: Page) {
  return page.locator("ol.log");
}

/** Returns the distance from the visible part of the log to its end, in pixels. */
async function belowTheEnd(page: Page): Promise<number> {
  return await log(page).evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
}

Deno.test("task page: the timeline updates while the task runs", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "staged");
  const task = await begun;
  await task.update({ status: "Reading rows", progress: 10 });
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "staged");
    const rows = page.locator(".timeline-row");
    await page.locator(".timeline-running", { hasText: "Reading rows" }).waitFor();
    // Nearly all of the time belongs to the only step; on a busy machine, the start of the task takes some, too.
    const width = await rows.last().locator("rect").getAttribute("width");
    assertMatch(width ?? "", /^\d+(\.\d+)?%$/);
    assertGreater(parseFloat(width!), 50);
    await task.update({ status: "Writing rows", progress: 60 });
    await page.locator(".timeline-running", { hasText: "Writing rows" }).waitFor();
    // On a busy machine, the time before the first step has a row of its own, "Starting".
    const steps = rows.filter({ hasNotText: "Starting" });
    assertEquals(await steps.count(), 2);
    assertStringIncludes(await steps.first().innerText(), "10% → 60%");
    await task.update({ status: "Writing rows", progress: 80 });
    await page.locator(".timeline-running", { hasText: "60% → 80%" }).waitFor();
    await page.getByRole("img", { name: /Progress over .*80% so far/ }).waitFor();
    await finish();
    await page.locator(".timeline-end", { hasText: "Finished" }).waitFor();
    assertEquals(await page.locator(".timeline-running").count(), 0);

    const live = await rows.allInnerTexts();
    await page.reload();
    await page.locator(".timeline-end").waitFor();
    assertEquals((await rows.allInnerTexts()).length, live.length, "the server renders the same rows");
    assertEquals(complaints, []);
  });
  await finish();
});

Deno.test("task page: nested subtasks have their own progress bars and can be collapsed with the keyboard", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "whole");
  const task = await begun;
  const heavy = task.child("heavy", { weight: 3 });
  const light = task.child("light", { weight: 1 });
  const inner = heavy.child("inner", { share: 1 });
  await light.update({ progress: 50 });
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "whole");
    const part = (name: string) =>
      page.locator(".subtask", { has: page.getByRole("link", { name, exact: true }) }).last();
    await part("light").locator("progress[value='50']").waitFor();
    assertStringIncludes(await part("heavy").locator(".subtask-share").first().innerText(), "75%");
    await inner.update({ progress: 20, status: "deep down" });
    await page.getByText("deep down").waitFor();
    await page.locator(".hero-percent", { hasText: "27%" }).waitFor();

    await page.getByText("1 subtask", { exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("deep down").waitFor({ state: "hidden" });
    const more = heavy.child("another");
    await page.getByText("2 subtasks", { exact: true }).waitFor();
    assert(!await part("another").isVisible(), "a collapsed branch stays collapsed");
    await more.update({ progress: 1 });

    await page.getByRole("link", { name: "light", exact: true }).click();
    await page.locator("h1", { hasText: "light" }).waitFor();
    await page.getByRole("link", { name: "Parent task" }).click();
    await page.locator("h1", { hasText: "whole" }).waitFor();
    assertEquals(complaints, []);
  });
  await finish();
});

Deno.test("task page: the log follows new lines, stops while the user reads older ones, and resumes", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "talks");
  const task = await begun;
  for (let n = 0; n < 100; n++) task.log(`early ${n}.`);
  await task.update({ progress: 1 });
  await withPage({}, async ({ page, complaints }) => {
    await openLog(page, server, "talks");
    await page.getByText("early 99.").waitFor();
    assert(await belowTheEnd(page) < 2, "the log starts scrolled to its end");
    for (let n = 0; n < 30; n++) task.log(`middle ${n}.`);
    await page.getByText("middle 29.").waitFor();
    assert(await belowTheEnd(page) < 2, "it follows");

    await log(page).focus();
    await page.keyboard.press("Home");
    const back = page.getByRole("button", { name: "Follow log" });
    await back.waitFor();
    // The key scrolls smoothly, and the button appears before the log is at its beginning.
    await page.waitForFunction(() => document.querySelector("ol.log")?.scrollTop === 0);
    task.log("late.");
    await page.getByRole("button", { name: "Follow log, 1 new line" }).waitFor();
    assertEquals(await log(page).evaluate((list) => list.scrollTop), 0, "reading is not interrupted");
    await back.click();
    await back.waitFor({ state: "detached" });
    await page.getByText("late.").waitFor();
    assert(await belowTheEnd(page) < 2, "the log follows new lines again");
    assertEquals(complaints, []);
  });
  await finish();
});

Deno.test("task page: the key Home leads to the beginning of a log while lines are added to it", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "talks");
  const task = await begun;
  for (let n = 0; n < 100; n++) task.log(`early ${n}.`);
  await task.update({ progress: 1 });
  await withPage({}, async ({ page }) => {
    await openLog(page, server, "talks");
    await page.getByText("early 99.").waitFor();
    let count = 0;
    const timer = setInterval(() => task.log(`late ${count++}.`), 30);
    try {
      for (let round = 0; round < 8; round++) {
        await log(page).focus();
        await page.keyboard.press("Home");
        // The browser scrolls smoothly, and must not stop lines before the beginning.
        await page.waitForFunction(() => document.querySelector("ol.log")?.scrollTop === 0);
        await page.getByRole("button", { name: /^Follow log/ }).press("Enter");
        await page.getByText(`late ${count}.`).waitFor();
      }
    } finally {
      clearInterval(timer);
    }
  });
  await finish();
});

Deno.test("task page: a log that grows does not pull the user back who scrolls up slowly", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "grows");
  const task = await begun;
  for (let n = 0; n < 100; n++) task.log(`early ${n}.`);
  await task.update({ progress: 1 });
  await withPage({}, async ({ page }) => {
    await openLog(page, server, "grows");
    await page.getByText("early 99.").waitFor();
    for (let step = 1; step <= 10; step++) {
      // What is above the log may have grown.
      await log(page).hover();
      const before = await log(page).evaluate((list) => list.scrollTop);
      await page.mouse.wheel(0, -5);
      await page.waitForFunction((before) => document.querySelector("ol.log")!.scrollTop < before, before);
      task.log(`late ${step}.`);
    }
    await page.getByRole("button", { name: "Follow log, 10 new lines" }).waitFor();
  });
  await finish();
});

Deno.test("task page: every line of a long log can be searched for, and stepped to", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 7_000 } });
  await logging(server, "long", 6_400);
  await withPage({}, async ({ page, complaints }) => {
    await openLog(page, server, "long");
    const field = page.getByRole("searchbox", { name: "Search the log" });
    const current = page.locator(".log-line[aria-current]");
    const shows = async (line: string, found: string) => {
      await page.getByText(found, { exact: true }).waitFor();
      await current.getByText(line).waitFor();
      assertEquals(await current.count(), 1);
      const [box, frame] = [(await current.boundingBox())!, (await log(page).boundingBox())!];
      assert(box.y >= frame.y && box.y + box.height <= frame.y + frame.height, `${line} is out of sight`);
    };
    await field.fill("warn");
    await shows("WARN line 0 is late", "Match 1 of 64 in 6,400 lines");
    assertEquals(await current.locator("mark").allInnerTexts(), ["WARN"]);
    await field.press("Enter");
    await shows("WARN line 100 is late", "Match 2 of 64 in 6,400 lines");
    await field.press("Shift+Enter");
    await field.press("Shift+Enter");
    await shows("WARN line 6300 is late", "Match 64 of 64 in 6,400 lines");
    await page.getByRole("button", { name: "Next" }).click();
    await shows("WARN line 0 is late", "Match 1 of 64 in 6,400 lines");
    await field.fill("line 3100 ");
    await shows("WARN line 3100 is late", "Match 1 of 1 in 6,400 lines");
    await field.fill("nowhere");
    await page.getByText("No match in 6,400 lines", { exact: true }).waitFor();
    await field.fill("");
    assertEquals(await page.locator(".log-found").count(), 0);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: a search of the log says which lines are no longer kept, and includes new ones", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 100 } });
  const { task: begun, finish } = puppet(server, "short");
  const task = await begun;
  for (let n = 0; n < 150; n++) task.log(`line ${n}`);
  await task.update({ progress: 1 });
  await withPage({}, async ({ page }) => {
    await openLog(page, server, "short");
    await page.getByRole("searchbox", { name: "Search the log" }).fill("nowhere");
    await page.getByText("No match in 100 lines; 50 older lines no longer kept").waitFor();
    task.log("nowhere else");
    await page.getByText(/^1 match in 100 lines/).waitFor();
  });
  await finish();
});

Deno.test("task page: a log of any length can be scrolled from its end to its start", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 20_000 } });
  await logging(server, "endless", 20_000);
  await withPage({}, async ({ page, complaints }) => {
    await openLog(page, server, "endless");
    await page.getByText("line 19999 is fine").waitFor();
    const before = await log(page).evaluate((list) => list.scrollHeight);
    for (const part of [0.75, 0.5, 0.25]) {
      await log(page).evaluate((list, part) => list.scrollTop = list.scrollHeight * part, part);
      await page.waitForFunction((wanted) => {
        const list = document.querySelector<HTMLElement>("ol.log")!;
        const lines = [...list.querySelectorAll<HTMLElement>(".log-line")];
        const first = lines.find((line) => line.offsetTop + line.offsetHeight > list.scrollTop);
        return Math.abs(Number(first?.id.slice(4)) - wanted) < 500 && first?.textContent?.includes("line");
      }, 20_000 * part);
      assert(await page.evaluate(() => document.querySelectorAll("*").length) < 3_000, "few elements");
    }
    await log(page).evaluate((list) => list.scrollTop = 0);
    await page.getByText("WARN line 0 is late").waitFor();
    const after = await log(page).evaluate((list) => list.scrollHeight);
    assert(Math.abs(after / before - 1) < 0.1, `the height of the log changed from ${before} to ${after}`);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: a link to log lines shows and marks these lines, and a click on a line number creates such a link", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 7_000 } });
  await logging(server, "linked", 6_400);
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, complaints }) => {
    await openLog(page, server, "linked#L3001-3003");
    const selected = page.locator(".log-selected .log-number");
    await page.getByText("WARN line 3000 is late").waitFor();
    assertEquals(await selected.allInnerTexts(), ["3001", "3002", "3003"]);
    const number = (line: number) => page.locator(`#log-${line - 1} .log-number`);
    await number(3006).click();
    assertEquals(await selected.allInnerTexts(), ["3006"]);
    assertEquals(new URL(page.url()).hash, "#L3006");
    await number(3004).click({ modifiers: ["Shift"] });
    assertEquals(await selected.allInnerTexts(), ["3004", "3005", "3006"]);
    assertEquals(await page.evaluate(() => navigator.clipboard.readText()), page.url());
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll(".log-selected").length === 3);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: the log has the colours and links of its lines, and is shown as the user prefers", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "colourful");
  const task = await begun;
  task.log("\x1b[31;1mred\x1b[0m and plain, see https://example.com/a.");
  task.log(`\x1b]8;;javascript:alert(1)\x07no link\x1b]8;;\x07${" long".repeat(200)}`);
  task.log("from the error output", { stream: "stderr" });
  task.log("more severe", { stream: "stderr", level: "error" });
  await task.update({ progress: 1 });
  await withPage({}, async ({ page, complaints }) => {
    await openLog(page, server, "colourful");
    const marks = await page.locator(".log-line").evaluateAll((lines) =>
      lines.map((line) => /rgb\([\d, ]+\)/.exec(getComputedStyle(line).boxShadow)?.[0] ?? null)
    );
    assertEquals(marks, [null, null, "rgb(125, 82, 0)", "rgb(179, 38, 30)"]);
    const red = page.locator(".log .fg-1.sgr-bold");
    assertEquals(await red.innerText(), "red");
    assertEquals(await red.evaluate((part) => getComputedStyle(part).color), "rgb(179, 38, 30)");
    assertEquals(
      await page.locator(".log-text a").evaluateAll((links) =>
        links.map((each) => (each as HTMLAnchorElement).href)
      ),
      ["https://example.com/a"],
    );
    const height = async () => (await page.locator("#log-1").boundingBox())!.height;
    const wrapped = await height();
    await page.getByLabel("Wrap").uncheck();
    assert(await height() < wrapped / 2, "the line is not wrapped");
    await page.getByLabel("Times").selectOption("No times");
    assertEquals(await page.locator(".log-time").count(), 0);
    await page.reload();
    await page.waitForFunction(() => document.querySelectorAll(".log-time").length === 0);
    assertEquals(await page.getByLabel("Wrap").isChecked(), false, "the browser remembers it");
    await page.getByLabel("Times").selectOption("Since start");
    assertMatch(await page.locator("#log-0 .log-time").innerText(), /^[\d.]+m?s$/);
    await page.getByRole("button", { name: "Full screen" }).click();
    const { width } = (await page.locator(".log-full").boundingBox())!;
    assertEquals(width, await page.evaluate(() => document.documentElement.clientWidth));
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Full screen" }).waitFor();
    assertEquals(complaints, []);
  });
  await finish();
});

Deno.test("task page: the whole log can be downloaded", async () => {
  await using server = startServer({ limits: { logLinesPerTask: 2_000 } });
  await logging(server, "saved", 1_200);
  const file = await Deno.makeTempFile({ prefix: "taskscope-" });
  for (const javaScriptEnabled of [true, false]) {
    await withPage({ javaScriptEnabled, acceptDownloads: true }, async ({ page }) => {
      await page.goto(`${server.url}/t/one/saved`);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Download" }).click(),
      ]);
      assertEquals(download.suggestedFilename(), "saved.log");
      await download.saveAs(file);
      const text = await Deno.readTextFile(file);
      assertEquals(text.trimEnd().split("\n").length, 1_200);
      assertMatch(text, /^\S+Z WARN line 0 is late\n/);
    });
  }
  await Deno.remove(file);
});

Deno.test("task page: a removal can be undone with the keyboard alone before its time is up", async () => {
  await using server = startServer({ limits: { restoreWindowMs: 60_000 } });
  await logging(server, "kept", 3);
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "kept");
    await page.getByRole("button", { name: "Remove kept" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("This task was removed").waitFor();
    const undo = page.getByRole("button", { name: "Undo the removal of kept" });
    await undo.waitFor();
    assertEquals((await call("GET", `${server.url}/tasks/one/kept`)).status, 404);
    assert(await undo.evaluate((button) => button === document.activeElement), "Undo has the focus");
    assertMatch(await page.locator(".removal-left").innerText(), /^\d+ s/);
    await page.keyboard.press("Enter");
    await page.getByText("This task was removed").waitFor({ state: "detached" });
    assertEquals((await call("GET", `${server.url}/tasks/one/kept`)).status, 200);
    await page.getByText("line 2 is fine").waitFor();
    await page.getByRole("button", { name: "Remove kept" }).waitFor();
    assertEquals(complaints, []);
  });
});

Deno.test("task page: Undo disappears when its time is up, and the focus moves to the title", async () => {
  await using server = startServer({ limits: { restoreWindowMs: 1_000 } });
  await logging(server, "gone", 1);
  await withPage({}, async ({ page }) => {
    await open(page, server, "gone");
    await page.getByRole("button", { name: "Remove gone" }).press("Enter");
    await page.getByText("This task was removed").waitFor();
    await page.getByRole("button", { name: /Undo/ }).waitFor({ state: "detached" });
    assertEquals(await page.evaluate(() => document.activeElement?.id), "task-title");
  });
});

Deno.test("task page: shows the error of a failed run, retries it, and links the two attempts", async () => {
  let isBroken = true;
  const flaky = () => {
    if (isBroken) throw new TypeError("the upstream said no");
    return { rows: [1, 2], nested: { deep: { deeper: true } } };
  };
  await using server = startServer({ tasks: { flaky } });
  await call("POST", `${server.url}/tasks/one/start/flaky`, { body: { id: "first" } });
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, complaints }) => {
    await open(page, server, "first");
    const error = page.locator(".panel-error");
    assertStringIncludes(await error.innerText(), "the upstream said no");
    assertStringIncludes(await error.getByLabel("Stack", { exact: true }).innerText(), "at flaky");
    isBroken = false;
    await page.getByRole("button", { name: "Retry flaky" }).click();
    await page.locator('.hero[data-state="FINISHED"]').waitFor();
    assert(!page.url().endsWith("/first"));

    await page.getByText('"deeper": true').waitFor({ state: "attached" });
    await page.locator("summary", { hasText: '"nested"' }).click();
    assert(!await page.getByText('"deeper": true').isVisible(), "it is folded");
    await page.getByRole("button", { name: "Copy the result" }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assertEquals(JSON.parse(copied), flaky());

    await page.getByRole("link", { name: "Attempt 1" }).click();
    await page.locator('.hero[data-state="ERROR"]').waitFor();
    await page.getByRole("link", { name: "Attempt 2" }).waitFor();
    await page.getByRole("link", { name: "Next run" }).click();
    await page.locator('.hero[data-state="FINISHED"]').waitFor();
    await page.getByRole("link", { name: "Previous run" }).waitFor();
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});

Deno.test("task page: reading, cancelling, removing, restoring and retrying work without JavaScript", async () => {
  const work = (task: MonitoredTask) =>
    new Promise<null>((_, reject) => {
      task.log("has begun");
      void task.update({ status: "Holding on", progress: 30 });
      task.signal.addEventListener("abort", () => reject(task.signal.reason));
    });
  await using server = startServer({ tasks: { work }, limits: { restoreWindowMs: 60_000 } });
  await call("POST", `${server.url}/tasks/one/start/work`, { body: { id: "plain" } });
  await withPage({ javaScriptEnabled: false }, async ({ page }) => {
    const address = `${server.url}/t/one/plain`;
    await page.goto(address);
    for (const text of ["has begun", "Where the time went"]) await page.getByText(text).waitFor();
    await page.locator(".timeline", { hasText: "Holding on" }).waitFor();
    await page.getByRole("button", { name: "Cancel work" }).click();
    assertEquals(page.url(), address);
    while (await page.locator('.hero[data-state="CANCELLED"]').count() === 0) await page.reload();
    await page.getByRole("button", { name: "Remove work" }).click();
    assertEquals(page.url(), address);
    await page.getByText("This task was removed").waitFor();
    await page.getByRole("button", { name: "Undo the removal" }).click();
    assertEquals(page.url(), address);
    await page.getByRole("button", { name: "Retry work" }).click();
    await page.locator(".attempt", { hasText: "Attempt 2" }).waitFor();
    assert(page.url() !== address, "the new attempt has its own page");
    await page.getByRole("button", { name: "Cancel work" }).click();
  });
  assertEquals(server.errors, []);
});

Deno.test("task page: the timeline includes steps missed while disconnected", async () => {
  await using server = startServer();
  await using relay = new Relay(server.url);
  const { task: begun, finish } = puppet(server, "missed");
  const task = await begun;
  await task.update({ status: "Before", progress: 1 });
  await withPage({}, async ({ page }) => {
    await open(page, relay, "missed");
    relay.cut();
    await page.getByTestId("connection").getByText("Reconnecting…").waitFor();
    for (const status of ["Unheard", "After"]) {
      await task.update({ status, progress: 2 });
      // Each update must be sent before the next one, because updates in quick succession are coalesced.
      await until(() => server.monitor.registry.task("one", "missed")?.status === status);
    }
    relay.mend();
    await page.locator(".timeline-row", { hasText: "Unheard" }).waitFor();
    await page.locator(".timeline-running", { hasText: "After" }).waitFor();
  });
  await finish();
});

Deno.test("task page: fits a phone screen, and everything can be reached with Tab", async () => {
  await using server = startServer();
  await logging(server, "narrow", 600);
  await withPage({ viewport: { width: 390, height: 800 } }, async ({ page, complaints }) => {
    await openLog(page, server, "narrow");
    assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    const seen = new Set<string>();
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      seen.add(
        await page.evaluate(() => {
          const { activeElement: at } = document;
          return at?.getAttribute("aria-label") ?? at?.textContent ?? "";
        }),
      );
    }
    for (const control of ["Remove narrow", "Search the log", "Full screen", "Download"]) {
      assert(seen.has(control), `Tab does not reach ${control}: ${[...seen].join(" | ").slice(0, 900)}`);
    }
    assertGreater(seen.size, 8);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: shows progress over time as a chart, which continues live", async () => {
  await using server = startServer();
  const { task: begun, finish } = puppet(server, "drawn");
  const task = await begun;
  await task.update({ progress: 10 });
  await withPage({}, async ({ page }) => {
    await open(page, server, "drawn");
    for (const progress of [20, 40, 60, 80]) {
      await task.update({ progress });
      await page.locator("main").getByText(`${progress}%`, { exact: true }).first().waitFor();
    }
    await page.getByRole("img", { name: /Progress over .*80% so far/ }).waitFor();
    // The chart contains all points once the clock of the page has passed them.
    await page.waitForFunction(() =>
      document.querySelector(".chart-line")!.getAttribute("d")!.split("L").length >= 5
    );
    await page.getByRole("heading", { name: "Progress over time" }).waitFor();
    await finish();
  });
});

Deno.test("task page: arguments and results are shown as JSON trees that can be collapsed with the keyboard", async () => {
  await using server = startServer();
  const files = Array.from({ length: 3 }, (_, n) => ({ name: `part ${n}`, "is <b>": n }));
  await server.monitor.monitored(() => ({ files, took: 1.5, note: null, text: "one\n  two" }), {
    client: "one",
    id: "json",
    metadata: { host: "db-1", options: { deep: [1, 2] } },
  })();
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "json");
    const result = page.getByRole("region", { name: "Result" });
    for (const words of ['"took": 1.5', '"note": null', '"name": "part 2"', '"is <b>": 2']) {
      await result.getByText(words).first().waitFor();
    }
    assertEquals(await result.locator(".json-text").innerText(), "one\n  two");
    const list = result.locator("summary", { hasText: '"files"' });
    assertStringIncludes(await list.innerText(), "3 items");
    await list.focus();
    await page.keyboard.press("Enter");
    await result.getByText('"name": "part 2"').waitFor({ state: "hidden" });
    await page.getByRole("region", { name: "Metadata" }).getByText('"host": "db-1"').waitFor();
    assertEquals(complaints, []);
  });
});

Deno.test("task page: the suggested terminal commands work", async () => {
  await using server = startServer();
  const shell = await findTool(["bash"], "The lines for the terminal");
  const curl = await findTool(["curl"], "The lines for the terminal");
  if (shell === undefined || curl === undefined) return;
  const { task: begun, fail } = puppet(server, "typed");
  const task = await begun;
  await task.update({ progress: 40, status: "Going" });
  task.log("a line");
  await withPage({}, async ({ page }) => {
    await open(page, server, task.id);
    const line = (purpose: string) => page.getByLabel(purpose, { exact: true }).innerText();
    const type = async (purpose: string) => {
      const { success, stdout } = await new Deno.Command(shell, { args: ["-c", await line(purpose)] })
        .output();
      assert(success, purpose);
      return new TextDecoder().decode(stdout);
    };
    assertEquals(JSON.parse(await type("This task as JSON")).status, "Going");
    assertStringIncludes(await type("The log as text"), "a line");
    const socket = /^npx -y wscat -c (ws:\S+)$/.exec(await line("Live updates until it ends"))?.[1];
    const heard = new WebSocket(socket!);
    const first = await new Promise<MessageEvent>((resolve) => heard.onmessage = resolve);
    assertEquals(JSON.parse(first.data).id, task.id);
    const imported = /"(.+monitored\.ts)"/.exec(await line("Report from your own program"))?.[1];
    assertStringIncludes(await (await fetch(imported!)).text(), "monitored");
    await type("Cancel this task");
    assert(task.signal.aborted);
    const closed = new Promise((resolve) => heard.onclose = resolve);
    await fail(task.signal.reason);
    await page.locator(".pill", { hasText: "Cancelled" }).first().waitFor();
    await closed;
  });
});
