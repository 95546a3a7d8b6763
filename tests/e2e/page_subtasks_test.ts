/** Tests of the subtasks in a list, in a real browser. */

import type { Page } from "playwright-core";
import { assert, assertEquals } from "../support/assert.ts";
import { axeFindings } from "../support/axe.ts";
import { follow, withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { untilLive } from "../support/live.ts";
import { reportRuns } from "../support/past_runs.ts";
import { startTaskServer, type TaskServer } from "../support/task_server.ts";

const WIDE = { width: 1440, height: 1200 };

function report(server: TaskServer, path: string, body: Readonly<Record<string, unknown>> = {}) {
  return call("POST", `${server.url}/tasks/tree${path}`, { body });
}

async function start(server: TaskServer, id: string, parent?: string): Promise<void> {
  await report(server, "", { id, name: `task ${id}`, ...(parent !== undefined && { parent_id: parent }) });
}

/** Starts a task with four levels of subtasks, one more than lists show. */
async function startTree(server: TaskServer): Promise<void> {
  await start(server, "a");
  await start(server, "b", "a");
  await start(server, "b2", "a");
  await start(server, "c", "b");
  await start(server, "d", "c");
  await start(server, "e", "d");
  await report(server, "/b2/finish");
}

async function open(page: Page, server: TaskServer, search = ""): Promise<void> {
  await page.goto(`${server.url}/t/tree${search}`);
  await untilLive(page);
  // The page ignores a click on what has just come under a resting pointer.
  await page.mouse.move(1, 1);
}

/**
 * Waits until the list has exactly these rows: each is the id of a task after the ids of its ancestors, as in
 * `a/b`.
 */
async function shows(page: Page, ...wanted: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll<HTMLElement>("li[data-task-id]")];
    return rows.map((row) => {
      const path: string[] = [];
      for (let each: HTMLElement | null | undefined = row; each; each = each.parentElement?.closest("li")) {
        path.unshift(each.dataset.taskId!);
      }
      return path.join("/");
    }).join() === wanted;
  }, wanted.join());
}

Deno.test("subtasks: are listed below their parents, live, at three levels, and alone if a filter finds them", async () => {
  await using server = startTaskServer({ limits: { restoreWindowMs: 60_000 } });
  await startTree(server);
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    await shows(page, "a", "a/b", "a/b/c", "a/b/c/d", "a/b2");
    const row = (id: string) => page.locator(`[data-task-id="${id}"]`);
    const below = row("a").locator("> .row-below > summary");
    assertEquals(await below.textContent(), "1 of 2 subtasks ended");
    await row("d").getByRole("link", { name: "0 of 1 subtask ended" }).waitFor();
    await page.getByText("and 4 subtasks").waitFor();
    assertEquals(await axeFindings(page), []);

    // A subtask whose parent is reported later is listed alone until the parent is reported.
    await start(server, "y", "x");
    await shows(page, "y", "a", "a/b", "a/b/c", "a/b/c/d", "a/b2");
    await start(server, "x", "a");
    await shows(page, "a", "a/b", "a/b/c", "a/b/c/d", "a/b2", "a/x", "a/x/y");
    await report(server, "/y/finish");
    await row("x").getByText("1 subtask").waitFor();

    // An unfinished task is never listed below an ended one.
    await report(server, "/a/finish");
    await shows(page, "x", "x/y", "b", "b/c", "b/c/d", "a", "a/b2");
    await row("b").getByRole("link", { name: "task a" }).waitFor();
    assertEquals(await row("b2").isVisible(), false);

    // Without its parent, a subtask is listed alone, until the removal is undone.
    await row("a").locator("> .row-actions").getByRole("button", { name: "Remove task a" }).click();
    await shows(page, "x", "x/y", "b", "b/c", "b/c/d", "b2");
    await page.getByRole("button", { name: "Undo the removal of 1 task" }).click();
    await shows(page, "x", "x/y", "b", "b/c", "b/c/d", "a", "a/b2");

    await page.getByRole("searchbox").fill("task c");
    await shows(page, "c");
    assertEquals(
      await row("c").getByRole("link", { name: "task b" }).getAttribute("href"),
      "/t/tree/b",
    );
    assertEquals(complaints, []);
  });
});

