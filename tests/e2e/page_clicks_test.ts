/** Tests of what a click or a key on a live page acts on, in a real browser: never on a row that moved under the pointer. */

import type { Locator, Page, Request } from "playwright-core";
import { assert, assertEquals, assertLessOrEqual } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { run, startTaskServer } from "../support/task_server.ts";

/** Starts a server with tasks that have ended, the last one first in the list. */
async function startEnded(...ids: readonly string[]): Promise<TestServer> {
  const server = startServer({ limits: { restoreWindowMs: 60_000 } });
  for (const id of ids) await end(server, id);
  return server;
}

async function begin(server: TestServer, id: string): Promise<void> {
  await call("POST", `${server.url}/tasks/c`, { body: { id, name: id } });
}

async function end(server: TestServer, id: string): Promise<void> {
  await begin(server, id);
  await call("POST", `${server.url}/tasks/c/${id}/finish`, { body: {} });
}

/** Opens a page on which time passes only when the test says so. */
async function open(page: Page, server: TestServer, path = ""): Promise<void> {
  await page.addInitScript(() => {
    let nowMs = 0;
    performance.now = () => nowMs;
    Object.assign(globalThis, { pass: (ms: number) => nowMs += ms });
  });
  await page.goto(`${server.url}/t/c${path}`);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
  await pass(page, 500);
}

/** Waits until the list shows exactly these tasks, in this order. */
async function shows(page: Page, ...wanted: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll<HTMLElement>("li[data-task-id]")];
    return rows.map((row) => row.dataset.taskId).join() === wanted;
  }, wanted.join());
}

async function pass(page: Page, ms: number): Promise<void> {
  await page.evaluate((ms) => Reflect.get(globalThis, "pass")(ms), ms);
}

function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

async function middleOf(control: Locator): Promise<readonly [x: number, y: number]> {
  const { x, y, width, height } = (await control.boundingBox())!;
  return [x + width / 2, y + height / 2];
}

/** Waits until the page has handled everything that the browser has received from the test. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(() =>
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))
  );
}

/** Returns the ids of the tasks that the server has, newest first. */
function remaining(server: TestServer): string[] {
  return server.monitor.registry.tasks("c").map(({ id }) => id);
}

Deno.test("page: two clicks in one place do not act on the row that moved up", async () => {
  await using server = await startEnded("c", "b", "a");
  await withPage({}, async ({ page, complaints }) => {
    await open(page, server);
    const place = await middleOf(button(page, "Remove a"));
    await page.mouse.click(...place);
    await shows(page, "b", "c");
    for (const ms of [0, 250, 200]) {
      await pass(page, ms);
      const flash = page.locator("[data-ignored]").waitFor({ state: "attached" });
      await page.mouse.click(...place);
      await flash;
      await settled(page);
      assertEquals(remaining(server), ["b", "c"]);
    }

    // Once the row has been there for a while, a click counts, although the pointer has not moved.
    await pass(page, 500);
    await page.mouse.click(...place);
    await shows(page, "c");
    // A row that the user points at counts at once.
    await page.mouse.click(1, 1);
    await button(page, "Remove c").click();
    await shows(page);
    await button(page, "Undo the removal of 3 tasks").click();
    await shows(page, "a", "b", "c");
    assertEquals(complaints, []);
  });
});

Deno.test("page: two taps in one place do not act on the row that moved up", async () => {
  await using server = await startEnded("c", "b", "a");
  await withPage({ hasTouch: true, viewport: { width: 390, height: 800 } }, async ({ page }) => {
    await open(page, server);
    const [x, y] = await middleOf(button(page, "Remove a"));
    await page.touchscreen.tap(x, y);
    await shows(page, "b", "c");
    await pass(page, 250);
    await page.touchscreen.tap(x + 5, y - 5);
    await settled(page);
    assertEquals(remaining(server), ["b", "c"]);
    await pass(page, 500);
    await button(page, "Remove c").tap();
    await shows(page, "b");
  });
});

