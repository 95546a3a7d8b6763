/**
 * Tests of the rows of the list page in a real browser: opening, sorting and filtering with the mouse, actions on one row,
 * and the layout at different window sizes.
 */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { run, startTaskServer, type TaskServer } from "../support/task_server.ts";

const WIDE = { width: 1440, height: 900 };

function report(server: TaskServer, path: string, body: Readonly<Record<string, unknown>>) {
  return call("POST", `${server.url}/tasks/rows${path}`, { body });
}

async function open(page: Page, server: TaskServer, search = ""): Promise<void> {
  await page.goto(`${server.url}/t/rows${search}`);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
  // The page ignores a click on what has just come under a resting pointer.
  await page.mouse.move(1, 1);
}

/** Waits until the list shows exactly these tasks, in this order. */
async function shows(page: Page, ...wanted: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll<HTMLElement>("li[data-task-id]")];
    return rows.map((row) => row.dataset.taskId).join() === wanted;
  }, wanted.join());
}

/** Returns the point in the middle of an element's text, even if the element is wider than its text. */
async function textOf(page: Page, selector: string): Promise<readonly [x: number, y: number]> {
  return await page.locator(selector).evaluate((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const { x, y, width, height } = range.getBoundingClientRect();
    return [x + width / 2, y + height / 2] as const;
  });
}

Deno.test("rows: a click anywhere on a row opens its task, but not the end of a selection of text", async () => {
  await using server = startTaskServer();
  await report(server, "", { id: "a", name: "copy", tags: ["nightly"] });
  await report(server, "/a", { progress: 40, status: "Copying the first of many volumes" });
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    const row = page.locator('[data-task-id="a"]');
    const address = `${server.url}/t/rows/a`;
    const back = async () => {
      await page.waitForURL(address);
      await open(page, server);
    };
    // Opens the task with a click on the bar, with a click on the status, and with Enter on the name.
    await row.locator(".bar").click({ force: true });
    await back();
    await page.mouse.click(...await textOf(page, ".row-status"));
    await back();
    await row.getByRole("link", { name: "copy" }).focus();
    await page.keyboard.press("Enter");
    await back();

    for (const point of [await textOf(page, ".row-status"), await textOf(page, ".row-percent")]) {
      for (const button of ["left", "middle"] as const) {
        if (button === "left") await page.keyboard.down("Control");
        const opened = page.context().waitForEvent("page");
        await page.mouse.click(...point, { button });
        const tab = await opened;
        await tab.waitForURL(address);
        await tab.close();
        await page.keyboard.up("Control");
      }
    }

    const [x, y] = await textOf(page, ".row-status");
    await page.mouse.move(x - 40, y);
    await page.mouse.down();
    await page.mouse.move(x + 40, y, { steps: 4 });
    await page.mouse.up();
    assertLess(3, await page.evaluate(() => String(getSelection()).length));
    await row.getByRole("checkbox").check();
    await page.getByText("1 selected").waitFor();
    assertEquals(page.url(), `${server.url}/t/rows`);
    assertEquals(complaints, []);
  });
});

Deno.test("rows: the tags of a row add filters, and the headings of columns sort", async () => {
  await using server = startTaskServer();
  for (
    const [id, name, tags, progress] of [["1", "beta", ["x"], 10], ["2", "alpha", ["x", "y"], 30], [
      "3",
      "gamma",
      [],
      20,
    ]] as const
  ) {
    await report(server, "", { id, name, tags });
    await report(server, `/${id}`, { progress });
  }
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    const heading = page.getByRole("columnheader", { name: "Name" });
    await heading.getByRole("link").click();
    await shows(page, "2", "1", "3");
    assertEquals(await heading.getAttribute("aria-sort"), "ascending");
    await heading.getByRole("link").click();
    await shows(page, "3", "1", "2");
    assertEquals(await heading.getAttribute("aria-sort"), "descending");
    assertEquals(new URL(page.url()).search, "?sort=-name");
    await page.locator('[data-task-id="1"]').getByRole("link", { name: "x" }).click();
    await shows(page, "1", "2");
    await page.locator('[data-task-id="2"]').getByRole("link", { name: "y" }).click();
    await shows(page, "2");
    assertEquals(new URL(page.url()).search, "?tag=x,y&sort=-name");
    await page.getByRole("link", { name: "Show all" }).click();
    await page.getByRole("columnheader", { name: "Progress" }).getByRole("link").click();
    await shows(page, "2", "3", "1");
    await page.getByRole("columnheader", { name: "Duration" }).getByRole("link").click();
    await shows(page, "1", "2", "3");
    assertEquals(await page.getByRole("combobox", { name: "Sort" }).inputValue(), "-duration");
    assertEquals(complaints, []);
  });
  await withPage({ viewport: WIDE, javaScriptEnabled: false }, async ({ page }) => {
    await page.goto(`${server.url}/t/rows?sort=-name`);
    await page.locator('[data-task-id="1"]').getByRole("link", { name: "x" }).click();
    await shows(page, "1", "2");
    await page.getByRole("columnheader", { name: "Name" }).getByRole("link").click();
    await shows(page, "2", "1");
  });
});

