/** Tests that a person who has only a keyboard can do everything on the pages: no step of the tour uses the mouse. */

import type { Locator, Page } from "playwright-core";
import { assert, assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startTaskServer, type TaskServer } from "../support/task_server.ts";

/** The maximum number of presses of Tab: more than any page has focusable elements. */
const MAX_TABS = 80;

/** Presses Tab until an element has the focus. */
async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  for (let presses = 0; presses < MAX_TABS; presses++) {
    await page.keyboard.press(key);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${key} never reaches ${target}`);
}

async function live(page: Page): Promise<void> {
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

/** Waits until the list has exactly these tasks, in any order. */
async function shows(page: Page, ids: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll<HTMLElement>("li[data-task-id]")];
    return rows.map((row) => row.dataset.taskId).sort().join() === wanted;
  }, ids.toSorted().join());
}

/** Starts a server with a failed task and two running ones, of which one has a log. */
async function startShop(): Promise<TaskServer> {
  const server = startTaskServer();
  const tasks = `${server.url}/tasks/shop`;
  await call("POST", tasks, { body: { id: "import", name: "import orders" } });
  await call("POST", `${tasks}/import/fail`, { body: { error: { message: "no such file" } } });
  for (const id of ["upload", "backup"]) {
    await call("POST", tasks, { body: { id, name: `nightly ${id}` } });
    await call("POST", `${tasks}/${id}`, { body: { progress: 20 } });
  }
  const lines = Array.from(
    { length: 300 },
    (_, index) => index % 100 === 50 ? `WARN line ${index}` : "copied",
  );
  await call("POST", `${tasks}/backup/logs`, { body: { lines } });
  return server;
}

Deno.test("page: the whole tour works with the keyboard alone", async () => {
  await using server = await startShop();
  await withPage({}, async ({ page, complaints }) => {
    const { keyboard } = page;
    await page.goto(`${server.url}/t/shop`);
    await live(page);

    await keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await help.waitFor();
    await keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });

    await tabTo(page, page.getByRole("checkbox", { name: "Failed" }));
    await keyboard.press("Space");
    await shows(page, ["import"]);
    await keyboard.press("Space");
    await shows(page, ["import", "upload", "backup"]);

    await keyboard.press("/");
    await keyboard.type("backup");
    await shows(page, ["backup"]);
    await tabTo(page, page.getByRole("link", { name: "nightly backup", exact: true }));
    await keyboard.press("Enter");
    await page.waitForURL(`${server.url}/t/shop/backup`);
    await live(page);

    const search = page.getByRole("searchbox", { name: "Search the log" });
    await search.waitFor();
    await keyboard.press("/");
    await keyboard.type("warn");
    await page.getByText("Match 1 of 3 in 300 lines", { exact: true }).waitFor();
    await keyboard.press("Enter");
    await page.getByText("Match 2 of 3 in 300 lines", { exact: true }).waitFor();
    await page.locator(".log-line[aria-current]").getByText("WARN line 150").waitFor();
    await keyboard.press("Shift+Enter");
    await page.locator(".log-line[aria-current]").getByText("WARN line 50").waitFor();

    const cancel = page.getByRole("button", { name: "Cancel nightly backup", exact: true });
    await tabTo(page, cancel, "Shift+Tab");
    await keyboard.press("Enter");
    await page.getByRole("button", { name: "Undo the cancellation of nightly backup" }).waitFor();
    await keyboard.press("Enter");
    await cancel.waitFor();
    assertEquals(server.monitor.registry.tasks("shop").some((task) => task.cancel_requested), false);
    // This time, the cancellation is not undone.
    await keyboard.press("Enter");
    await page.getByRole("button", { name: "Cancelling nightly backup" }).waitFor();

    await keyboard.press("Escape");
    await page.waitForURL((url) => url.pathname === "/t/shop");
    await live(page);

    await tabTo(page, page.locator("summary", { hasText: "echo" }));
    await keyboard.press("Enter");
    await keyboard.press("Tab");
    await keyboard.type('["by keyboard"]');
    await tabTo(page, page.getByRole("button", { name: "Start echo" }));
    await keyboard.press("Enter");
    await tabTo(page, page.getByRole("link", { name: "view task" }));
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "echo", level: 1 }).waitFor();
    await page.getByText("by keyboard").first().waitFor();
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});

/** Returns the id of the row that has the focus, and the edges of what has the focus, of its row and of the bar. */
function focusedRow(page: Page) {
  return page.evaluate(() => {
    const edges = (element: Element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return { top: Math.round(top), bottom: Math.round(bottom) };
    };
    const focused = document.activeElement!;
    const row = focused.closest<HTMLElement>("[data-task-id]");
    return {
      id: row?.dataset.taskId ?? null,
      focus: edges(focused),
      row: row && edges(row),
      header: edges(document.querySelector("header")!),
      bar: edges(document.getElementById("bulk")!),
    };
  });
}

Deno.test("page: the bar of the selected tasks covers no row or control that the keyboard moves to", async () => {
  await using server = startTaskServer();
  for (let index = 0; index < 30; index++) {
    await call("POST", `${server.url}/tasks/shop`, { body: { id: `t${index}`, name: `order ${index}` } });
  }
  for (const viewport of [{ width: 1280, height: 800 }, { width: 320, height: 800 }]) {
    await withPage({ viewport }, async ({ page, complaints }) => {
      await page.goto(`${server.url}/t/shop`);
      await live(page);
      await page.keyboard.press("j");
      await page.keyboard.press("x");
      await page.getByText("1 selected").waitFor();
      for (let presses = 0; presses < 20; presses++) {
        await page.keyboard.press("j");
        const { id, row, bar } = await focusedRow(page);
        assert(row!.bottom <= bar.top, `${id} ends at ${row!.bottom}, below ${bar.top}`);
      }
      for (let presses = 0; presses < 20; presses++) {
        await page.keyboard.press("Tab");
        const { id, focus, bar } = await focusedRow(page);
        assert(focus.bottom <= bar.top, `The focus in ${id} ends at ${focus.bottom}, below ${bar.top}`);
      }
      assertEquals(complaints, []);
    });
  }
  assertEquals(server.errors, []);
});

Deno.test("page: the row that the keyboard moves to is visible even if its subtasks fill the window", async () => {
  await using server = startTaskServer();
  const tasks = `${server.url}/tasks/shop`;
  await call("POST", tasks, { body: { id: "all", name: "all orders" } });
  for (let index = 0; index < 30; index++) {
    await call("POST", tasks, { body: { id: `t${index}`, name: `order ${index}`, parent_id: "all" } });
  }
  await withPage({ viewport: { width: 1280, height: 600 } }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    for (let presses = 0; presses < 15; presses++) await page.keyboard.press("j");
    for (let presses = 0; presses < 14; presses++) await page.keyboard.press("k");
    const { id, focus, header } = await focusedRow(page);
    assertEquals(id, "all");
    assert(focus.top >= header.bottom, `The name starts at ${focus.top}, above ${header.bottom}`);
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});
