/**
 * Tests of the list page in a real browser: search, filters and bulk actions, with and without JavaScript, with the mouse,
 * with the keyboard, and at different window sizes.
 */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { axeFindingsInLightAndDark } from "../support/axe.ts";
import { follow, withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { run, startTaskServer, type TaskServer } from "../support/task_server.ts";

const DESKTOP = { width: 1280, height: 800 };

async function live(page: Page): Promise<void> {
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

function rows(page: Page, within = "main") {
  return page.locator(`${within} li[data-task-id]`);
}

function row(page: Page, id: string) {
  return page.locator(`li[data-task-id="${id}"]`);
}

function ids(page: Page): Promise<string[]> {
  return rows(page).evaluateAll((all) => all.map((each) => each.dataset.taskId!));
}

/** Waits until the page shows exactly these tasks, in this order. */
async function shows(page: Page, wanted: readonly string[]): Promise<void> {
  await page.waitForFunction((wanted) => {
    const shown = [...document.querySelectorAll<HTMLElement>("li[data-task-id]")].map((each) =>
      each.dataset.taskId
    );
    return shown.join() === wanted.join();
  }, [...wanted]).catch(async (cause) => {
    throw new Error(`The page shows ${await ids(page)}, not ${wanted}`, { cause });
  });
}

function report(server: TestServer, client: string, path: string, body: Readonly<Record<string, unknown>>) {
  return call("POST", `${server.url}/tasks/${client}${path}`, { body });
}

/** Starts a server with tasks of several kinds: `d1` and `d2` run, the others have ended, `a-old` first. */
async function startSome(client: string): Promise<TaskServer> {
  const server = startTaskServer({ limits: { endedTasksPerClient: 20_000, restoreWindowMs: 60_000 } });
  const tell = (path: string, body: Readonly<Record<string, unknown>>) => report(server, client, path, body);
  await tell("", { id: "a-old", name: "import orders", tags: ["nightly"] });
  await tell("/a-old/fail", { error: { message: "no such file: orders.csv", type: "NotFound" } });
  await tell("", { id: "b-done", name: "resize images", tags: ["nightly", "eu"] });
  await tell("/b-done/finish", { result: { images: 12 } });
  await tell("", { id: "c-gone", name: "resize images" });
  await tell("/c-gone/cancelled", {});
  for (const id of ["d1", "d2"]) {
    await tell("", { id, name: "backup", tags: id === "d1" ? ["eu"] : [] });
    await tell(`/${id}`, { progress: id === "d1" ? 80 : 20, status: `copying to ${id}` });
  }
  return server;
}

Deno.test("list: search filters while the user types, keeps focus, and is reflected in the URL", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    const search = page.getByRole("searchbox", { name: "Search tasks" });
    await search.pressSequentially("orders");
    await shows(page, ["a-old"]);
    assertEquals(new URL(page.url()).search, "?q=orders");
    assert(await search.evaluate((field) => field === document.activeElement), "the field lost the focus");
    await page.locator(".toolbar-state").getByText("1 task matches.").waitFor();

    await page.reload();
    await live(page);
    await shows(page, ["a-old"]);
    assertEquals(await search.inputValue(), "orders");

    // The page applies the same filter to live changes.
    await report(server, "shop", "", { id: "late", name: "export orders" });
    await shows(page, ["late", "a-old"]);
    await report(server, "shop", "", { id: "other", name: "something else" });
    await call("PATCH", `${server.url}/tasks/shop/d1`, { body: { status: "waits for orders" } });
    await shows(page, ["late", "d1", "a-old"]);
    await call("PATCH", `${server.url}/tasks/shop/d1`, { body: { status: "goes on" } });
    await shows(page, ["late", "a-old"]);

    await search.fill("");
    await shows(page, ["other", "late", "d2", "d1", "c-gone", "b-done", "a-old"]);
    assertEquals(new URL(page.url()).search, "");
    await search.fill("nothing is called so");
    await page.locator(".toolbar-state").getByText("No task matches.").waitFor();
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});

Deno.test("list: a late response does not restore the results of an earlier search", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await page.route(/[?&]q=resize&/, async (route) => {
      asked.resolve();
      await answer.promise;
      await route.continue().catch(() => {});
      answered.resolve();
    });
    const search = page.getByRole("searchbox");
    await search.fill("resize");
    await asked.promise;
    await search.fill("backup");
    await shows(page, ["d2", "d1"]);
    answer.resolve();
    await answered.promise;
    // If the late response had an effect, the page would show it before the response to this search.
    await search.fill("orders");
    await shows(page, ["a-old"]);
    assertEquals(await search.inputValue(), "orders");
  });
});

