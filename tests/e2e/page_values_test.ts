/** Tests in a real browser of the charts of the values that a task reports. */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { axeFindingsInLightAndDark } from "../support/axe.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { Relay } from "../support/relay.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** The time of the first value, in epoch seconds: 2026-11-30 12:00:00 UTC. */
const START = Date.UTC(2026, 10, 30, 12) / 1_000;

/** Reports values of the task `c/train`, by series, at seconds after {@linkcode START}. */
async function report(
  server: TestServer,
  values: Readonly<Record<string, readonly (readonly [seconds: number, value: number])[]>>,
): Promise<void> {
  const given = Object.entries(values).map(([name, points]) => [
    name,
    points.map(([seconds, value]) => [START + seconds, value]),
  ]);
  const body = { values: Object.fromEntries(given) };
  assertEquals((await call("POST", `${server.url}/tasks/c/train`, { body })).status, 200);
}

async function startTraining(): Promise<TestServer> {
  const server = startServer();
  await call("POST", `${server.url}/tasks/c`, { body: { id: "train", name: "train" } });
  return server;
}

const LOSS = [[0, 2.5], [10, 1.25], [20, 0.75], [30, 0.875], [40, 0.5]] as const;

async function open(page: Page, server: Pick<TestServer, "url">): Promise<void> {
  await page.goto(`${server.url}/t/c/train`);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

function chartOf(page: Page, name: string) {
  return page.locator("figure").filter({ has: page.getByText(name, { exact: true }) });
}

Deno.test("task page: values appear and rise live, and a second series joins them", async () => {
  await using server = await startTraining();
  await withPage({}, async ({ page, complaints }) => {
    let scripts = 0;
    page.on("request", (request) => {
      if (/\/assets\/values-/.test(request.url())) scripts++;
    });
    await open(page, server);
    assertEquals([await page.getByRole("heading", { name: "Values" }).count(), scripts], [0, 0]);
    await report(server, { "train/loss": LOSS });
    const loss = chartOf(page, "train/loss");
    await loss.locator("strong").getByText("0.5", { exact: true }).waitFor();
    const line = await loss.locator(".chart-line").getAttribute("d");
    await report(server, { "train/loss": [[50, 0.25]], rate: [[50, 3]] });
    await loss.locator("strong").getByText("0.25", { exact: true }).waitFor();
    assertEquals(await loss.locator("dd").allInnerTexts(), ["0.25", "2.5"]);
    assert(await loss.locator(".chart-line").getAttribute("d") !== line);
    await chartOf(page, "rate").locator("strong").getByText("3", { exact: true }).waitFor();
    for (let n = 1; n <= 40; n++) await report(server, { rate: [[50 + n, 3 + n]] });
    await chartOf(page, "rate").locator("strong").getByText("43", { exact: true }).waitFor();
    assertEquals(scripts, 1);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: values that were reported while the page was disconnected are shown after it reconnects", async () => {
  await using server = await startTraining();
  await using relay = new Relay(server.url);
  await report(server, { loss: LOSS });
  await withPage({}, async ({ page }) => {
    await open(page, relay);
    const figure = chartOf(page, "loss");
    await figure.getByRole("slider").waitFor();
    relay.cut();
    await page.getByTestId("connection").getByText("Reconnecting…").waitFor();
    await report(server, { loss: [[15, 7], [50, 3]] });
    relay.mend();
    await figure.locator("strong").getByText("3", { exact: true }).waitFor();
    assertEquals(await figure.locator("dd").allInnerTexts(), ["0.5", "7"]);
  });
});

Deno.test("task page: the value at the pointer is shown, and the last one when the pointer leaves", async () => {
  await using server = await startTraining();
  await report(server, { loss: LOSS });
  await withPage({ timezoneId: "UTC" }, async ({ page, complaints }) => {
    await open(page, server);
    const figure = chartOf(page, "loss");
    const slider = figure.getByRole("slider");
    await slider.scrollIntoViewIfNeeded();
    const { width, height } = (await slider.boundingBox())!;
    await slider.hover({ position: { x: width * 0.27, y: height / 2 } });
    await figure.getByText("12:00:10", { exact: true }).waitFor();
    assertEquals(await figure.locator("strong").innerText(), "1.25");
    assertEquals(await figure.locator(".chart-cross").getAttribute("d"), "M250 0V100");
    await slider.hover({ position: { x: width * 0.9, y: 2 } });
    await figure.locator("strong").getByText("0.5", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "train" }).hover();
    await figure.locator(".chart-cross").waitFor({ state: "detached" });
    assertEquals(await figure.locator("strong").innerText(), "0.5");
    assertEquals(complaints, []);
  });
});

Deno.test("task page: the keyboard moves along a chart of values, and the selected value stays selected when more arrive", async () => {
  await using server = await startTraining();
  await report(server, { loss: LOSS, rate: [[0, 1]] });
  await withPage({ timezoneId: "UTC" }, async ({ page, complaints }) => {
    await open(page, server);
    const slider = page.getByRole("slider", { name: "loss" });
    await slider.waitFor();
    await page.getByRole("link", { name: "Download CSV" }).focus();
    await page.keyboard.press("Tab");
    const text = () => page.locator(":focus").getAttribute("aria-valuetext");
    assertEquals(await text(), "0.5 at 2026-11-30 12:00:40");
    for (
      const [key, expected] of [
        ["ArrowLeft", "0.875 at 2026-11-30 12:00:30"],
        ["Home", "2.5 at 2026-11-30 12:00:00"],
        ["ArrowLeft", "2.5 at 2026-11-30 12:00:00"],
        ["ArrowRight", "1.25 at 2026-11-30 12:00:10"],
      ] as const
    ) {
      await page.keyboard.press(key);
      await page.locator(`[aria-valuetext="${expected}"]:focus`).waitFor();
    }
    await report(server, { loss: [[60, 9]] });
    await page.locator("[role=slider][aria-label=loss][aria-valuemax='6']").waitFor();
    assertEquals(await text(), "1.25 at 2026-11-30 12:00:10");
    await page.keyboard.press("End");
    await page.locator('[aria-valuetext="9 at 2026-11-30 12:01:00"]:focus').waitFor();
    await page.keyboard.press("Tab");
    assertEquals(await text(), "1 at 2026-11-30 12:00:00");
    await page.keyboard.press("Tab");
    assertEquals(await page.locator(":focus").innerText(), "Table of values");
    await page.keyboard.press("Enter");
    const cells = await page.getByRole("row", { name: /^loss/ }).getByRole("cell").allInnerTexts();
    assertEquals(cells.map((cell) => cell.split(/\s/)[0]), ["2.5", "9", "0.5", "9"]);
    assertEquals(complaints, []);
  });
});

Deno.test("task page: values are shown without JavaScript, also to the holder of a token for the task", async () => {
  const key = "a-key-that-nobody-would-guess";
  await using server = startServer({ key });
  const headers = { authorization: `Bearer ${key}` };
  const tell = (path: string, body: unknown) => call("POST", `${server.url}${path}`, { headers, body });
  await tell("/tasks/c", { id: "train", name: "train" });
  const loss = LOSS.map(([seconds, value]) => [START + seconds, value]);
  await tell("/tasks/c/train", { values: { loss } });
  const { token } = (await tell("/tokens", { may: "read", client: "c", task_id: "train" })).json;
  const guest = { authorization: `Bearer ${token}` };
  await withPage({ javaScriptEnabled: false, extraHTTPHeaders: guest }, async ({ page }) => {
    await page.goto(`${server.url}/t/c/train`);
    const figure = chartOf(page, "loss");
    assertEquals(await figure.locator("strong").innerText(), "0.5");
    const image = figure.getByRole("img", { name: "loss: last 0.5, lowest 0.5, highest 2.5" });
    assert(await image.isVisible());
    assertEquals(await page.getByRole("slider").count(), 0);
    await page.getByText("Table of values").click();
    assertStringIncludes(await page.getByRole("row", { name: /^loss/ }).innerText(), "12:00:40 UTC");
    const href = await page.getByRole("link", { name: "Download CSV" }).getAttribute("href");
    const csv = await call("GET", server.url + href, { headers: guest });
    assertMatch(csv.text, /^series,at,value\r\nloss,/);
  });
});

Deno.test("task page: charts of values are accessible and fit, in light and dark, and on a phone", async () => {
  await using server = await startTraining();
  await report(server, { loss: LOSS, [`${"a".repeat(63)}b`]: LOSS, rate: [[0, -1e300], [40, 1e300]] });
  for (const viewport of [{ width: 390, height: 844 }, { width: 1_280, height: 900 }]) {
    await withPage({ viewport }, async ({ page }) => {
      await open(page, server);
      const slider = page.getByRole("slider", { name: "loss" });
      await slider.focus();
      await page.keyboard.press("ArrowLeft");
      await page.locator(".chart-cross").waitFor({ state: "attached" });
      await page.getByText("Table of values").click();
      assertEquals(await axeFindingsInLightAndDark(page), [], `${viewport.width} wide`);
      const [full, seen] = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return [scrollWidth, clientWidth];
      });
      assertEquals(full, seen, `${viewport.width} wide`);
    });
  }
});
