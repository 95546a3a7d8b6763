/** Tests of undoing on the list and on the task page, in a real browser: cancellations before they are sent, and removals. */

import type { Locator, Page } from "playwright-core";
import { assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

async function open(page: Page, server: TestServer, path = ""): Promise<void> {
  await page.goto(`${server.url}/t/c${path}`);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

/** Starts a server with tasks that run until they are cancelled. */
async function startRunning(...ids: readonly string[]): Promise<TestServer> {
  const server = startServer();
  for (const id of ids) {
    await call("POST", `${server.url}/tasks/c`, { body: { id, name: id } });
    await call("POST", `${server.url}/tasks/c/${id}`, { body: { progress: 10 } });
  }
  return server;
}

/** Records the texts that the live region gets from now on. */
async function recordAnnouncements(page: Page): Promise<() => Promise<string[]>> {
  const texts = await page.getByTestId("announcer").evaluateHandle((region) => {
    const texts: string[] = [];
    new MutationObserver(() => texts.push(region.textContent ?? ""))
      .observe(region, { subtree: true, childList: true, characterData: true });
    return texts;
  });
  return () => texts.jsonValue();
}

/** Returns the ids of the tasks whose cancellation was requested, in alphabetical order. */
function cancelled(server: TestServer): string[] {
  return server.monitor.registry.tasks("c").filter((task) => task.cancel_requested).map(({ id }) => id)
    .sort();
}

Deno.test("page: a cancellation can be undone with the mouse and with the keyboard, on the list and on the task page", async () => {
  for (const path of ["", "/a"]) {
    await using server = await startRunning("a", "b");
    await withPage({}, async ({ page, complaints }) => {
      await open(page, server, path);
      const undo = button(page, "Undo the cancellation of a");
      const announced = await recordAnnouncements(page);
      await button(page, "Cancel a").click();
      await undo.waitFor();
      assertEquals(await undo.innerText(), "Undo");
      await page.getByTestId("announcer").getByText("Cancelling 1 task… Press Undo within 2 seconds")
        .waitFor();
      // The page ignores a second click in the same place right after the first.
      await page.mouse.move(1, 1);
      await undo.click();
      await button(page, "Cancel a").press("Enter");
      await undo.press("Enter");
      await button(page, "Cancel a").waitFor();
      const hints = (await announced()).filter((text) => text.includes("Press Undo"));
      assertEquals(hints.length, 2, "both hints were announced before their cancellation was undone");

      // When the cancellation of `b` is sent, those of `a` would have been sent before, had they not been
      // undone.
      await page.goto(`${server.url}/t/c`);
      await button(page, "Cancel b").press(" ");
      await button(page, "Cancelling b").waitFor();
      assertEquals(cancelled(server), ["b"]);
      assertEquals(complaints, []);
    });
  }
});

Deno.test("page: a cancellation is sent at once if the user leaves the page", async () => {
  await using server = await startRunning("a", "b", "c", "d");
  await withPage({}, async ({ page }) => {
    await open(page, server);
    await button(page, "Cancel a").click();
    await page.getByRole("link", { name: "b", exact: true }).click();
    await page.waitForURL(/\/b$/);
    await until(() => cancelled(server).join() === "a");
    await button(page, "Cancel b").click();
    await page.close({ runBeforeUnload: true });
    await until(() => cancelled(server).join() === "a,b");
  });
  await withPage({}, async ({ page }) => {
    await open(page, server);
    for (const id of ["c", "d"]) await page.getByRole("checkbox", { name: `Select ${id}` }).click();
    await button(page, "Cancel selected tasks").click();
    await button(page, "Undo the cancellation of 2 tasks").waitFor();
    await page.goto("about:blank");
    await until(() => cancelled(server).length === 4);
  });
});

Deno.test("list: a bulk cancellation can be undone as a whole or for one task", async () => {
  await using server = await startRunning("a", "b", "c");
  await withPage({}, async ({ page }) => {
    await open(page, server);
    for (const id of ["a", "b"]) await page.getByRole("checkbox", { name: `Select ${id}` }).click();
    await button(page, "Cancel selected tasks").click();
    await button(page, "Undo the cancellation of 2 tasks").click();
    await page.getByText("2 selected").waitFor();
    await button(page, "Cancel selected tasks").click();
    await button(page, "Undo the cancellation of a").click();
    await button(page, "Cancelling b").waitFor();
    assertEquals(cancelled(server), ["b"]);
    await page.getByText("1 selected").waitFor();
  });
});

Deno.test("list: two removals in a row can both be undone, for as long as the server can restore the tasks", async () => {
  await using server = startServer({ limits: { restoreWindowMs: 8_000 } });
  for (const id of ["c", "b", "a"]) {
    await call("POST", `${server.url}/tasks/c`, { body: { id, name: id } });
    await call("POST", `${server.url}/tasks/c/${id}/finish`, { body: {} });
  }
  await withPage({}, async ({ page }) => {
    await open(page, server);
    // The row below moves up after a removal; a click in the same place would be ignored.
    await button(page, "Remove c").click();
    await button(page, "Remove b").click();
    await page.getByTestId("bulk").getByText("2 tasks removed.").waitFor();
    await button(page, "Undo the removal of 2 tasks").click();
    await page.getByTestId("bulk").getByText("2 tasks restored.").waitFor();
    assertEquals(server.monitor.registry.tasks("c").length, 3);

    // Selecting a task does not hide the offer to undo; it disappears when its time is up.
    await button(page, "Remove a").click();
    await page.getByRole("checkbox", { name: "Select b" }).click();
    await button(page, "Undo the removal of 1 task").waitFor();
    await button(page, "Undo the removal of 1 task").waitFor({ state: "detached" });
    const restored = await call("POST", `${server.url}/tasks/c/a/restore`);
    assertEquals(
      restored.status,
      404,
      "the page no longer offers to restore tasks that the server cannot restore",
    );
  });
});

Deno.test("task page: shows how long a removal can still be undone, even if the page is loaded later", async () => {
  await using server = startServer({ limits: { restoreWindowMs: 60_000 } });
  await call("POST", `${server.url}/tasks/c`, { body: { id: "a" } });
  await call("POST", `${server.url}/tasks/c/a/finish`, { body: {} });
  await call("DELETE", `${server.url}/tasks/c/a`);
  const removedMs = Date.now();
  const secondsLeft = () => 60 - (Date.now() - removedMs) / 1_000;
  await withPage({}, async ({ page }) => {
    await until(() => secondsLeft() < 58);
    await page.goto(`${server.url}/t/c/a`);
    const left = Number.parseInt(await page.locator(".removal-left").innerText());
    assertEquals(left <= 58 && left > secondsLeft() - 2, true, `${left} s`);
  });
});
