/**
 * Measures the list page in Chromium: its first paint, layout shifts, and frame rate with a thousand busy tasks.
 *
 * @module
 */

import type { CDPSession, Page } from "playwright-core";
import { withPage } from "../support/browser.ts";
import { pause } from "./support/clock.ts";
import { type Figure, median, PAIRS, type Target, verify, WrongWorkError } from "./support/harness.ts";
import { startMonitor } from "./support/monitors.ts";
import { CLIENT } from "./support/records.ts";
import { TempFolder } from "./support/temp_folder.ts";

const STORED = 1_000;
const BUSY = { count: 1_000, hertz: 10 };
/** The duration of the measurement of the busy page, in milliseconds. */
const WATCHED_MS = 30_000;
/** The time before the measurement of the busy page begins, in milliseconds. */
const SETTLE_MS = 5_000;
/** The time for which layout shifts are measured after the page is live, in milliseconds. */
const STILL_MS = 2_000;

/** The measurements that a script in the page records. */
interface Record {
  shift: number;
  longestMs: number;
  frames: number;
}

/** Measures a page of 1,000 stored tasks, and a page of 1,000 tasks that update ten times a second each. */
export async function benchPage(): Promise<Figure[]> {
  return [...await opened(), ...await busy()];
}

async function opened(): Promise<Figure[]> {
  await using folder = await TempFolder.make();
  await using monitor = await startMonitor({ data: folder.file("tasks.db") });
  await monitor.call("addEnded", STORED);
  const url = `http://127.0.0.1:${monitor.port}/t/${CLIENT}`;
  const paints: number[] = [];
  const shifts: number[] = [];
  // The first visit is a warm-up, because the server compresses its assets on first use.
  for (let index = -1; index < PAIRS; index++) {
    await inPage(url, async (page) => {
      verify("rows on the page", true, await page.locator("[data-task-id]").count() > 0);
      await pause(STILL_MS);
      if (index < 0) return;
      paints.push(
        await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime),
      );
      shifts.push((await recordOf(page)).shift);
    });
  }
  return [
    figure(`page: first contentful paint, ${STORED.toLocaleString("en")} stored`, "ms", median(paints), {
      atMost: 300,
    }),
    figure("page: layout shift on opening", "CLS", Math.max(...shifts), { atMost: 0.01 }),
  ];
}

async function busy(): Promise<Figure[]> {
  await using monitor = await startMonitor();
  await monitor.call("beBusy", BUSY);
  const figures: Figure[] = [];
  await inPage(`http://127.0.0.1:${monitor.port}/t/${CLIENT}`, async (page) => {
    const tools = await page.context().newCDPSession(page);
    await pause(SETTLE_MS);
    const version = () => page.locator("[data-task-id]").first().innerText();
    const shown = await version();
    const before = await heapOf(tools);
    await page.evaluate(() => {
      const { record } = globalThis as unknown as { readonly record: Record };
      Object.assign(record, { frames: 0, longestMs: 0, shift: 0 });
    });
    const startMs = performance.now();
    await pause(WATCHED_MS);
    const { frames, longestMs, shift } = await recordOf(page);
    const seconds = (performance.now() - startMs) / 1_000;
    const after = await heapOf(tools);
    if (await version() === shown) {
      throw new WrongWorkError("Cannot measure the busy page: nothing changed on it");
    }
    const name = `page: ${BUSY.count.toLocaleString("en")} tasks at ${BUSY.hertz} Hz`;
    figures.push(
      figure(`${name}, frames`, "frames/s", frames / seconds, { atLeast: 50 }),
      figure(`${name}, longest long task`, "ms", longestMs, { atMost: 100 }),
      figure(`${name}, heap after 30 s vs before`, "", after / before, { atLeast: 0.8, atMost: 1.2 }),
      figure(`${name}, layout shift`, "CLS", shift, { atMost: 0.01 }),
    );
  });
  return figures;
}

/** Opens a page that records measurements, waits until it is live, and passes it to a function. */
async function inPage(url: string, use: (page: Page) => Promise<void>): Promise<void> {
  let isUsed = false;
  await withPage(
    { viewport: { width: 1280, height: 800 }, wholeBrowser: true },
    async ({ page, complaints }) => {
      isUsed = true;
      await page.addInitScript(() => {
        const record: Record = { shift: 0, longestMs: 0, frames: 0 };
        Object.assign(globalThis, { record });
        const watch = (type: string, note: (entry: PerformanceEntry & { value?: number }) => void) =>
          new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({
            type,
            buffered: true,
          });
        watch("layout-shift", ({ value = 0 }) => record.shift += value);
        watch("longtask", ({ duration }) => record.longestMs = Math.max(record.longestMs, duration));
        requestAnimationFrame(function count() {
          record.frames++;
          requestAnimationFrame(count);
        });
      });
      await page.goto(url);
      await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
      await use(page);
      verify("complaints of the browser", "", complaints.join());
    },
  );
  if (!isUsed) throw new WrongWorkError("Cannot measure the page: there is no browser");
}

function recordOf(page: Page): Promise<Record> {
  return page.evaluate(() => Reflect.get(globalThis, "record") as Record);
}

/** Returns the size of the page's heap after a garbage collection, in bytes. */
async function heapOf(tools: CDPSession): Promise<number> {
  await tools.send("HeapProfiler.collectGarbage");
  return (await tools.send("Runtime.getHeapUsage")).usedSize;
}

function figure(name: string, unit: string, ours: number, target: Omit<Target, "of">): Figure {
  return { name, unit, ours, bare: null, ratio: null, target: { of: "ours", ...target } };
}
