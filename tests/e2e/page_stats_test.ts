/** Tests of the pages about past runs in a real browser. */

import type { Page } from "playwright-core";
import { assertEquals, assertGreater, assertLessOrEqual, assertMatch } from "../support/assert.ts";
import { axeFindings, axeFindingsInLightAndDark } from "../support/axe.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { untilLive } from "../support/live.ts";
import { reportRuns, type TimedRun } from "../support/past_runs.ts";
import { startServer } from "../support/server.ts";

/** Forty runs of one name, one an hour: every fifth run of the newer half failed. */
const RUNS: readonly TimedRun[] = Array.from({ length: 40 }, (_, n) => ({
  id: `run-${n}`,
  name: "import",
  ago: (40 - n) * 3_600,
  took: 100 + n,
  state: n >= 20 && n % 5 === 0 ? "ERROR" : "FINISHED",
}));

function figure(page: Page, title: string) {
  return page.locator(".names-figure", { hasText: title }).locator("dd");
}

Deno.test("stats page: runs that end are counted without a reload, and the focus and the links remain", async () => {
  await using server = startServer();
  reportRuns(server.monitor, [...RUNS, { id: "running", name: "import", ago: 50 }]);
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/stats/one/import`);
    await untilLive(page);
    assertEquals(await figure(page, "Runs").innerText(), "40");
    await page.getByRole("link", { name: "run-39", exact: true }).focus();
    reportRuns(server.monitor, [{ id: "next", name: "import", ago: 9, took: 5 }]);
    await figure(page, "Runs").getByText("41", { exact: true }).waitFor();
    assertEquals(await page.locator(":focus").innerText(), "run-39");
    await page.getByRole("link", { name: "next", exact: true }).waitFor();
    await page.getByText("Show tasks, 1 active").waitFor();

    await page.goto(`${server.url}/stats/one`);
    await untilLive(page);
    await server.monitor.monitored(() => null, { client: "one", id: "new", name: "a new name" })();
    await page.getByRole("link", { name: "a new name" }).waitFor();
    assertEquals(await axeFindings(page), []);
    assertEquals(complaints, []);
  });
});

Deno.test("stats page: a removed task stays among the runs, without a link", async () => {
  await using server = startServer();
  reportRuns(server.monitor, RUNS);
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/stats/one/import`);
    await untilLive(page);
    await fetch(`${server.url}/tasks/one/run-39`, { method: "DELETE" });
    await page.reload();
    assertEquals(await figure(page, "Runs").innerText(), "40");
    assertEquals(await page.locator(".run-gone").allInnerTexts(), ["run-39"]);
    assertEquals(await page.getByRole("link", { name: "run-39" }).count(), 0);
  });
});

Deno.test("stats page: durations and failures are charts that need no JavaScript, in light and dark", async () => {
  await using server = startServer();
  reportRuns(server.monitor, RUNS);
  await withPage({ javaScriptEnabled: false }, async ({ page }) => {
    await page.goto(`${server.url}/stats/one/import`);
    const bars = async (title: string) =>
      await page.getByRole("region", { name: title }).getByRole("listitem").allInnerTexts();
    const durations = await bars("How long they took");
    assertEquals(durations.length, 12);
    const counts = durations.map((text) => Number(/: (\d+) runs?$/.exec(text)?.[1]));
    assertEquals(counts.reduce((sum, count) => sum + count), 36);
    const gaps = await page.locator(".run-panel:has(.histogram)").evaluateAll((panels) =>
      panels.map((panel) => {
        const box = (selector: string) => panel.querySelector(selector)!.getBoundingClientRect();
        return box(".histogram").top - box(".histogram-top").bottom;
      })
    );
    assertEquals(gaps.map((gap) => gap >= 0), [true, true], "the text at the top is not on a bar");
    assertEquals(await page.locator(".histogram-top").allInnerTexts(), [
      `${Math.max(...counts)} runs`,
      "100%",
    ]);
    const failures = await bars("How many failed over time");
    assertMatch(
      failures[0]!,
      /^0 of \d+ runs failed, \d{4}-\d\d-\d\d [\d:]+ UTC to \d{4}-\d\d-\d\d [\d:]+ UTC$/,
    );
    assertEquals(await page.locator(".histogram [data-from] title").allTextContents(), failures);
    const failed = failures.map((text) => Number(/^(\d+) of/.exec(text)?.[1] ?? 0));
    assertEquals(failed.slice(0, 6).reduce((sum, count) => sum + count), 0);
    assertEquals(failed.slice(6).reduce((sum, count) => sum + count), 4);
  });
  await withPage({}, async ({ page }) => {
    for (const path of ["/stats/one", "/stats/one/import"]) {
      await page.goto(server.url + path);
      await untilLive(page);
      assertEquals(await axeFindingsInLightAndDark(page), [], path);
    }
  });
});

