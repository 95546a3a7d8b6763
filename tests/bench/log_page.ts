/**
 * Measures a task page with a log of 100,000 lines in Chromium while the log is scrolled from its end to its start.
 *
 * @module
 */

import type { Page } from "playwright-core";
import { withPage } from "../support/browser.ts";
import { type Figure, type Target, verify, WrongWorkError } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";
import { CLIENT } from "./support/records.ts";
import { TempFolder } from "./support/temp_folder.ts";

const LINES = 100_000;
/** The number of positions that the log is scrolled to. */
const STEPS = 200;
const ROUNDS = 3;

/** What a script in the page records. */
interface Record {
  longestMs: number;
  mostElements: number;
}

/** Measures the longest task and the number of elements, the best of three times. */
export async function benchLogPage(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  const data = folder.file("tasks.db");
  await using monitor = await startMonitor({ data, limits: { logLinesPerTaskOnDisk: 2 * LINES } });
  await monitor.call("log", { id: "logging", lines: LINES, perSecond: 0 });
  const url = `http://127.0.0.1:${monitor.port}/t/${CLIENT}/logging`;
  const records: Record[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await withPage({ viewport: { width: 1280, height: 800 }, wholeBrowser: true }, async ({ page }) => {
      await page.goto(url);
      await page.getByRole("button", { name: "Full screen" }).waitFor();
      records.push(await scrolled(page));
    });
  }
  if (records.length < ROUNDS) throw new WrongWorkError("Cannot measure the log: there is no browser");
  const best = (pick: (record: Record) => number) => Math.min(...records.map(pick));
  const name = `page: log of ${LINES.toLocaleString("en")} lines, scrolled`;
  return [
    figure(`${name}, longest long task`, "ms", best(({ longestMs }) => longestMs), { atMost: 100 }),
    figure(`${name}, elements`, "", best(({ mostElements }) => mostElements), { atMost: 3_000 }),
  ];
}

/** Scrolls the log from its end to its start, one position per frame. */
async function scrolled(page: Page): Promise<Record> {
  const record = await page.evaluate(async (steps) => {
    const list = document.querySelector<HTMLElement>("ol.log")!;
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const record = { longestMs: 0, mostElements: 0 };
    const observer = new PerformanceObserver((entries) => {
      for (const { duration } of entries.getEntries()) {
        record.longestMs = Math.max(record.longestMs, duration);
      }
    });
    observer.observe({ type: "longtask" });
    for (let step = steps; step >= 0; step--) {
      list.scrollTop = (list.scrollHeight - list.clientHeight) * step / steps;
      await frame();
      record.mostElements = Math.max(record.mostElements, document.querySelectorAll("*").length);
    }
    await frame();
    observer.disconnect();
    return record;
  }, STEPS);
  await page.locator("#log-0").waitFor();
  verify("first line", true, (await page.locator("#log-0 .log-text").innerText()).trim().length > 0);
  return record;
}

function figure(name: string, unit: string, ours: number, target: Omit<Target, "of">): Figure {
  return { name, unit, ours, bare: null, ratio: null, target: { of: "ours", ...target } };
}
