/**
 * Tests many tabs of one browser if WebSockets are refused: a browser opens at most six HTTP/1.1 connections to a
 * server, and an event stream takes one.
 */

import type { Page, Request } from "playwright-core";
import { assert, assertEquals, assertLessOrEqual } from "../support/assert.ts";
import { type PageOptions, withPage } from "../support/browser.ts";
import { pause, Scene, Tabs } from "../support/tabs.ts";

const KEY = "the-key-of-this-very-server";
/** The number of tabs: more than the connections that a browser opens to a server. */
const TABS = 9;

/** Runs a test with nine tabs on a server whose WebSockets are refused. */
async function withTabs(
  scene: Scene,
  addresses: readonly string[],
  use: (tabs: Tabs, page: Page) => Promise<void>,
  { prepare, ...browser }: PageOptions & { readonly prepare?: (page: Page) => Promise<void> } = {},
): Promise<void> {
  assertEquals(addresses.length, TABS);
  await withPage(browser, async ({ page }) => {
    await prepare?.(page);
    const tabs = new Tabs(page.context());
    await tabs.open(addresses.map((address) => scene.proxy.url + address));
    await tabs.live();
    await use(tabs, page);
    assertEquals(scene.server.errors, []);
  });
}

/** Asserts that all tabs stay live, over one stream, also after the leader's tab was closed twice. */
async function staysLive(scene: Scene, tabs: Tabs): Promise<void> {
  await scene.say("first words");
  await tabs.see("first words");
  // The tabs together use one connection for events, and at most five for anything else.
  assertLessOrEqual(scene.proxy.open, 6);
  for (const words of ["second words", "third words"]) {
    const { leader } = tabs;
    await tabs.closeLeader();
    // These changes may be lost with the old leader; the new leader must then resume from the cursors of the
    // tabs.
    await scene.say(words);
    await tabs.see(words);
    assert(tabs.leader !== leader, "another tab leads");
    await tabs.live();
  }
}

Deno.test("tabs: nine tabs on one client are live without WebSockets, even after the leader was closed", async () => {
  await using scene = new Scene();
  await scene.start("c", "t");
  const addresses = Array.from({ length: TABS }, (_, index) => index % 2 === 0 ? "/t/c" : "/t/c/t");
  await withTabs(scene, addresses, (tabs) => staysLive(scene, tabs), { wholeBrowser: true });
});

Deno.test("tabs: nine tabs on different clients and tasks are live without WebSockets", async () => {
  await using scene = new Scene();
  const addresses = [];
  for (let index = 0; index < TABS; index++) {
    await scene.start(`c${index}`, `t${index}`);
    addresses.push(index % 2 === 0 ? `/t/c${index}/t${index}` : `/t/c${index}`);
  }
  await withTabs(scene, addresses, (tabs) => staysLive(scene, tabs));
});

Deno.test("tabs: a leader that is about to be frozen is replaced, and follows when it is resumed", async () => {
  await using scene = new Scene();
  await scene.start("c", "t");
  await withTabs(scene, Array.from({ length: TABS }, () => "/t/c"), async (tabs) => {
    const { leader } = tabs;
    // Chromium freezes no visible page, not even by its debugging protocol.
    await leader.evaluate(() => document.dispatchEvent(new Event("freeze")));
    await scene.say("said after freezing");
    await tabs.see("said after freezing");
    assert(tabs.leader !== leader, "another tab leads");
    await tabs.live();
  });
});

Deno.test("tabs: a follower that was paused gets the changes that it missed", async () => {
  await using scene = new Scene();
  await scene.start("c", "t");
  await withTabs(scene, Array.from({ length: TABS }, () => "/t/c"), async (tabs) => {
    const follower = tabs.pages.find((page) => page !== tabs.leader)!;
    const resume = await pause(follower);
    tabs.pages.splice(tabs.pages.indexOf(follower), 1);
    await scene.say("said while paused");
    await tabs.see("said while paused");
    await resume();
    await follower.getByText("said while paused", { exact: true }).first().waitFor();
  });
});