Deno.test("rows: many tags stay within their row, which counts the tags that it has no room for", async () => {
  await using server = startTaskServer();
  const tags = Array.from({ length: 32 }, (_, n) => `a-long-tag-${n}`);
  for (let n = 0; n < 100; n++) await report(server, "", { id: `t${n}`, name: `task ${n}`, tags });
  await report(server, "", { id: "few", name: "few", tags: tags.slice(0, 3) });
  assertLess((await (await fetch(`${server.url}/t/rows`)).text()).length, 400_000);
  for (const width of [390, 768, 1280, 1920]) {
    await withPage({ viewport: { width, height: 800 } }, async ({ page }) => {
      await open(page, server);
      const [overflow, outside] = await page.evaluate(() => [
        document.documentElement.scrollWidth - innerWidth,
        [...document.querySelectorAll(".row-what .tag")].filter((tag) => {
          const column = tag.closest(".row-what")!.getBoundingClientRect();
          return tag.getBoundingClientRect().right > column.right + 1;
        }).length,
      ]);
      assertEquals([Math.max(0, overflow!), outside], [0, 0], `${width} px`);
    });
  }
  for (const javaScriptEnabled of [true, false]) {
    await withPage({ javaScriptEnabled }, async ({ page }) => {
      const tagsOf = (id: string) => page.locator(`[data-task-id="${id}"] .tag`).allInnerTexts();
      // The filter also offers the tags that no row has room to show.
      await page.goto(`${server.url}/t/rows?tag=a-long-tag-31&q=task 99`);
      await shows(page, "t99");
      assertEquals(await tagsOf("t99"), ["a-long-tag-0", "a-long-tag-1", "+30 more"]);
      await page.getByRole("link", { name: "+30 more" }).click();
      await page.waitForURL(`${server.url}/t/rows/t99`);
      assertEquals(await tagsOf("t99"), tags);
      const [action, list] = await Promise.all(
        [".hero-action", ".hero .tags"].map((each) => page.locator(each).boundingBox()),
      );
      assert(action!.y < list!.y, "the tags do not part the name from the buttons");
      await page.goto(`${server.url}/t/rows?q=few`);
      assertEquals(await tagsOf("few"), tags.slice(0, 3));
    });
  }
});

Deno.test("rows: a failed task is retried in its row, and bulk actions are offered only where they can work", async () => {
  await using server = startTaskServer();
  await report(server, "", { id: "plain", name: "reported" });
  await report(server, "/plain/fail", { error: { message: "no", type: "OddError" } });
  await run(`${server.url}/tasks/rows`, "fails", { id: "first" });
  await report(server, "", { id: "active", name: "active" });
  await withPage({ viewport: WIDE }, async ({ page, complaints }) => {
    await open(page, server);
    assertEquals(await page.getByRole("button", { name: "Retry reported" }).count(), 0);
    const offers = (wanted: readonly string[]) =>
      page.waitForFunction((wanted) => {
        const buttons = [...document.querySelectorAll(".bulk button")].filter((button) =>
          button.checkVisibility()
        );
        const texts = buttons.map(({ textContent }) => textContent?.replace(" selected tasks", ""));
        return texts.join() === wanted.join();
      }, wanted);
    await page.getByRole("checkbox", { name: "Select reported" }).check();
    await offers(["Remove", "Select all 3", "Clear"]);
    await page.getByRole("checkbox", { name: "Select active" }).check();
    await offers(["Cancel", "Remove", "Select all 3", "Clear"]);
    await page.getByRole("checkbox", { name: "Select fails" }).check();
    await offers(["Cancel", "Retry", "Remove", "Clear"]);
    await page.getByRole("button", { name: "Clear" }).click();

    await page.locator('li[data-task-id="first"]').getByRole("button", { name: "Retry fails" }).click();
    await page.getByTestId("bulk").getByText("1 task retried.").waitFor();
    await page.getByText("attempt 2").waitFor();
    assertEquals(page.url(), `${server.url}/t/rows`);
    assertEquals(complaints, []);
  });
});

Deno.test("rows: tasks come before forms, numbers stay on one line, and names on two, at every width", async () => {
  await using server = startTaskServer();
  await report(server, "", { id: "big", name: "train" });
  await report(server, "/big", {
    current: 770_123_456,
    total: 2_000_000_000,
    unit: "samples",
    status: "Epoch 1",
  });
  await report(server, "", { id: "long", name: "a name with many words ".repeat(8).trim(), tags: ["a-tag"] });
  await report(server, "/long", { progress: 100, status: "Almost done" });
  for (const width of [390, 720, 768, 1024, 1440, 1920]) {
    await withPage({ viewport: { width, height: 800 } }, async ({ page }) => {
      await open(page, server);
      const found = await page.evaluate(() => {
        const box = (selector: string) => document.querySelector(selector)!.getBoundingClientRect();
        const lines = (selector: string) => {
          const range = document.createRange();
          range.selectNodeContents(document.querySelector(selector)!);
          return new Set(Array.from(range.getClientRects(), ({ top }) => Math.round(top))).size;
        };
        return {
          startsFirst: box(".column-start").top < box(".task-list").top &&
            box(".column-start").left <= box(".task-list").right,
          counts: document.querySelector('[data-task-id="big"] .row-count')!.textContent,
          countLines: lines('[data-task-id="big"] .row-count'),
          nameHeight: box('[data-task-id="long"] .row-name').height /
            parseFloat(getComputedStyle(document.querySelector(".row-name")!).lineHeight),
          gap: box('[data-task-id="long"] .row-percent').right - box('[data-task-id="long"] .bar').right,
          overflow: document.documentElement.scrollWidth - innerWidth,
        };
      });
      assert(!found.startsFirst, `the forms come first at ${width} px`);
      assertEquals(found.counts, "770.1M / 2B samples");
      assertEquals(found.countLines, 1);
      assertLess(found.nameHeight, 2.1);
      assertLess(52, found.gap, `100% touches its bar at ${width} px`);
      assertLess(found.overflow, 1);
    });
  }
});
