/** Tests of what the pages look like: in forced colours, and where elements must not cover each other or move. */

import type { Locator, Page } from "playwright-core";
import { assert, assertEquals } from "../support/assert.ts";
import { axeFindings } from "../support/axe.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startServer, type TestServer } from "../support/server.ts";

async function startSome(): Promise<TestServer> {
  const server = startServer();
  const tell = (path: string, body: Readonly<Record<string, unknown>>) =>
    call("POST", `${server.url}/tasks/c${path}`, { body });
  await tell("", { id: "known", name: "known" });
  await tell("/known", { progress: 100 });
  await tell("", { id: "unknown", name: "unknown" });
  await tell("/unknown", { status: "working" });
  await tell("", { id: "failed", name: "failed" });
  await tell("/failed/fail", {
    error: { message: "no", type: "E", stack: `Error: ${"long ".repeat(40)}\n  at one` },
  });
  await tell("", { id: "steps", name: "steps" });
  for (const progress of [5, 30, 60, 90]) {
    await tell("/steps", { progress, status: `step ${progress}` });
    await tell("/steps/logs", { lines: [`at ${progress}`] });
  }
  await tell("/steps/finish", {});
  return server;
}

async function open(page: Page, server: TestServer, path: string): Promise<void> {
  await page.goto(`${server.url}${path}`);
  if (path.startsWith("/t/")) {
    await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
  }
}

/** Counts the different colours of an element on the screen. */
async function coloursOf(page: Page, element: Locator): Promise<number> {
  await element.scrollIntoViewIfNeeded();
  const png = (await element.screenshot({ animations: "disabled" })).toString("base64");
  return await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (each) => each.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d")!;
    canvas.drawImage(image, 0, 0);
    const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
    const counts = new Map<number, number>();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    // Antialiasing makes many colours of a few pixels each.
    return [...counts.values()].filter((count) => count >= 20).length;
  }, png);
}

async function boxOf(element: Locator) {
  return (await element.boundingBox())!;
}

Deno.test("page: bars, charts, the selection and the focus are visible in forced colours", async () => {
  await using server = await startSome();
  for (const colorScheme of ["light", "dark"] as const) {
    await withPage({ forcedColors: "active", colorScheme, reducedMotion: "reduce" }, async ({ page }) => {
      await open(page, server, "/t/c");
      const visible = async (element: Locator, least: number, what: string) =>
        assert(await coloursOf(page, element) >= least, `${what} cannot be seen in ${colorScheme}`);
      const bar = (id: string) => page.locator(`[data-task-id=${id}] .bar`);
      await visible(bar("known"), 2, "the bar");
      await visible(bar("unknown"), 2, "the indeterminate bar");
      await visible(page.locator(".pill").first(), 2, "the state");
      const outline = (element: Locator) => element.evaluate((each) => getComputedStyle(each).outlineStyle);
      const row = page.locator("li[data-task-id=known]");
      assertEquals(await outline(row), "none");
      await page.getByRole("checkbox", { name: "Select known" }).click();
      assertEquals(await outline(row), "solid", "the selected row is marked");
      await page.keyboard.press("j");
      assertEquals(await outline(page.locator(":focus")), "solid", "the focus is marked");
      const chip = page.getByRole("search").getByText("Split", { exact: true });
      const other = page.getByRole("search").getByText("Combined", { exact: true });
      const background = (element: Locator) =>
        element.evaluate((each) => getComputedStyle(each).backgroundColor);
      assert(await background(chip) !== await background(other), "the chosen view is marked");
      assertEquals(await axeFindings(page), []);

      await open(page, server, "/t/c/steps");
      await visible(page.locator(".span").nth(1), 2, "the timeline");
      await visible(page.locator(".chart"), 3, "the chart");
      await page.getByRole("searchbox").fill("at 30");
      await page.getByRole("searchbox").press("Enter");
      assertEquals(
        await outline(page.locator(".log-line[aria-current]")),
        "solid",
        "the current match is marked",
      );
      await open(page, server, "/stats/c/steps");
      await visible(page.locator(".run-bar").first(), 1, "the bar of a run");
    });
  }
});

Deno.test("page: the notice that JavaScript is off is as wide as a phone", async () => {
  await using server = await startSome();
  await withPage({ javaScriptEnabled: false, viewport: { width: 390, height: 800 } }, async ({ page }) => {
    await open(page, server, "/stats/c");
    assertEquals((await boxOf(page.locator(".notice-top"))).width, 390);
  });
});

Deno.test("page: nothing covers what is beside it, and nothing moves when it is clicked", async () => {
  await using server = await startSome();
  for (const width of [390, 768, 1280, 1920]) {
    await withPage({ viewport: { width, height: 800 } }, async ({ page }) => {
      await open(page, server, "/t/c/known");
      const percent = await boxOf(page.locator(".hero-percent"));
      const gap = (await boxOf(page.locator(".hero .bar"))).x - percent.x - percent.width;
      assert(gap >= 8, `the number is ${gap} pixels from its bar at ${width}`);
      assertEquals(
        await page.locator(".hero-percent").evaluate((each) => each.scrollWidth - each.clientWidth),
        0,
        "the number is not wider than its column",
      );

      await open(page, server, "/t/c/failed");
      const stack = await boxOf(page.getByLabel("Stack", { exact: true }));
      const copy = await boxOf(page.getByRole("button", { name: "Copy the stack" }));
      assert(copy.x >= stack.x + stack.width, `the copy button covers the stack at ${width}`);

      await open(page, server, "/t/c");
      const summary = page.getByText("More filters");
      const before = await boxOf(summary);
      await summary.click();
      await page.getByLabel("Until").waitFor();
      assertEquals(await boxOf(summary), before, `"More filters" moves at ${width}`);

      for (const id of ["known", "failed"]) {
        await page.getByRole("checkbox", { name: `Select ${id}` }).click();
      }
      const buttons = await page.locator(".bulk .button").all();
      const boxes = await Promise.all(buttons.map(boxOf));
      const words = await boxOf(page.locator(".bulk-words"));
      if (width === 390) {
        assert(boxes.every(({ y }) => y >= words.y + words.height), "the buttons are below the text");
        const ends = Map.groupBy(boxes, ({ y }) => y);
        const widths = [...ends.values()].map((line) => Math.round(line.at(-1)!.x + line.at(-1)!.width));
        assertEquals(new Set(widths).size, 1, "the lines of buttons are equally long");
      } else {assertEquals(
          new Set(boxes.map(({ y }) => y)).size,
          1,
          `the buttons are in one line at ${width}`,
        );}
    });
  }
});
