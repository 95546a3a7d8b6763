/** Tests in a real browser of how a task page compares a run with others, and its subtasks with each other. */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { axeFindings } from "../support/axe.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { untilLive } from "../support/live.ts";
import { reportRuns, type TimedRun } from "../support/past_runs.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Past runs of the name "import" that took 1,000 seconds each. */
const PAST: readonly TimedRun[] = [1, 2, 3].map((n) => {
  return { id: `past-${n}`, name: "import", ago: 20_000 - 2_000 * n, took: 1_000 };
});

async function open(page: Page, server: TestServer, id: string): Promise<void> {
  await page.goto(`${server.url}/t/one/${id}`);
  await untilLive(page);
}

function figure(page: Page, label: string) {
  return page.locator(".figure").filter({ has: page.getByText(label, { exact: true }) }).locator("dd");
}

Deno.test("task page: a run shows how far it is behind past runs, and a mark shows where past runs were by then", async () => {
  await using server = startServer();
  reportRuns(server.monitor, [...PAST, { id: "now", name: "import", ago: 860, progress: 20 }]);
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "now");
    // Past runs took 1,000 s, so a usual run is at 86 % after 860 s, and a little further once the page is
    // open.
    assertMatch(await figure(page, "Pace").innerText(), /^1[1-4]m \d\ds behind usual$/);
    assertEquals(await figure(page, "Usually").innerText(), "16m 40s");
    const mark = parseFloat(await page.locator(".pace-mark line").getAttribute("x1") ?? "");
    assert(mark >= 86 && mark <= 100, `${mark}`);
    await page.getByText("Where past runs were by now", { exact: true }).waitFor();
    assertEquals(await axeFindings(page), []);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: a name with fewer than three successful runs has no pace", async () => {
  await using server = startServer();
  const failed = { id: "failed", name: "import", ago: 9_000, took: 1_000, state: "ERROR" } as const;
  reportRuns(server.monitor, [...PAST.slice(1), failed, {
    id: "now",
    name: "import",
    ago: 900,
    progress: 20,
  }]);
  assertEquals((await call("GET", `${server.url}/tasks/one/now`)).json.expected_duration, null);
  await withPage({}, async ({ page }) => {
    await open(page, server, "now");
    assertEquals(
      await Promise.all([".pace-mark", ".pace-legend"].map((each) => page.locator(each).count())),
      [0, 0],
    );
    assertEquals(await figure(page, "Pace").count(), 0);
  });
});

Deno.test("task page: a finished run is compared with past runs, also without JavaScript", async () => {
  await using server = startServer();
  reportRuns(server.monitor, [...PAST, { id: "last", name: "import", ago: 2_000, took: 1_720 }]);
  assertEquals((await call("GET", `${server.url}/tasks/one/last`)).json.expected_duration, 1_000);
  await withPage({ javaScriptEnabled: false }, async ({ page }) => {
    await page.goto(`${server.url}/t/one/last`);
    assertEquals(await figure(page, "Pace").innerText(), "12m 00s longer than usual");
  });
});

Deno.test("task page: subtasks are bars on one time axis, which continues live and can be used with the keyboard", async () => {
  await using server = startServer();
  const part = { parent_id: "all" };
  reportRuns(server.monitor, [
    { id: "all", name: "all", ago: 10_000 },
    { id: "fetch", name: "fetch", ago: 10_000, took: 4_000, ...part },
    { id: "parse", name: "parse", ago: 6_000, took: 2_000, state: "ERROR", ...part },
    { id: "load", name: "load", ago: 5_000, ...part },
    { id: "rows", name: "rows", ago: 2_500, parent_id: "load" },
  ]);
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server, "all");
    const rows = page.getByRole("list", { name: "When they ran" }).getByRole("listitem");
    assertEquals(await rows.count(), 4);
    const bar = async (n: number) => {
      const rect = rows.nth(n).locator(".gantt-bar");
      return [await rect.getAttribute("x"), await rect.getAttribute("width")].map((text) =>
        parseFloat(text!)
      );
    };
    const [[first, fetched], [second], [, rowsLength]] = [await bar(0), await bar(1), await bar(3)];
    assert(Math.abs(first!) < 1 && Math.abs(fetched! - 40) < 5, `fetch: ${first} ${fetched}`);
    assert(Math.abs(second! - 40) < 5, `parse: ${second}`);
    assert(Math.abs(rowsLength! - 25) < 5, `rows: ${rowsLength}`);
    const link = rows.nth(1).getByRole("link");
    assertMatch(await link.innerText(), /^parse\s*: Failed, started after 1h 06m, took 33m 20s$/);
    // A subtask that starts now appears.
    reportRuns(server.monitor, [{ id: "index", name: "index", ago: 0, ...part }]);
    await rows.getByRole("link", { name: /^index ?: Starting/ }).waitFor();
    assertEquals(await axeFindings(page), []);
    await link.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/t\/one\/parse$/);
    assertEquals(complaints, []);
  });
});