Deno.test("page: a row that is inserted under a resting pointer is not clicked", async () => {
  await using server = await startEnded("b", "a");
  await withPage({}, async ({ page }) => {
    await open(page, server);
    const place = await middleOf(button(page, "Remove a"));
    await page.mouse.move(...place);
    await end(server, "new");
    await shows(page, "new", "a", "b");
    await page.mouse.click(...place);
    await settled(page);
    assertEquals(remaining(server).length, 3);

    // Nor is a row clicked that is inserted while the button of the mouse is held down.
    await pass(page, 500);
    await page.mouse.down();
    await end(server, "newer");
    await shows(page, "newer", "new", "a", "b");
    await page.mouse.up();
    await settled(page);
    assertEquals(remaining(server).length, 4);
  });
});

Deno.test("page: neither a checkbox nor a link nor the bulk bar that moved under the pointer is clicked", async () => {
  await using server = await startEnded("b", "a");
  await withPage({ viewport: { width: 1280, height: 400 } }, async ({ page }) => {
    await open(page, server);
    for (
      const control of [
        page.getByRole("checkbox", { name: "Select a" }),
        page.getByRole("link", { name: "a", exact: true }),
      ]
    ) {
      const place = await middleOf(control);
      await page.mouse.move(...place);
      const count = remaining(server).length;
      await end(server, `new-${count}`);
      await page.locator(`[data-task-id="new-${count}"]`).waitFor();
      await page.mouse.click(...place);
      await settled(page);
      assertEquals(await page.locator(".row-check:checked").count(), 0);
      assertEquals(new URL(page.url()).pathname, "/t/c");
      await pass(page, 500);
    }
    // When the bulk bar appears, it covers the last row.
    const row = page.locator(".row").last();
    await row.scrollIntoViewIfNeeded();
    const { y } = (await row.boundingBox())!;
    await page.evaluate((by) => scrollBy(0, by), y - 370);
    await page.getByRole("checkbox", { name: "Select" }).first().focus();
    const bar = page.locator(".bulk");
    await page.keyboard.press("Space");
    await bar.waitFor();
    const place = await middleOf(button(page, "Remove selected tasks"));
    await page.keyboard.press("Space");
    await bar.waitFor({ state: "hidden" });
    await page.mouse.move(...place);
    await pass(page, 500);
    await page.keyboard.press("Space");
    await bar.waitFor();
    await page.mouse.click(...place);
    await settled(page);
    assertEquals(remaining(server).length, 4);
  });
});

Deno.test("page: a second click on Cancel does not remove the task that has just ended", async () => {
  await using server = startServer();
  await begin(server, "a");
  for (const path of ["?view=all", "/a"]) {
    await withPage({}, async ({ page }) => {
      await open(page, server, path);
      const place = await middleOf(button(page, "Cancel a"));
      await page.mouse.click(...place);
      await button(page, "Undo the cancellation of a").waitFor();
      // The second of a double click does not undo the first one.
      await page.mouse.click(...place);
      await settled(page);
      assertEquals(await button(page, "Undo the cancellation of a").count(), 1);
      await call("POST", `${server.url}/tasks/c/a/finish`, { body: {} });
      await button(page, "Remove a").waitFor();
      await page.mouse.click(...place);
      await settled(page);
      assertEquals(remaining(server), ["a"]);
      await call("DELETE", `${server.url}/tasks/c/a`);
      await begin(server, "a");
    });
  }
});

Deno.test("page: a key acts only on one task, even if the focus moves to another row's button", async () => {
  await using server = await startEnded("c", "b", "a");
  await withPage({}, async ({ page }) => {
    await open(page, server);
    await button(page, "Remove a").focus();
    await page.keyboard.press("Enter");
    await shows(page, "b", "c");
    // Some browsers and assistive technologies move the focus to the next row like this if the focused
    // element is removed.
    await page.evaluate(() =>
      document.querySelector<HTMLElement>("[data-task-id=b] .action button")!.focus()
    );
    await page.keyboard.press("Enter");
    await settled(page);
    assertEquals(remaining(server), ["b", "c"]);

    // A key that is held acts once.
    await page.keyboard.press("Tab");
    await button(page, "Remove b").focus();
    await page.keyboard.down("Enter");
    await shows(page, "c");
    await button(page, "Remove c").focus();
    await page.keyboard.down("Enter");
    await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await settled(page);
    assertEquals(remaining(server), ["c"]);
  });
});

