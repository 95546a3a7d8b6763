/**
 * Measures nine tabs in Chromium while WebSockets are refused: the time until all are live, and the time
 * until the other tabs follow a new leader.
 *
 * @module
 */

import type { BrowserContext } from "playwright-core";
import { withPage } from "../support/browser.ts";
import { pause, Scene, Tabs } from "../support/tabs.ts";
import { alternate, type Figure, median, PAIRS, WrongWorkError } from "./support/harness.ts";

/** The number of tabs: more than the connections that a browser opens to a server. */
const TABS = 9;
/** What a tab says on its console once it is live. */
const LIVE = "live";

/**
 * Measures how long nine tabs need to open and be live, beside nine tabs with a static page; and how long the
 * other tabs need to receive a change after the leader was closed or paused.
 */
export async function benchTabs(): Promise<Figure[]> {
  await using scene = new Scene();
  await scene.start("c", "t");
  await using bare = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<!doctype html><title>static</title>", { headers: { "content-type": "text/html" } }),
  );
  const page = `${scene.proxy.url}/t/c`;
  const live: number[] = [];
  const opened = await alternate(
    () =>
      inContext(async (context) => {
        const ms = await measure(async () => void await liveTabs(context, page));
        live.push(ms);
        return ms;
      }),
    () =>
      inContext((context) =>
        measure(() => openTabs(new Tabs(context), `http://127.0.0.1:${bare.addr.port}/`))
      ),
  );
  const closed = await repeat(async (context, round) => {
    const tabs = await liveTabs(context, page);
    await tabs.closeLeader();
    return await measure(() => say(scene, tabs, `closed ${round}`));
  });
  const stopped = await repeat(async (context, round) => {
    const tabs = await liveTabs(context, page);
    const { leader } = tabs;
    const resume = await pause(leader);
    tabs.pages.splice(tabs.pages.indexOf(leader), 1);
    const ms = await measure(() => say(scene, tabs, `stopped ${round}`));
    await resume();
    return ms;
  });
  const target = { of: "ours", atMost: 3_000 } as const;
  return [
    { name: `tabs: ${TABS} open and live without WebSockets`, unit: "ms", ...opened, target },
    {
      name: "tabs: the slowest round of these",
      unit: "ms",
      ours: Math.max(...live),
      bare: null,
      ratio: null,
      target,
    },
    moved("closing", closed),
    moved("stopping", stopped),
  ];
}

function moved(how: string, times: readonly number[]): Figure {
  const target = { of: "ours", atMost: 2_000 } as const;
  const name = `tabs: a change at the other tabs after ${how} the leader`;
  return { name, unit: "ms", ours: median(times), bare: null, ratio: null, target };
}

async function openTabs(tabs: Tabs, url: string): Promise<void> {
  await tabs.open(Array.from({ length: TABS }, () => url));
}

/**
 * Opens the tabs, and waits until all are live. Each tab writes to its console when it is live: a locator
 * would make it compile the script that Playwright injects, a seventh of the processor time that the tab
 * needs to be live.
 */
async function liveTabs(context: BrowserContext, url: string): Promise<Tabs> {
  const live = Promise.withResolvers<void>();
  let count = 0;
  context.on("console", (message) => {
    if (message.text() === LIVE && ++count === TABS) live.resolve();
  });
  await context.addInitScript((live) => {
    const observer = new MutationObserver(() => {
      if (document.querySelector("[data-connection=live]") === null) return;
      observer.disconnect();
      // deno-lint-ignore no-console -- the benchmark listens to the console
      console.debug(live);
    });
    observer.observe(document, { subtree: true, childList: true, attributeFilter: ["data-connection"] });
  }, LIVE);
  const tabs = new Tabs(context);
  await openTabs(tabs, url);
  await live.promise;
  return tabs;
}

/** Changes the task, and waits until every tab shows it. */
async function say(scene: Scene, tabs: Tabs, words: string): Promise<void> {
  await scene.say(words);
  await tabs.see(words);
}

async function repeat(use: (context: BrowserContext, round: number) => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < PAIRS; round++) times.push(await inContext((context) => use(context, round)));
  return times;
}

/** Calls a function with a context of a browser that has opened no page of the server yet. */
async function inContext(use: (context: BrowserContext) => Promise<number>): Promise<number> {
  let ms: number | undefined;
  await withPage({ wholeBrowser: true }, async ({ page }) => {
    ms = await use(page.context());
  });
  if (ms === undefined) throw new WrongWorkError("Cannot measure the tabs: there is no browser");
  return ms;
}

async function measure(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