Deno.test("tabs: a leader that does not answer any more is replaced", async () => {
  await using scene = new Scene();
  await scene.start("c", "t");
  await withTabs(scene, Array.from({ length: TABS }, () => "/t/c"), async (tabs) => {
    const { leader } = tabs;
    const resume = await pause(leader);
    tabs.pages.splice(tabs.pages.indexOf(leader), 1);
    await scene.say("said while paused");
    await tabs.see("said while paused");
    assert(tabs.leader !== leader, "another tab leads");
    await resume();
    tabs.pages.push(leader);
    await scene.say("said after that");
    await tabs.see("said after that");
  });
});

Deno.test("tabs: a visible tab that the browser does not paint shows changes", async () => {
  await using scene = new Scene();
  await scene.start("c", "t");
  await withPage({}, async ({ page }) => {
    await page.addInitScript(() => {
      globalThis.requestAnimationFrame = () => 0;
    });
    const tabs = new Tabs(page.context());
    tabs.pages.push(page);
    await page.goto(`${scene.proxy.url}/t/c`);
    await tabs.live();
    await scene.say("without a frame");
    await tabs.see("without a frame");
  });
});

Deno.test("tabs: nine tabs of someone who has signed in are live without WebSockets", async () => {
  await using scene = new Scene({ key: KEY });
  await scene.start("c", "t");
  await scene.start("d", "t");
  const addresses = Array.from({ length: TABS }, (_, index) => index % 2 === 0 ? "/t/c" : "/t/d/t");
  await withTabs(scene, addresses, (tabs) => staysLive(scene, tabs), {
    prepare: async (page) => {
      await page.goto(`${scene.proxy.url}/sign-in`);
      await page.getByLabel("Key").fill(KEY);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL((to) => !to.pathname.endsWith("/sign-in"));
      await page.goto("about:blank");
    },
  });
});

/** Opens a shared link to the task "t". */
async function openLink(scene: Scene, page: Page): Promise<void> {
  const answer = await fetch(`${scene.proxy.url}/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ may: "read", client: "c", task_id: "t" }),
  });
  const { token } = await answer.json();
  await page.goto(`${scene.proxy.url}/s/${token}`);
  await page.goto("about:blank");
}

Deno.test("tabs: nine tabs with a shared link to one task are live, and receive no other task", async () => {
  await using scene = new Scene({ key: KEY });
  await scene.start("c", "t");
  await scene.start("c", "other");
  await withTabs(scene, Array.from({ length: TABS }, () => "/t/c/t"), async (tabs, page) => {
    await staysLive(scene, tabs);
    // The script of the page can't subscribe to more than the link allows.
    await page.goto(`${scene.proxy.url}/t/c/t`);
    const text = await page.evaluate(async () =>
      await (await fetch("/events/tasks?watch=c&watch=c/other&after=&after=")).text()
    );
    assertEquals(text.match(/"status":403/g)?.length, 2);
    assert(!text.includes("third words"));
  }, { prepare: (page) => openLink(scene, page) });
});

Deno.test("tabs: tabs with a shared link wait for a task after a restart without data, and say if it stays away", async () => {
  await using scene = new Scene({ key: KEY });
  await using restarted = new Scene({ key: KEY });
  await using empty = new Scene({ key: KEY });
  await scene.start("c", "t");
  await withTabs(scene, Array.from({ length: TABS }, () => "/t/c/t"), async (tabs, page) => {
    scene.proxy.cut(restarted.server.port);
    // A tab asks again only after it was told that the task is missing.
    const isStream = (request: Request) => new URL(request.url()).pathname.startsWith("/events/");
    for (let n = 0; n < 3; n++) await page.context().waitForEvent("request", isStream);
    await restarted.start("c", "t");
    await restarted.say("back again");
    await tabs.see("back again");
    await tabs.live();
    scene.proxy.cut(empty.server.port);
    await Promise.all(
      tabs.pages.map((each) => each.getByText("The server no longer has this task.").first().waitFor()),
    );
  }, { prepare: (page) => openLink(scene, page) });
});