Deno.test("subtasks: can be reached and selected with the keyboard, and the rest of a long group is counted", async () => {
  await using server = startTaskServer();
  // If both start in the same millisecond, the list has them in the reverse order of their ids, which is the same order.
  await start(server, "alone");
  await start(server, "many");
  for (let number = 0; number < 22; number++) await start(server, `m${number}`, "many");
  await start(server, "bad", "many");
  await report(server, "/bad/finish");
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    const row = (id: string) => page.locator(`[data-task-id="${id}"]`);
    await row("many").getByRole("link", { name: "3 more subtasks" }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    assertEquals(await page.evaluate(() => document.activeElement?.textContent), "task m0");
    await page.keyboard.press("x");
    await page.getByTestId("bulk").getByText("1 selected").waitFor();
    // A full group shows its unfinished subtasks, and only counts the ended ones.
    await report(server, "/m0/finish");
    await row("many").getByText("2 of 23 subtasks ended").waitFor();
    await start(server, "new", "many");
    await row("many").getByText("2 of 24 subtasks ended").waitFor();
    await row("new").waitFor();
    assertEquals(await row("m0").count(), 0);
    await page.keyboard.press("Escape");
    await page.getByTestId("bulk").waitFor({ state: "hidden" });
    await row("many").locator("summary").click();
    assertEquals(await row("m1").isVisible(), false);
    await page.keyboard.press("j");
    assertEquals(await page.evaluate(() => document.activeElement?.textContent), "task alone");
    // A collapsed group stays collapsed after a filter has hidden the row of its parent.
    await page.getByRole("searchbox").fill("task alone");
    await shows(page, "alone");
    await page.getByRole("searchbox").fill("");
    await row("m1").waitFor({ state: "attached" });
    assertEquals(await row("m1").isVisible(), false);
    assertEquals(complaints, []);
  });
});

Deno.test("subtasks: a retry is listed beside the failed attempt, which then needs no attention", async () => {
  await using server = startTaskServer();
  const part = { client: "tree", name: "part", parent_id: "all" };
  await report(server, "", { id: "all", name: "all", expected_weight: 2 });
  reportRuns(server.monitor, [{ ...part, id: "first", ago: 50, took: 9, state: "ERROR" }]);
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    await shows(page, "all", "all/first");
    const attention = page.getByTestId("attention");
    await attention.getByRole("link", { name: "part" }).waitFor();
    reportRuns(server.monitor, [{
      ...part,
      id: "second",
      ago: 20,
      attempt: 2,
      retry_of: "first",
      progress: 60,
    }]);
    await shows(page, "all", "all/first", "all/second");
    await attention.waitFor({ state: "detached" });
    const all = page.locator('[data-task-id="all"]');
    // Only the new attempt counts for the progress of the parent, and makes up half of it.
    await all.locator("> .row-percent", { hasText: /^30%$/ }).waitFor();
    await all.locator("> .row-below > summary", { hasText: /^1 of 2 subtasks ended$/ }).waitFor();
    await page.locator('[data-task-id="second"]').getByText("attempt 2").waitFor();
    assertEquals(complaints, []);
  });
});

Deno.test("subtasks: are listed without JavaScript, and no row moves when the script has loaded", async () => {
  await using server = startTaskServer();
  await startTree(server);
  let before: unknown;
  const places = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("li[data-task-id]")].map((row) => [
        row.dataset.taskId,
        row.getBoundingClientRect().top,
        row.getBoundingClientRect().height,
      ])
    );
  await withPage({ viewport: WIDE, javaScriptEnabled: false }, async ({ page }) => {
    await page.goto(`${server.url}/t/tree`);
    assert(await page.locator('[data-task-id="d"]').isVisible());
    await page.locator('[data-task-id="b2"]').getByRole("checkbox").check();
    await follow(page.getByRole("button", { name: "Remove selected tasks" }));
    assertEquals(await page.locator('[data-task-id="b2"]').count(), 0);
    await page.locator('[data-task-id="a"] > .row-below > summary').click();
    assertEquals(await page.locator('[data-task-id="d"]').isVisible(), false);
    await page.goto(`${server.url}/t/tree`);
    before = await places(page);
  });
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    const after = await places(page);
    // Without JavaScript, a notice above the list moves all rows down by the same distance.
    const shift = (rows: unknown) => {
      const all = rows as [string, number, number][];
      return all.map(([id, top, height]) => [id, top - all[0]![1], height]);
    };
    assertEquals(shift(after), shift(before));
    assertEquals(complaints, []);
  });
});
