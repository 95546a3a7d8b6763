/** Tests of the pages in a real browser, mostly with the program started as users start it. */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { follow, withPage } from "../support/browser.ts";
import { freePort } from "../support/free_port.ts";
import { type Program, startProgram } from "../support/program.ts";
import { startServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { testSource } from "../support/test_source.ts";
import type { Task } from "../../lib/task/task.ts";

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };

function startForm(page: Page, title: string) {
  return page.locator("details.start-form", { has: page.getByText(title, { exact: true }) });
}

/** Opens a form on the page, fills it in and submits it. */
async function start(
  page: Page,
  title: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<void> {
  const form = startForm(page, title);
  if (await form.getAttribute("open") === null) await form.locator("summary").click();
  for (const [label, text] of Object.entries(fields)) await form.getByLabel(label).fill(text);
  await form.locator("button[type=submit]").click();
}

function rows(page: Page, part: "active" | "ended") {
  return page.getByTestId(part).locator("li[data-task-id]");
}

function badge(page: Page) {
  return page.getByTestId("connection");
}

async function live(page: Page): Promise<void> {
  await badge(page).getByText("Live", { exact: true }).waitFor();
}

async function json<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  assert(response.ok, `${url} answered ${response.status}`);
  return await response.json();
}

function startOverRest(program: Program, client: string, name: string, body: unknown) {
  return json<{ task_id: string }>(`${program.url}/tasks/${client}/start/${name}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
}

Deno.test("page: a visitor starts, watches and cancels a task without a reload", async () => {
  await using program = await startProgram();
  await withPage({}, async ({ page, complaints, hosts }) => {
    await page.goto(`${program.url}/`);
    assertMatch(page.url(), /\/t\/default$/);
    await live(page);
    await page.evaluate(() => {
      document.body.dataset.mark = "same page";
    });

    await start(page, "Long-running task");
    const row = rows(page, "active");
    await row.waitFor();
    const bar = row.locator("progress");
    const seen = new Set<number>();
    while (seen.size < 3) {
      seen.add(await bar.evaluate((element) => (element as HTMLProgressElement).value));
      await bar.evaluate((element) =>
        new Promise((done) => element.ownerDocument.defaultView!.requestAnimationFrame(done))
      );
    }
    assertEquals([...seen], [...seen].sort((a, b) => a - b), "the progress bar must never decrease");

    await row.getByRole("button", { name: /Cancel/ }).click();
    const ended = rows(page, "ended");
    await ended.waitFor();
    assertEquals(await ended.getAttribute("data-state"), "CANCELLED");
    assertEquals(await rows(page, "active").count(), 0);

    assertEquals(await page.evaluate(() => document.body.dataset.mark), "same page", "the page was reloaded");
    assertEquals(complaints, []);
    assertEquals([...hosts], [new URL(program.url).host]);
  });
  assertEquals(program.process.stderr, "");
});

Deno.test("page: shows the result of a finished task and the error of a failed one", async () => {
  await using program = await startProgram();
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${program.url}/t/outcomes`);
    await live(page);
    await start(page, "Count primes", { Below: "1000000" });
    const finished = page.locator('li[data-state="FINISHED"]');
    await finished.waitFor();
    assertStringIncludes(await finished.innerText(), "78498");

    await start(page, "Checksum of a folder", { Folder: "not/there" });
    const failed = page.locator('li[data-state="ERROR"]');
    await failed.waitFor();
    const words = await failed.innerText();
    assertStringIncludes(words, "NotFound");
    assertStringIncludes(words, 'there is no "not/there"');

    await failed.locator("h3 a").click();
    await page.locator('[data-state="ERROR"] h1').waitFor();
    assertStringIncludes(await page.locator(".panel-error").innerText(), 'there is no "not/there"');
    assertEquals(complaints, []);
  });
});