Deno.test("list: filters, order, grouping and the combined view can be set, and are part of the URL", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    await page.getByRole("checkbox", { name: "Failed" }).check();
    await shows(page, ["a-old"]);
    await page.getByRole("checkbox", { name: "Cancelled" }).check();
    await shows(page, ["c-gone", "a-old"]);
    assertEquals(new URL(page.url()).search, "?state=ERROR,CANCELLED");
    await page.getByRole("link", { name: "Show all" }).click();
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    await live(page);

    await page.getByRole("radio", { name: "Combined" }).check();
    await page.getByTestId("all").waitFor();
    await page.getByRole("combobox", { name: "Sort" }).selectOption("Oldest first");
    await shows(page, ["a-old", "b-done", "c-gone", "d1", "d2"]);
    await page.getByRole("checkbox", { name: "Group by name" }).check();
    await shows(page, ["d1", "d2", "a-old", "b-done", "c-gone"]);
    assertEquals(await page.getByTestId("group").getByRole("heading", { level: 2 }).allInnerTexts(), [
      "backup",
      "import orders",
      "resize images",
    ]);
    await page.getByText("More filters").click();
    await page.getByRole("textbox", { name: "Tags" }).fill("nightly");
    await shows(page, ["a-old", "b-done"]);
    await page.getByRole("textbox", { name: "Name" }).fill("resize*");
    await shows(page, ["b-done"]);
    await page.getByRole("combobox", { name: "Since" }).selectOption("Last hour");
    const shared = page.url();
    assertEquals(
      new URL(shared).search,
      "?name=resize*&tag=nightly&since=1h&sort=created_at&group=name&view=all",
    );

    // The URL shows the same list in another browser, with and without JavaScript.
    await withPage({ javaScriptEnabled: false }, async ({ page: other }) => {
      await other.goto(shared);
      assertEquals(await ids(other), ["b-done"]);
      assertEquals(await other.getByRole("textbox", { name: "Name" }).inputValue(), "resize*");
      assert(await other.getByRole("checkbox", { name: "Group by name" }).isChecked());
    });
    assertEquals(complaints, []);
  });
});

Deno.test("list: reports invalid values in the URL, and applies the valid ones", async () => {
  await using server = await startSome("shop");
  for (const javaScriptEnabled of [true, false]) {
    await withPage({ javaScriptEnabled }, async ({ page, complaints }) => {
      await page.goto(`${server.url}/t/shop?state=BROKEN,ERROR&since=yesterday&sort=colour&page=x`);
      assertEquals(await ids(page), ["a-old"]);
      const said = await page.locator(".toolbar-problems").innerText();
      for (const value of ["BROKEN", "yesterday", "colour", '"x"']) assertStringIncludes(said, value);
      assertEquals(complaints, []);
    });
  }
});

Deno.test("list: many tasks are selected with the mouse and removed, and the removal is undone", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    const bar = page.getByTestId("bulk");
    await page.getByRole("checkbox", { name: "Select resize images" }).first().click();
    await bar.getByText("1 selected").waitFor();
    await page.getByRole("checkbox", { name: "Select import orders" }).click({ modifiers: ["Shift"] });
    await bar.getByText("3 selected").waitFor();
    await page.getByRole("button", { name: "Remove selected tasks" }).click();
    await shows(page, ["d2", "d1"]);
    await bar.getByText("3 tasks removed.").waitFor();
    assertEquals((await call("GET", `${server.url}/tasks/shop/b-done`)).status, 404);
    await page.getByRole("button", { name: "Undo" }).click();
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    assertEquals((await call("GET", `${server.url}/tasks/shop/b-done`)).json.result, { images: 12 });

    // A task that is removed with its own button can be restored, too.
    await row(page, "c-gone").getByRole("button", { name: "Remove resize images" }).click();
    await shows(page, ["d2", "d1", "b-done", "a-old"]);
    await page.getByRole("button", { name: "Undo" }).click();
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});

Deno.test("list: summarises why some of the selected tasks could not be changed, and keeps them selected", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    const bar = page.getByTestId("bulk");
    await page.getByRole("checkbox", { name: "Select backup" }).first().click();
    await page.getByRole("button", { name: "Select all 5" }).click();
    await bar.getByText("5 selected").waitFor();
    await page.getByRole("button", { name: "Cancel selected tasks" }).click();
    await row(page, "d1").getByText("Cancelling…").waitFor();
    await page.getByText("3 selected").waitFor();
    await bar.getByText("2 tasks asked to stop. 3 tasks could not be cancelled: The task has already ended.")
      .waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    assertEquals(await page.locator(".row-check:checked").count(), 0);
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});