Deno.test("stats page: the bars say how long ago the runs ended, as the list below does", async () => {
  await using server = startServer();
  reportRuns(server.monitor, [...RUNS, { id: "last", name: "import", ago: 10, took: 8 }]);
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/stats/one/import`);
    await untilLive(page);
    const ago = page.locator(".run-list li", { hasText: "last" }).locator("time");
    await ago.getByText(/^\d+ s ago$/).waitFor();
    const [text, label, tooltip] = await ago.evaluate((time) => {
      const bar = document.querySelector('.run-bars a[href$="/last"]')!;
      return [time.textContent, bar.getAttribute("aria-label"), bar.querySelector("title")!.textContent];
    });
    assertEquals([label, tooltip], Array(2).fill(`Finished after 8s, ${text}`));
  });
});

Deno.test("stats page: times are in the zone of the browser", async () => {
  await using server = startServer();
  reportRuns(server.monitor, RUNS);
  const { finished_at } = (await call("GET", `${server.url}/tasks/one/run-0`)).json;
  const end = new Date(finished_at * 1_000);
  await withPage({ timezoneId: "Asia/Tokyo" }, async ({ page }) => {
    await page.goto(`${server.url}/stats/one/import`);
    await untilLive(page);
    const first = page.getByRole("region", { name: "How many failed over time" }).locator("time").first();
    const clock = end.toLocaleTimeString("en-GB", { timeZone: "Asia/Tokyo" });
    await first.getByText(new RegExp(` ${clock}$`)).waitFor();
    const section = page.getByRole("region", { name: "How many failed over time" });
    assertEquals(
      await section.locator("title").allTextContents(),
      await section.getByRole("listitem").allTextContents(),
    );
    assertMatch(
      await page.locator(".run-list time").first().getAttribute("title") ?? "",
      /^\d{4}-\d\d-\d\d [\d:]+$/,
    );
  });
});

Deno.test("stats page: on a phone, every name shows its numbers and its chart without scrolling sideways", async () => {
  await using server = startServer();
  reportRuns(server.monitor, [...RUNS, {
    id: "x",
    name: "long_unbroken_name_".repeat(8),
    ago: 60,
    took: 30,
  }]);
  await withPage({ viewport: { width: 390, height: 844 } }, async ({ page }) => {
    for (const path of ["/stats/one", "/stats/one/import"]) {
      await page.goto(server.url + path);
      await untilLive(page);
      assertEquals(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, path);
      assertEquals(await axeFindings(page), []);
    }
    await page.goto(`${server.url}/stats/one`);
    const row = page.getByRole("row", { name: /^import/ });
    assertEquals(await row.getByRole("cell").count(), 6);
    const chart = (await row.locator(".run-bars").boundingBox())!;
    assertGreater(chart.width, 300);
    assertLessOrEqual(chart.x + chart.width, 390);
    const label = (cell: Element) => getComputedStyle(cell, "::before").content;
    assertEquals(await row.locator("[data-label=Median]").evaluate(label), '"Median"');
  });
});