Deno.test("page: without JavaScript, forms start and cancel tasks, and the page shows the outcome", async () => {
  await using program = await startProgram();
  await withPage({ javaScriptEnabled: false }, async ({ page, complaints }) => {
    await page.goto(`${program.url}/`);
    const address = page.url();
    await start(page, "Long-running task");
    await rows(page, "active").waitFor();
    assertEquals(page.url(), address, "the form redirects back to the page");
    await follow(rows(page, "active").getByRole("button", { name: /Cancel/ }));
    await page.goto(address);
    const ended = rows(page, "ended");
    await ended.waitFor();
    assertEquals(await ended.getAttribute("data-state"), "CANCELLED");

    await start(page, "Count primes", { Below: "1000000" });
    await page.goto(address);
    const finished = page.locator('li[data-state="FINISHED"]');
    while (await finished.count() === 0) await page.reload();
    assertStringIncludes(await finished.innerText(), "78498");

    await follow(finished.locator("h3 a"));
    assertStringIncludes(await page.locator("main").innerText(), "78498");
    await page.getByRole("button", { name: /Remove/ }).click();
    await page.getByText("This task was removed").waitFor();
    await page.goto(address);
    assertEquals(await rows(page, "ended").count(), 1);
    // The page of a removed task has the status 410, which the browser logs.
    assertEquals(complaints.filter((text) => !text.includes("410")), []);
  });
  assertEquals(program.process.stderr, "");
});

Deno.test("page: shows a task that another program reports, and the end of that task", async () => {
  await using program = await startProgram();
  await withPage({}, async ({ page }) => {
    await page.goto(`${program.url}/t/shared`);
    await live(page);
    await page.getByText("No tasks yet").waitFor();
    const { task_id } = await startOverRest(program, "shared", "long_running_task", { tags: ["by-curl"] });
    const row = page.locator(`li[data-task-id="${task_id}"]`);
    await row.getByText("by-curl").waitFor();
    await json(`${program.url}/tasks/shared/${task_id}/cancel`, { method: "POST" });
    await page.locator(`li[data-task-id="${task_id}"][data-state="CANCELLED"]`).waitFor();
    const removed = await fetch(`${program.url}/tasks/shared/${task_id}`, { method: "DELETE" });
    assertEquals(removed.status, 204);
    await row.waitFor({ state: "detached" });
  });
});

testSource("page: the task page shows new log lines and the end of its task live", async () => {
  await using server = startServer();
  const go = Promise.withResolvers<void>();
  const run = server.monitor.monitored(async (task) => {
    task.log("first line");
    task.update({ progress: 25, status: "a quarter" });
    await go.promise;
    task.log("second line");
    return { answer: 42 };
  }, { name: "followed", client: "one", id: "followed" });
  const { done } = run.start();
  await withPage({}, async ({ page, complaints }) => {
    await page.goto(`${server.url}/t/one/followed`);
    await live(page);
    await page.locator(".hero-status", { hasText: "a quarter" }).waitFor();
    await page.getByText("first line").waitFor();
    go.resolve();
    await page.getByText("second line").waitFor();
    await page.locator('.hero[data-state="FINISHED"]').waitFor();
    await page.getByText('"answer": 42').waitFor();
    assertMatch(await page.title(), /^✓ followed/);
    assertEquals(complaints, []);
  });
  go.resolve();
  await done;
  assertEquals(server.errors, []);
});

Deno.test("page: shows no tasks after the restart of a server without a data file", async () => {
  const port = freePort();
  const args = ["--port", String(port), "--data", ":memory:"];
  await withPage({}, async ({ page }) => {
    {
      await using before = await startProgram(args);
      await page.goto(`${before.url}/t/restarted`);
      await live(page);
      await startOverRest(before, "restarted", "long_running_task", { id: "lost-with-the-server" });
      await page.locator('li[data-task-id="lost-with-the-server"]').waitFor();
    }
    await badge(page).getByText("Reconnecting…").waitFor();
    const ended = await rows(page, "ended").allInnerTexts();
    assertMatch(ended.join(), /Interrupted/, "the last known state stays visible");

    await using after = await startProgram(args);
    await startOverRest(after, "restarted", "long_running_task", { id: "of-the-new-server" });
    await live(page);
    await page.getByTestId("toast").getByText("The page has been refreshed").waitFor();
    await page.locator('li[data-task-id="of-the-new-server"]').waitFor();
    assertEquals(await page.locator('li[data-task-id="lost-with-the-server"]').count(), 0);
  });
});

const MARKUP = `</script><img src=x onerror="globalThis.harmed=1"><b>bold</b>`;