Deno.test("list: retries the selected tasks that the server has started", async () => {
  await using server = startTaskServer();
  await run(`${server.url}/tasks/again`, "echo", { id: "first", args: [1] });
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/t/again`);
    await live(page);
    await page.getByRole("checkbox", { name: "Select echo" }).click();
    await page.getByRole("button", { name: "Retry selected tasks" }).click();
    await page.getByText("attempt 2").waitFor();
    assertEquals(await rows(page).count(), 2);
  });
});

Deno.test("list: everything works with the keyboard alone", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    const { keyboard } = page;
    await keyboard.press("/");
    await keyboard.type("resize");
    await shows(page, ["c-gone", "b-done"]);
    // The first Escape clears the field, the second moves the focus out of it.
    await keyboard.press("Escape");
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    await keyboard.press("Escape");
    const focused = () =>
      page.evaluate(() => document.activeElement?.closest<HTMLElement>("li")?.dataset.taskId ?? null);
    const seen = [];
    for (let step = 0; step < 5; step++) {
      await keyboard.press("j");
      seen.push(await focused());
    }
    assertEquals(seen, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    await keyboard.press("j");
    assertEquals(await focused(), "a-old", "the selection stays at the end of the list");
    await keyboard.press("x");
    await keyboard.press("k");
    await keyboard.press("x");
    await page.getByText("2 selected").waitFor();
    await keyboard.press("Escape");
    assertEquals(await page.locator(".row-check:checked").count(), 0);
    await keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await page.getByRole("button", { name: "Remove selected tasks" }).focus();
    await keyboard.press("Enter");
    await shows(page, ["d2", "d1", "c-gone", "a-old"]);
    await page.getByRole("button", { name: "Undo" }).focus();
    await keyboard.press("Space");
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    await keyboard.press("k");
    await keyboard.press("Enter");
    await page.waitForURL(/\/t\/shop\/(?:d1|d2|c-gone|b-done|a-old)$/);
    assertEquals(complaints, []);
  });
});

Deno.test("list: reading, filtering, starting, cancelling and bulk removal work without JavaScript", async () => {
  await using server = await startSome("shop");
  await withPage({ javaScriptEnabled: false }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/shop`);
    assertEquals(await ids(page), ["d2", "d1", "c-gone", "b-done", "a-old"]);
    await page.getByRole("searchbox").fill("resize");
    await page.getByRole("checkbox", { name: "Finished" }).check();
    await follow(page.getByRole("button", { name: "Apply" }));
    assertEquals(await ids(page), ["b-done"]);
    assertEquals(new URL(page.url()).search, "?q=resize&state=FINISHED", "the URL contains no empty fields");
    await page.getByRole("link", { name: "Show all" }).click();

    await page.locator("summary", { hasText: "held" }).click();
    await page.getByRole("button", { name: "Start held" }).click();
    const held = page.locator("li", { hasText: "held" }).locator("form.action button");
    await held.click();
    await page.goto(`${server.url}/t/shop?state=CANCELLED`);
    while ((await ids(page)).length < 2) await page.reload();

    await page.getByRole("checkbox", { name: "Select resize images" }).check();
    await page.getByRole("checkbox", { name: "Select held" }).check();
    await follow(page.getByRole("button", { name: "Remove selected tasks" }));
    assertEquals(await ids(page), []);
    assertEquals(new URL(page.url()).search, "?state=CANCELLED", "the filter is kept");

    await page.goto(`${server.url}/t/shop`);
    for (const box of await page.getByRole("checkbox", { name: /Select/ }).all()) await box.check();
    await page.getByRole("button", { name: "Remove selected tasks" }).click();
    await page.getByText("2 tasks removed. 2 tasks could not be removed: The task has not ended.").waitFor();
    assertEquals(await ids(page), ["d2", "d1"]);
    assertEquals(complaints.filter((text) => !text.includes("409")), []);
  });
  assertEquals(server.errors, []);
});

