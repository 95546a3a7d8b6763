/**
 * Tests of what the list page says above the list, in a real browser: the tasks that need attention, and the number of
 * tasks in each state.
 */

import type { Page } from "playwright-core";
import { MAX_ATTENTION } from "../../ui/shared/attention.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { hideTab, prepareTab } from "../support/tab.ts";
import { run, startTaskServer, type TaskServer } from "../support/task_server.ts";

const WIDE = { width: 1440, height: 900 };

function report(server: TaskServer, path: string, body: Readonly<Record<string, unknown>> = {}) {
  return call("POST", `${server.url}/tasks/care${path}`, { body });
}

async function open(page: Page, server: TaskServer, search = ""): Promise<void> {
  await page.goto(`${server.url}/t/care${search}`);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

/** Waits until exactly these tasks need attention, in this order. */
async function needed(page: Page, ...wanted: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const links = [...document.querySelectorAll(".attention-item a")];
    return links.map(({ textContent }) => textContent).join() === wanted;
  }, wanted.join());
}

Deno.test("attention: the number of tasks says if there may be more than are shown", async () => {
  await using server = startTaskServer();
  const count = async () => {
    const { text } = await call("GET", `${server.url}/t/care`, { headers: { accept: "text/html" } });
    return /id="attention-title"[^>]*>.*?section-count number">([^<]*)</s.exec(text)?.[1];
  };
  const fail = async (id: string) => {
    await report(server, "", { id, name: "job" });
    await report(server, `/${id}/fail`, { error: { message: "no", type: "Error" } });
  };
  for (let number = 1; number < MAX_ATTENTION; number++) await fail(`${number}`);
  assertEquals(await count(), "49");
  for (const id of ["one", "another"]) await fail(id);
  assertEquals(await count(), "50+");
});

Deno.test("attention: a failure needs attention until it is opened or marked in this browser, or retried", async () => {
  await using server = startTaskServer();
  await report(server, "", { id: "a", name: "import orders" });
  await report(server, "/a/fail", { error: { message: "no such file: orders.csv", type: "NotFound" } });
  await run(`${server.url}/tasks/care`, "fails", { id: "b" });
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    await needed(page, "fails", "import orders");
    const section = page.getByTestId("attention");
    await section.getByText("NotFound: no such file: orders.csv").waitFor();
    const room = await section.getByRole("link", { name: "import orders" }).evaluate((link) => {
      const [inner, outer] = [link, link.parentElement!].map((each) => each.getBoundingClientRect());
      return Math.min(inner!.top - outer!.top, outer!.bottom - inner!.bottom);
    });
    assert(room >= 4, `${room} pixels are too few for the outline of a link that has the focus`);

    await section.getByRole("link", { name: "import orders" }).click();
    await page.waitForURL(`${server.url}/t/care/a`);
    await page.getByRole("heading", { name: "NotFound" }).waitFor();
    await open(page, server);
    await needed(page, "fails");

    // A failure that occurs while the page is open needs attention until the task is retried.
    await report(server, "", { id: "c", name: "export" });
    await report(server, "/c/fail", { error: { message: "disk full", type: "Full" } });
    await needed(page, "export", "fails");
    await section.getByRole("button", { name: "Retry fails" }).click();
    await page.getByText("attempt 2").waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".attention-item").length === 2);
    await section.getByRole("button", { name: "Mark 2 failures as seen" }).click();
    await section.waitFor({ state: "detached" });
    await page.reload();
    await open(page, server);
    await needed(page);
    assertEquals(complaints, []);
  });
  // In another browser, no failure was opened yet; the first attempt needs no attention, because it was
  // retried.
  await withPage({ viewport: WIDE, javaScriptEnabled: false }, async ({ page }) => {
    await page.goto(`${server.url}/t/care`);
    await needed(page, "fails", "export", "import orders");
  });
});