testSource("page: shows markup in the texts of tasks as text on every page", async () => {
  await using server = startServer();
  const go = Promise.withResolvers<void>();
  const options = { client: "markup", tags: [MARKUP.slice(0, 60)], metadata: { [MARKUP]: MARKUP } };
  const failing = server.monitor.monitored(async (task) => {
    task.update({ status: MARKUP, current: 1, total: 2, unit: "<b>bold</b>" });
    task.log(MARKUP);
    await go.promise;
    throw new Error(MARKUP);
  }, { ...options, name: MARKUP, id: "failing" });
  const finishing = server.monitor.monitored(() => ({ [MARKUP]: MARKUP }), {
    ...options,
    name: `2 ${MARKUP}`,
    id: "finishing",
  });
  await finishing();
  const failed = failing.start();
  const isHarmed = async (page: Page) =>
    await page.evaluate(() => "harmed" in globalThis || document.querySelector("main b, main img") !== null);
  await withPage({}, async ({ page, complaints }) => {
    for (const path of ["", "/failing", "/finishing"]) {
      await page.goto(`${server.url}/t/markup${path}`);
      await live(page);
      assertStringIncludes(await page.locator("main").innerText(), MARKUP);
      assert(!await isHarmed(page), `markup of a task became markup of the page ${path}`);
    }
    await page.goto(`${server.url}/t/markup`);
    await live(page);
    go.resolve();
    await page.locator('li[data-task-id="failing"][data-state="ERROR"]').waitFor();
    assert(!await isHarmed(page), "markup of an error became markup of the page");
    assertEquals(complaints, []);
  });
  go.resolve();
  await failed.done.catch(() => {});
});

testSource(
  "page: shows 150 tasks on two pages without JavaScript, and in one continuous list with it",
  async () => {
    await using server = startServer();
    const quick = server.monitor.monitored((_task, n: number) => n, { name: "quick", client: "many" });
    for (let n = 0; n < 150; n++) await quick(n);
    const ids = (page: Page) =>
      rows(page, "ended").evaluateAll((all) => all.map((row) => row.dataset.taskId));
    await withPage({ javaScriptEnabled: false }, async ({ page, complaints }) => {
      await page.goto(`${server.url}/t/many`);
      const first = await ids(page);
      assertEquals(first.length, 100);
      await page.getByText("Page 1 of 2").waitFor();
      await page.getByRole("link", { name: "Next page" }).click();
      await page.getByText("Page 2 of 2").waitFor();
      const second = await ids(page);
      assertEquals(new Set([...first, ...second]).size, 150);
      await page.getByRole("link", { name: "Previous page" }).click();
      await page.getByText("Page 1 of 2").waitFor();
      assertEquals(await ids(page), first);
      assertEquals(complaints, []);
    });
    await withPage({}, async ({ page, complaints }) => {
      await page.goto(`${server.url}/t/many`);
      await live(page);
      const seen = new Set(await ids(page));
      while (seen.size < 150) {
        await page.mouse.wheel(0, 500);
        for (const id of await ids(page)) seen.add(id);
      }
      // If the URL names a later page, the list starts with that page.
      await page.goto(`${server.url}/t/many?q=quick&page=2`);
      await live(page);
      assertEquals((await ids(page)).length, 50);
      await page.getByText("This list starts at page 2").waitFor();
      await page.getByRole("link", { name: "First page" }).click();
      await page.waitForURL(`${server.url}/t/many?q=quick`);
      await rows(page, "ended").nth(99).waitFor();
      assertEquals(complaints, []);
    });
  },
);

testSource(
  "page: nothing is wider than the window, in light and dark, on a phone and a desktop",
  async () => {
    await using server = startServer({
      tasks: { offered: { fn: () => null, input: { title: "x".repeat(150), type: "object" } } },
    });
    const go = Promise.withResolvers<void>();
    const long = "long_unbroken_word_".repeat(10);
    const options = {
      client: "c".repeat(128),
      tags: [long.slice(0, 64), "second"],
      metadata: { [long]: long },
    };
    const run = server.monitor.monitored(async (task) => {
      task.update({ status: long.repeat(5), current: 123_456_789_012, total: 987_654_321_098, unit: "B" });
      task.log(long.repeat(5));
      await go.promise;
      throw new Error(long.repeat(5));
    }, { ...options, name: long, id: "i".repeat(128) });
    const finished = server.monitor.monitored(() => ({ [long]: long.repeat(10) }), {
      ...options,
      name: `${long} 2`,
      id: "finished",
    });
    const failed = server.monitor.monitored(() => Promise.reject(new Error(long.repeat(5))), {
      ...options,
      name: `${long} 3`,
      id: "failed",
    });
    await finished();
    await failed().catch(() => {});
    const running = run.start();
    const backgrounds = new Set<string>();
    for (const colorScheme of ["light", "dark"] as const) {
      await withPage({ colorScheme }, async ({ page, complaints }) => {
        for (const path of ["", "/finished", "/failed", `/${running.id}`, "/unknown"]) {
          for (const viewport of [PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            await page.goto(`${server.url}/t/${options.client}${path}`);
            if (path !== "/unknown") await live(page);
            await page.evaluate(() => {
              for (const details of document.querySelectorAll("details")) details.open = true;
            });
            const where = `${path.slice(0, 20)} in ${colorScheme}, ${viewport.width} wide`;
            assertEquals(await page.evaluate(tooWide), [], where);
          }
        }
        backgrounds.add(
          await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor),
        );
        assertEquals(complaints.filter((text) => !text.includes("404")), []);
      });
    }
    go.resolve();
    await running.done.catch(() => {});
    assert(backgrounds.size !== 1, "light and dark look the same");
  },
);