Deno.test("list and task page: names and steps are readable at every window width", async () => {
  await using server = await startSome("shop");
  await report(server, "shop", "", { id: "part", name: "upload", parent_id: "d1" });
  await report(server, "shop", "/part", { status: "Sending the first of many files" });
  await withPage({ viewport: DESKTOP }, async ({ page }) => {
    for (const path of ["/t/shop", "/t/shop/d1", "/t/shop/part"]) {
      await page.goto(server.url + path);
      await live(page);
      for (let width = 340; width <= 1420; width += 40) {
        await page.setViewportSize({ width, height: 800 });
        const narrow = await page.locator(".row-what, .subtask-name, .timeline-text").evaluateAll((all) =>
          all.filter((each) => each.getBoundingClientRect().width < 90).map((each) => each.textContent)
        );
        assertEquals(narrow, [], `${path}, ${width} wide`);
      }
    }
  });
});

Deno.test("list: leaves no gap for the forms that start tasks if there are no such forms", async () => {
  await using server = startServer();
  await withPage({ viewport: DESKTOP }, async ({ page }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    const top = (column: string) =>
      page.locator(column).evaluate((element) => element.getBoundingClientRect().top);
    assertEquals(await top(".column-terminal"), await top(".column-tasks"));
  });
});

Deno.test("list: scrolls, searches and selects 10,000 tasks, of which only a few are rendered", async () => {
  // On a busy machine, removing all tasks takes longer than the five seconds for which each can be restored
  // by default.
  await using server = startTaskServer({ limits: { endedTasksPerClient: 20_000, restoreWindowMs: 600_000 } });
  const quick = server.monitor.monitored((_task, n: number) => n, { name: "quick", client: "many" });
  for (let n = 0; n < 10_000; n += 500) {
    await Promise.all(
      Array.from(
        { length: 500 },
        (_, index) =>
          quick.with({ id: `q${n + index}`, client: "many", tags: n === 0 && index < 3 ? ["first"] : [] })(n),
      ),
    );
  }
  await withPage({ viewport: DESKTOP }, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/many`);
    await live(page);
    await page.getByTestId("ended").getByText("10,000").waitFor();
    const seen = new Set(await ids(page));
    assertEquals(seen.size, 100, "the server renders the first page");
    // The test scrolls to the end as fast as the list permits.
    while (!await row(page, "q0").or(row(page, "q499")).first().isVisible()) {
      await page.mouse.wheel(0, 100_000);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
      for (const id of await ids(page)) seen.add(id);
      assertLess(await rows(page).count(), 170);
    }
    assertLess(await rows(page).count(), 60);

    // If a new task arrives while the end of the list is visible, the visible rows must stay in place.
    const top = () =>
      rows(page).last().evaluate((element) => Math.round(element.getBoundingClientRect().top));
    const frame = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    let before = NaN;
    while (before !== await top()) {
      before = await top();
      await frame();
    }
    const last = (await ids(page)).at(-1);
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await quick.with({ id: "brand-new", client: "many" })(0);
    await page.waitForFunction((height) => document.documentElement.scrollHeight > height, height);
    await frame();
    assertEquals([(await ids(page)).at(-1), await top()], [last, before]);

    await page.keyboard.press("/");
    await page.keyboard.type("first");
    await page.locator(".toolbar-state").getByText("3 tasks match.").waitFor();
    assertEquals((await ids(page)).toSorted(), ["q0", "q1", "q2"]);
    await page.keyboard.press("Escape");
    await row(page, "brand-new").waitFor();
    await page.getByRole("checkbox", { name: "Select quick" }).first().click();
    await page.getByRole("button", { name: "Select all 10,001" }).click();
    await page.getByText("10,001 selected").waitFor();
    await page.getByRole("button", { name: "Remove selected tasks" }).click();
    await page.getByText("No tasks yet").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByTestId("ended").getByText("10,001").waitFor();
    assertEquals(complaints, []);
  });
  assertEquals(server.errors, []);
});

Deno.test("list: shows that more tasks are being loaded", async () => {
  await using server = startServer();
  for (let n = 0; n < 120; n++) await server.monitor.monitored(() => n, { client: "shop", name: `n${n}` })();
  await withPage({ viewport: DESKTOP }, async ({ page }) => {
    const go = Promise.withResolvers<void>();
    await page.route(/[?&]from=/, async (route) => {
      await go.promise;
      await route.continue();
    });
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    await page.mouse.wheel(0, 100_000);
    await page.getByText("Loading more…").waitFor();
    go.resolve();
    await row(page, (await ids(page)).at(-1)!).waitFor();
    await page.getByRole("link", { name: "n0", exact: true }).waitFor();
    assertEquals(await page.getByText("Loading more…").count(), 0);
  });
});

Deno.test("list: shows a loading error with a button that retries", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    await page.route(/[?&]q=/, (route) => route.abort());
    await page.getByRole("searchbox").fill("backup");
    await page.getByText("Cannot reach the server").waitFor();
    await shows(page, ["d2", "d1", "c-gone", "b-done", "a-old"]);
    await page.unroute(/[?&]q=/);
    await page.getByRole("button", { name: "Try again" }).click();
    await shows(page, ["d2", "d1"]);
  });
});

Deno.test("list: a search that failed while the page was offline is repeated after the reconnect", async () => {
  await using server = await startSome("shop");
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/t/shop`);
    await live(page);
    await page.context().setOffline(true);
    await page.getByTestId("connection").getByText("Reconnecting").waitFor();
    await page.getByRole("searchbox").fill("resize");
    await page.getByText("Could not load the tasks: Cannot reach the server").waitFor();
    await page.context().setOffline(false);
    await live(page);
    await shows(page, ["c-gone", "b-done"]);
    assertEquals(await page.getByText("Could not load the tasks").count(), 0);
  });
});