Deno.test("attention: a failure counts as opened only if the failed task was visible, and a later task with its id does not", async () => {
  await using server = startTaskServer();
  const fail = (id: string) =>
    report(server, `/${id}/fail`, { error: { message: "disk full", type: "Full" } });
  await report(server, "", { id: "a", name: "backup" });
  await report(server, "", { id: "b", name: "import" });
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await prepareTab(page);
    // A task page that was opened while the task was running shows the failure only if it is still visible.
    await open(page, server, "/a");
    await hideTab(page, true);
    await fail("a");
    await page.waitForFunction(() => document.title.includes("✗"));
    await open(page, server);
    await needed(page, "backup");
    await open(page, server, "/b");
    await fail("b");
    await page.getByRole("heading", { name: "Full" }).waitFor();
    await open(page, server);
    await needed(page, "backup");

    await open(page, server, "/a");
    await open(page, server);
    await needed(page);
    await call("DELETE", `${server.url}/tasks/care/a`);
    await report(server, "", { id: "a", name: "backup" });
    await fail("a");
    await needed(page, "backup");
    assertEquals(complaints, []);
  });
});

Deno.test("attention: a stale task and a task that is slower than usual are listed with the reason, the stale task first", async () => {
  await using server = startTaskServer();
  for (const id of ["1", "2", "3"]) {
    await report(server, "", { id, name: "quick" });
    await report(server, `/${id}/finish`);
  }
  await report(server, "", { id: "slow", name: "quick" });
  await report(server, "/slow", { progress: 10 });
  await report(server, "", { id: "stale", name: "sync", stale_after: 1 });
  await report(server, "/stale", { progress: 10 });
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    await needed(page, "sync", "quick");
    const section = page.getByTestId("attention");
    await section.getByText(/^No sign of life for/).waitFor();
    await section.getByText(/s so far, /).waitFor();
    await report(server, "/stale", { progress: 20 });
    await needed(page, "quick");
    await report(server, "/slow/finish");
    await section.waitFor({ state: "detached" });
    assertEquals(complaints, []);
  });
});

Deno.test("counts: the state filters show live how many tasks are in each state, although most tasks are not loaded", async () => {
  await using server = startTaskServer({ limits: { endedTasksPerClient: 1_000 } });
  for (let first = 0; first < 300; first += 50) {
    await Promise.all(Array.from({ length: 50 }, async (_, index) => {
      const id = String(first + index);
      await report(server, "", { id, name: Number(id) % 2 === 0 ? "even" : "odd" });
      if (Number(id) < 150) await report(server, `/${id}/finish`);
    }));
  }
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    const counts = (wanted: Readonly<Record<string, number>>) =>
      page.waitForFunction(
        (wanted) =>
          Object.entries(wanted).every(([state, count]) =>
            document.querySelector(`[data-count="${state}"]`)?.textContent === String(count)
          ),
        wanted,
      );
    await counts({ NOT_STARTED: 150, FINISHED: 150, ERROR: 0 });
    await report(server, "/200/fail", { error: { message: "no", type: "OddError" } });
    await report(server, "", { id: "new", name: "odd" });
    await counts({ NOT_STARTED: 150, FINISHED: 150, ERROR: 1 });
    // The counts follow the other filters, but not the selected states.
    await page.getByRole("checkbox", { name: "Failed" }).check();
    await page.locator(".toolbar-state").getByText("1 task matches.").waitFor();
    await counts({ NOT_STARTED: 150, FINISHED: 150, ERROR: 1 });
    await page.getByRole("searchbox").fill("even");
    await counts({ NOT_STARTED: 74, FINISHED: 75, ERROR: 1 });

    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByRole("link", { name: "Completed 151" }).click();
    await page.locator(".toolbar-state").getByText("151 tasks match.").waitFor();
    assertEquals(await page.locator('[data-testid="ended"] li[data-task-id="200"]').count(), 1);
    assertEquals(complaints, []);
  });
});