/**
 * Returns the elements that extend beyond the window, or none if the window does not scroll sideways. Playwright runs
 * this function in the page.
 */
function tooWide(): string[] {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter((element) => {
    return element.getBoundingClientRect().right > innerWidth;
  });
  return [
    `${document.documentElement.scrollWidth} wide`,
    ...wide.map((element) => element.outerHTML.slice(0, 60)),
  ];
}

Deno.test("page: the demo task for 10,000 files has the same result on the page, over REST and over WebSockets", async () => {
  const root = await Deno.makeTempDir({ prefix: "taskscope-" });
  try {
    const expected = await writeFiles(root, 10_000);
    await using program = await startProgram(["--root", root]);
    await using all = new TestSocket(`${program.url}/ws/tasks/folder`);
    await all.opened();
    await withPage({}, async ({ page, complaints }) => {
      await page.goto(`${program.url}/t/folder`);
      await live(page);
      const { task_id } = await startOverRest(program, "folder", "checksum_folder", { id: "ten-thousand" });
      await using one = new TestSocket(`${program.url}/ws/tasks/folder/${task_id}`);
      const overSocket = await one.task(task_id, (task) => task.state === "FINISHED");
      assertEquals(await one.closed(), { code: 1000, reason: "The task has ended" });
      const overAll = await all.task(task_id, (task) => task.state === "FINISHED");
      const overRest = await json<Task>(`${program.url}/tasks/folder/${task_id}`);
      assertEquals(overRest.result, { ...expected, skipped: 0 });
      assertEquals(overRest.current, expected.bytes);
      for (const other of [overSocket, overAll]) {
        assertEquals(other.result, overRest.result);
        assertEquals(other.version, overRest.version);
      }
      const progress = all.messages.map((message) => message.all_tasks?.[task_id]?.progress ?? 0);
      assertGreater(new Set(progress).size, 3, "the sockets received intermediate progress");
      assertEquals(progress, progress.toSorted((a, b) => a - b), "the progress must never decrease");

      const row = page.locator(`li[data-task-id="${task_id}"][data-state="FINISHED"]`);
      await row.waitFor();
      await follow(row.locator("h3 a"));
      const shown = await page.locator("main").innerText();
      assertStringIncludes(shown, `"files": ${expected.files}`);
      assertStringIncludes(shown, expected.checksum);
      assertEquals(complaints, []);
    });
    assertEquals(program.process.stderr, "");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

/** Writes small files, and returns their number, total size and checksum, computed without the code under test. */
async function writeFiles(root: string, files: number) {
  const lines: string[] = [];
  let bytes = 0;
  for (let folder = 0; folder < 100; folder++) await Deno.mkdir(`${root}/f${folder}`);
  for (let n = 0; n < files; n++) {
    const path = `f${n % 100}/${n}.txt`;
    const content = new TextEncoder().encode(`file ${n} `.repeat(n % 7));
    await Deno.writeFile(`${root}/${path}`, content);
    bytes += content.length;
    lines.push(`${await sha256(content)}  ${path}`);
  }
  const sorted = lines.toSorted((a, b) => a.slice(66) < b.slice(66) ? -1 : 1).map((line) => `${line}\n`);
  return { files, bytes, checksum: await sha256(new TextEncoder().encode(sorted.join(""))) };
}

async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
}