Deno.test("page: tasks in two rows are cancelled as quickly as the user can point at them", async () => {
  await using server = startServer();
  for (const id of ["c", "b", "a"]) await begin(server, id);
  await withPage({}, async ({ page }) => {
    await open(page, server);
    const places = [await middleOf(button(page, "Cancel a")), await middleOf(button(page, "Cancel b"))];
    for (const place of places) await page.mouse.click(...place);
    for (const id of ["a", "b"]) await button(page, `Undo the cancellation of ${id}`).waitFor();
    // A removal does not delay the next one either, if the pointer moves to another row.
    for (const id of ["d", "e", "f"]) await end(server, id);
    await button(page, "Remove f").click();
    await page.locator("[data-task-id=f]").waitFor({ state: "detached" });
    await button(page, "Remove d").click();
    await page.locator("[data-task-id=d]").waitFor({ state: "detached" });
    for (const id of ["a", "b"]) await page.locator(`[data-task-id=${id}][data-state=CANCELLED]`).waitFor();
    assertEquals(remaining(server), ["e", "a", "b", "c"]);
  });
});

/** Returns the ids of the tasks that a request changes. */
function changedBy(request: Request): string[] {
  const { pathname } = new URL(request.url());
  const id = /^\/t(?:asks)?\/c\/([^/]+)/.exec(pathname)?.[1];
  if (request.method() === "GET") return [];
  return id === undefined ? new URLSearchParams(request.postData() ?? "").getAll("id") : [id];
}

/**
 * Finds one button for each text: buttons with the same text do the same to other tasks. Buttons to copy are
 * left out, because they change no task.
 */
async function differentButtons(page: Page): Promise<Map<string, Locator>> {
  const buttons = page.locator("#app button:visible:enabled");
  const texts = await buttons.evaluateAll((all) =>
    all.map((button) => (button as HTMLElement).innerText.trim() || button.ariaLabel!)
  );
  const different = [...new Set(texts)].filter((text) => !text.startsWith("Copy "));
  return new Map(different.map((text) => [text, buttons.nth(texts.indexOf(text))]));
}

for (const path of ["?view=all", "/running", "/failed", "/finished"]) {
  Deno.test(`page: two clicks 250 ms apart change at most one task, on every button of /t/c${path}`, async () => {
    const isList = path.startsWith("?");
    await withPage({ viewport: { width: 1280, height: 1_000 } }, async ({ page }) => {
      const changed = new Set<string>();
      page.on("request", (request) => changedBy(request).forEach((id) => changed.add(id)));
      const tried = new Set<string>();
      let left = 1;
      while (left > 0) {
        await using server = startTaskServer();
        for (const id of ["running", "running-too"]) await begin(server, id);
        for (const id of ["failed", "failed-too"]) await run(`${server.url}/tasks/c`, "fails", { id });
        for (const id of ["finished", "finished-too"]) await end(server, id);
        await open(page, server, path);
        if (isList) await page.getByRole("checkbox", { name: "Select running-too" }).check();
        await pass(page, 500);
        const buttons = await differentButtons(page);
        const [text, button] = [...buttons].find(([text]) => !tried.has(text))!;
        tried.add(text);
        left = buttons.size - tried.size;
        const place = await middleOf(button);
        changed.clear();
        await page.mouse.click(...place);
        if (isList) {
          // Once the page shows a change made after the clicks, their own effects are visible, too.
          await call("POST", `${server.url}/tasks/c/running`, { body: { status: "later" } });
          await page.getByText("later").first().waitFor();
        } else if (text === "Retry") {
          await page.waitForURL((url) => url.pathname !== `/t/c${path}`);
          await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
        }
        await settled(page);
        await pass(page, 250);
        await page.mouse.click(...place);
        // Cancellations are sent when the user leaves.
        await page.evaluate(() => void dispatchEvent(new Event("pagehide")));
        await settled(page);
        assertLessOrEqual(changed.size, 1, `${text} changed ${[...changed]}`);
      }
      assert(tried.has("Remove") || tried.has("Cancel"), `tried ${[...tried]}`);
    });
  });
}