Deno.test("list: an empty list suggests three ways to create a task, and all of them work", async () => {
  await using server = startTaskServer();
  await withPage({}, async ({ page }) => {
    await page.goto(`${server.url}/t/fresh`);
    await live(page);
    await page.getByText("No tasks yet").waitFor();
    const line = (purpose: string) =>
      page.locator(".getting-started").getByLabel(purpose, { exact: true }).innerText();
    assertStringIncludes(await line("In a program, with monitored()"), `from "${server.url}/monitored.ts"`);
    assertEquals(
      await line("For any command, with taskscope run"),
      `taskscope run --server ${server.url} --client fresh -- make all`,
    );
    const curl = await line("From anywhere, with curl");
    assertEquals(curl, `curl ${server.url}/tasks/fresh -d name='my task'`);
    const created = await fetch(`${server.url}/tasks/fresh`, {
      method: "POST",
      body: new URLSearchParams({ name: "my task" }),
    });
    assertEquals(created.status, 201);
    await created.body?.cancel();
    await page.getByRole("link", { name: "my task" }).waitFor();
  });
});

Deno.test("names: the list links to the past runs of a name, and each bar there links to its run", async () => {
  await using server = await startSome("shop");
  for (const javaScriptEnabled of [true, false]) {
    await withPage({ javaScriptEnabled }, async ({ page, complaints, hosts }) => {
      await page.goto(`${server.url}/t/shop`);
      await page.getByRole("search").getByRole("link", { name: "Past runs" }).click();
      await page.getByRole("heading", { name: "Past runs by name" }).waitFor();
      assertEquals(await page.title(), "Past runs · Taskscope");
      const table = page.getByRole("table");
      assertEquals(await table.getByRole("rowheader").allInnerTexts(), [
        "backup",
        "import orders",
        "resize images",
      ]);
      await follow(table.getByRole("link", { name: "import orders" }));
      assertStringIncludes(await page.locator(".names-figures").innerText(), "100%");
      const bar = page.getByRole("group", { name: /Duration of each run/ }).getByRole("link");
      assertMatch(await bar.getAttribute("aria-label") ?? "", /^Failed after .*ago|^Failed after .*just now/);
      await bar.click();
      assertEquals(new URL(page.url()).pathname, "/t/shop/a-old");
      await page.getByRole("link", { name: "Past runs" }).click();
      assertEquals(new URL(page.url()).pathname, "/stats/shop/import%20orders");
      await page.goto(`${server.url}/stats/shop/unheard-of`);
      await page.getByText("There are no tasks of this name").waitFor();
      assertEquals(complaints.filter((text) => !text.includes("404")), []);
      assertEquals([...hosts], [new URL(server.url).host]);
    });
  }
});

Deno.test("list and names: have no accessibility violations, in light and dark", async () => {
  await using server = await startSome("shop");
  await withPage({ reducedMotion: "reduce" }, async ({ page }) => {
    const paths = [
      "/t/shop",
      "/t/shop?group=name&q=e",
      "/t/shop?view=all&state=NONE&name=x",
      "/t/nobody",
      "/stats/shop",
      "/stats/shop/resize%20images",
      "/stats/nobody",
    ];
    for (const path of paths) {
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${server.url}${path}`);
        if (!path.startsWith("/stats")) await live(page);
        if (path === "/t/shop") {
          await page.getByRole("checkbox", { name: "Select resize images" }).first().click();
        }
        assertEquals(await axeFindingsInLightAndDark(page), [], `${path}, ${width} wide`);
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assertEquals(Math.max(0, sideways), 0, `${path} is wider than a window of ${width}`);
      }
    }
  });
});
