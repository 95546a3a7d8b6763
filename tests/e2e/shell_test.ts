/** Tests of the frame that all pages share: its help, its shortcuts, its notifications and the title of the tab. */

import type { Page } from "playwright-core";
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { axeFindings, axeFindingsInLightAndDark } from "../support/axe.ts";
import { type TestPage, withPage } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { hideTab, noticesOf, prepareTab } from "../support/tab.ts";
import { until } from "../support/until.ts";

const PHONE = { width: 360, height: 740 };

/** A server with tasks whose progress the test controls. */
class Tasks implements AsyncDisposable {
  readonly server: TestServer = startServer({
    tasks: { offered: { fn: () => null, input: { title: "Offered", type: "object" } } },
  });
  readonly #ends: (() => void)[] = [];
  readonly #done: Promise<unknown>[] = [];

  get url(): string {
    return this.server.url;
  }

  /** Starts a task; the returned functions update, finish and fail it. */
  start(id: string, progress: number | null = null) {
    const end = Promise.withResolvers<void>();
    let update: (progress: number, status?: string) => Promise<void>;
    const run = this.server.monitor.monitored(async (task) => {
      update = (progress, status) => task.update({ progress, ...(status !== undefined && { status }) });
      if (progress !== null) await update(progress);
      await end.promise;
      return "done";
    }, { client: "c", id, name: id });
    const { done } = run.start();
    this.#ends.push(end.resolve);
    this.#done.push(done.catch(() => {}));
    return {
      update: (progress: number, status?: string) => update(progress, status),
      finish: () => end.resolve(),
      fail: () => end.reject(new Error("it broke")),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end();
    await Promise.all(this.#done);
    await this.server[Symbol.asyncDispose]();
  }
}

async function live(page: Page): Promise<void> {
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
}

async function open(test: TestPage, url: string): Promise<void> {
  await prepareTab(test.page);
  await test.page.goto(url);
  await live(test.page);
}

/** Every kind of page, whether it updates live, and its expected HTTP status. */
const PAGES = [
  { path: "/t/c", status: 200, isLive: true },
  { path: "/t/empty", status: 200, isLive: true },
  { path: "/t/c/half", status: 200, isLive: true },
  { path: "/t/c/done", status: 200, isLive: true },
  { path: "/t/c/broken", status: 200, isLive: true },
  { path: "/t/c/unknown", status: 404, isLive: false },
  { path: "/stats/c", status: 200, isLive: true },
  { path: "/stats/c/done", status: 200, isLive: true },
  { path: "/docs", status: 200, isLive: false },
] as const;

async function startExamples(tasks: Tasks): Promise<void> {
  tasks.start("half", 50);
  tasks.start("unsure");
  await tasks.server.monitor.monitored(() => ({ files: 3 }), { client: "c", id: "done", name: "done" })();
  const broken = tasks.server.monitor.monitored(() => Promise.reject(new Error("no such file")), {
    client: "c",
    id: "broken",
    name: "broken",
  });
  await broken().catch(() => {});
}

Deno.test("page: loads nothing from other hosts, logs nothing, and allows no inline code, on every page", async () => {
  await using tasks = new Tasks();
  await startExamples(tasks);
  await withPage({}, async ({ page, complaints, hosts }) => {
    for (const { path, status, isLive } of PAGES) {
      const answer = await page.goto(tasks.url + path);
      assertEquals(answer?.status(), status);
      const policy = answer?.headers()["content-security-policy"] ?? "";
      assertStringIncludes(policy, "default-src 'none'");
      assert(!/unsafe-|\*|https?:/.test(policy), policy);
      if (isLive) await live(page);
      const inline = "style, [style], script:not([src]):not([type='application/json']), [onclick], [onload]";
      // The policy permits styles that scripts set through the CSSOM, which this locator does not match.
      assertEquals(await page.locator(inline).count(), 0, path);
    }
    assertEquals(complaints.filter((text) => !text.includes("404")), []);
    assertEquals([...hosts], [new URL(tasks.url).host]);
  });
});

Deno.test("page: axe finds no violations on any page, in light and dark", async () => {
  await using tasks = new Tasks();
  await startExamples(tasks);
  for (const viewport of [PHONE, { width: 1280, height: 800 }]) {
    await withPage({ viewport }, async ({ page }) => {
      for (const { path, isLive } of PAGES) {
        await page.goto(tasks.url + path);
        if (isLive) await live(page);
        await page.evaluate(() => {
          for (const details of document.querySelectorAll("details")) details.open = true;
        });
        assertEquals(await axeFindingsInLightAndDark(page), [], `${path}, ${viewport.width} wide`);
      }
      await page.goto(`${tasks.url}/t/c`);
      await live(page);
      await page.keyboard.press("?");
      assertEquals(await axeFindingsInLightAndDark(page), [], "with the help dialog open");
    });
  }
});

Deno.test("page: the focus is visible on every element, in light and dark", async () => {
  await using tasks = new Tasks();
  await startExamples(tasks);
  for (const colorScheme of ["light", "dark"] as const) {
    await withPage({ colorScheme }, async ({ page }) => {
      for (const { path, isLive } of PAGES.filter((page) => page.path !== "/docs")) {
        await page.goto(tasks.url + path);
        if (isLive) await live(page);
        const reached = new Set<string>();
        for (;;) {
          await page.keyboard.press("Tab");
          const { name, isShown } = await page.evaluate(focusedElement);
          // After the last element, the focus moves to the browser's own controls, then back to the first element.
          if (name === "" || reached.has(name)) break;
          reached.add(name);
          assert(isShown, `${path} in the ${colorScheme}: ${name}`);
        }
        assertGreater(reached.size, 1, path);
      }
    });
  }
});

/**
 * Returns the name of the focused element, and whether the focus is visible; the name is empty if the focus is not on the
 * page. Playwright runs this function in the page.
 */
function focusedElement(): { name: string; isShown: boolean } {
  const { activeElement: element, body } = document;
  if (element === null || element === body) return { name: "", isShown: true };
  const place = [...document.querySelectorAll("*")].indexOf(element);
  // If the field itself is invisible, its label shows the focus; an SVG shows it as a frame.
  const drawn = [element, element.closest("label"), element.querySelector("rect")];
  const isShown = drawn.filter((each) => each !== null).some((each) => {
    const { outlineStyle, outlineWidth, stroke, strokeWidth } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 ||
      stroke !== "none" && parseFloat(strokeWidth) >= 1;
  });
  return { name: `${place} ${element.outerHTML.slice(0, 100)}`, isShown };
}

Deno.test("page: nothing is animated if the user prefers reduced motion", async () => {
  await using tasks = new Tasks();
  await startExamples(tasks);
  for (const reducedMotion of ["no-preference", "reduce"] as const) {
    await withPage({ reducedMotion }, async ({ page }) => {
      await page.goto(`${tasks.url}/t/c`);
      await live(page);
      const moving = await page.evaluate(() => document.getAnimations().length);
      if (reducedMotion === "reduce") assertEquals(moving, 0);
      else assertGreater(moving, 0, "without any animation, this test would check nothing");
    });
  }
});

Deno.test("page: the help opens with ? and with its button, and restores the focus", async () => {
  await using tasks = new Tasks();
  await withPage({}, async (test) => {
    const { page, complaints } = test;
    await open(test, `${tasks.url}/t/c`);
    const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    const brand = page.locator("a.brand");
    await brand.focus();
    await page.keyboard.press("?");
    await help.waitFor();
    assertEquals(await help.locator("kbd").first().innerText(), "?");
    // Nothing behind the dialog can be focused.
    for (let press = 0; press < 4; press++) {
      await page.keyboard.press("Tab");
      assert(
        await page.evaluate(() => {
          const { activeElement, body } = document;
          return activeElement === body || activeElement?.closest("dialog") !== null;
        }),
      );
    }
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    assert(await brand.evaluate((element) => element === document.activeElement), "the focus was restored");

    const button = page.getByRole("button", { name: "Keyboard shortcuts" });
    await button.click();
    await help.getByRole("button", { name: "Close" }).click();
    await help.waitFor({ state: "hidden" });
    assert(await button.evaluate((element) => element === document.activeElement), "the focus was restored");
    await page.keyboard.press("?");
    await page.keyboard.press("?");
    await help.waitFor({ state: "hidden" });
    await page.keyboard.press("?");
    await page.mouse.click(5, 400);
    await help.waitFor({ state: "hidden" });

    const field = page.locator("main").locator("summary, input, textarea").first();
    await field.evaluate((element) => {
      const input = document.createElement("input");
      element.after(input);
      input.focus();
    });
    await page.keyboard.type("what?");
    assertEquals(await help.isVisible(), false, "? is text while a field is focused");
    assertEquals(complaints, []);
  });
});

Deno.test("page: single-key shortcuts can be disabled, and the browser remembers the setting", async () => {
  await using tasks = new Tasks();
  tasks.start("first", 20);
  await withPage({}, async (test) => {
    const { page, complaints } = test;
    await open(test, `${tasks.url}/t/c`);
    const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    const letters = help.getByRole("checkbox", { name: "Enable single-key shortcuts" });
    const focused = () => page.evaluate(() => document.activeElement?.tagName);
    await page.keyboard.press("?");
    await letters.uncheck();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    await page.reload();
    await page.getByRole("button", { name: "Keyboard shortcuts" }).waitFor();
    for (const key of ["?", "/", "j", "x"]) await page.keyboard.press(key);
    assertEquals([await help.isVisible(), await focused()], [false, "BODY"]);
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await letters.check();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    await page.keyboard.press("j");
    assertEquals(await focused(), "A");
    assertEquals(complaints, []);
  });
});

function iconOf(page: Page): Promise<string> {
  return page.locator("link[rel=icon]").evaluate((link) =>
    decodeURIComponent((link as HTMLLinkElement).href)
  );
}

async function titleIs(page: Page, title: string): Promise<void> {
  await page.waitForFunction((title) => document.title === title, title).catch(async () => {
    assertEquals(await page.title(), title);
  });
}

Deno.test("page: the tab of the list shows overall progress, and failures until the user has seen them", async () => {
  await using tasks = new Tasks();
  const [first, second] = [tasks.start("first", 20), tasks.start("second", 40)];
  await withPage({}, async (test) => {
    const { page, complaints } = test;
    await open(test, `${tasks.url}/t/c`);
    await titleIs(page, "30% · 2 active · Taskscope");
    const icon = await iconOf(page);
    await first.update(60);
    await titleIs(page, "50% · 2 active · Taskscope");
    await page.waitForFunction((icon) => {
      return decodeURIComponent(document.querySelector<HTMLLinkElement>("link[rel=icon]")!.href) !== icon;
    }, icon);
    assert(!(await iconOf(page)).includes("#c62828"));

    await hideTab(page, true);
    second.fail();
    await titleIs(page, "✗ 1 failed · 60% · 1 active · Taskscope");
    await page.waitForFunction(() => {
      return document.querySelector<HTMLLinkElement>("link[rel=icon]")!.href.includes("c62828");
    });
    await hideTab(page, false);
    await page.mouse.click(5, 400);
    await titleIs(page, "60% · 1 active · Taskscope");
    first.finish();
    await titleIs(page, "Taskscope");
    assertEquals(complaints, []);
  });
});

Deno.test("page: the icon changes at most once a second, however fast a task reports", async () => {
  await using tasks = new Tasks();
  const task = tasks.start("fast", 0);
  await withPage({}, async (test) => {
    const { page } = test;
    await open(test, `${tasks.url}/t/c/fast`);
    await page.evaluate(() => {
      const times: number[] = [];
      Object.assign(globalThis, { times });
      new MutationObserver(() => times.push(performance.now()))
        .observe(document.querySelector("link[rel=icon]")!, { attributes: true });
    });
    const times = () => page.evaluate(() => Reflect.get(globalThis, "times") as number[]);
    for (let progress = 0; (await times()).length < 3; progress = (progress + 1) % 100) {
      await task.update(progress);
    }
    const [one = 0, two = 0, three = 0] = await times();
    // The tolerance is needed because timers of browsers are not exact to the millisecond.
    assert(two - one > 900 && three - two > 900, `${[one, two, three]}`);
    task.fail();
    await page.waitForFunction(() => {
      return document.querySelector<HTMLLinkElement>("link[rel=icon]")!.href.includes("c62828");
    });
    assertMatch(await page.title(), /^✗ fast/);
  });
});

Deno.test("page: notifies of ended tasks only if enabled, and only while the tab is in the background", async () => {
  await using tasks = new Tasks();
  const [first, second, third, fourth] = ["first", "second", "third", "fourth"].map((id) => tasks.start(id));
  await withPage({ permissions: ["notifications"], wholeBrowser: true }, async (test) => {
    const { page, complaints } = test;
    await open(test, `${tasks.url}/t/c`);
    const button = page.getByRole("button", { name: /^Notify when/ });
    assertEquals(await button.getAttribute("aria-pressed"), "false");
    await hideTab(page, true);
    first!.finish();
    await titleIs(page, "3 active · Taskscope");
    await hideTab(page, false);
    assertEquals(await noticesOf(page), { notices: [], asked: 0 }, "notifications are off by default");

    await button.click();
    await page.locator(".button-notify[aria-pressed=true]").waitFor();
    second!.fail();
    await titleIs(page, "✗ 1 failed · 2 active · Taskscope");
    await page.reload();
    await live(page);
    assertEquals(await button.getAttribute("aria-pressed"), "true", "the setting is remembered");
    assertEquals((await noticesOf(page)).notices, [], "the page is visible");
    await hideTab(page, true);
    third!.finish();
    await page.waitForFunction(() => Reflect.get(globalThis, "tabRecord").notices.length > 0);
    assertEquals(await noticesOf(page), { notices: ["third finished"], asked: 0 });

    await hideTab(page, false);
    await button.click();
    await page.locator(".button-notify[aria-pressed=false]").waitFor();
    await hideTab(page, true);
    fourth!.finish();
    await titleIs(page, "Taskscope");
    assertEquals((await noticesOf(page)).notices.length, 1);
    assertEquals(complaints, []);
  });
});

Deno.test("page: shows that the browser blocks notifications, and does not request permission without a click", async () => {
  await using tasks = new Tasks();
  await withPage({ permissions: [], wholeBrowser: true }, async (test) => {
    const { page } = test;
    await open(test, `${tasks.url}/t/c`);
    const button = page.locator(".button-notify");
    if (await button.isDisabled()) assertMatch(await button.getAttribute("aria-label") ?? "", /are blocked/);
    assertEquals((await noticesOf(page)).asked, 0);
  });
});

Deno.test("page: says why notifications cannot work", async () => {
  await using tasks = new Tasks();
  tasks.start("a");
  const cases: readonly (readonly [reason: RegExp, change: () => void])[] = [
    [/need HTTPS or localhost/, () => Object.defineProperty(globalThis, "isSecureContext", { value: false })],
    [/does not support notifications/, () => Reflect.deleteProperty(globalThis, "Notification")],
    [/on iPhone and iPad/, () => {
      Reflect.deleteProperty(globalThis, "Notification");
      Object.defineProperty(navigator, "userAgent", { value: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5)" });
    }],
    [/blocked in the browser's settings/, () => {
      Object.defineProperty(Notification, "permission", { value: "denied" });
    }],
    // Chrome on Android throws this error from the constructor of a notification.
    [/on phones and tablets/, () => {
      const granted = { permission: "granted", requestPermission: () => Promise.resolve("granted") };
      const fails = function () {
        throw new TypeError("Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead.");
      };
      Object.assign(globalThis, { Notification: Object.assign(fails, granted) });
    }],
    // The user declines.
    [/blocked in the browser's settings/, () => {
      const notification = {
        permission: "default",
        requestPermission() {
          notification.permission = "denied";
          return Promise.resolve("denied");
        },
      };
      Object.assign(globalThis, { Notification: notification });
    }],
  ];
  for (const [reason, change] of cases) {
    await withPage({}, async ({ page, complaints }) => {
      await page.addInitScript(change);
      await page.goto(`${tasks.url}/t/c`);
      await live(page);
      const button = page.locator(".button-notify");
      await button.click();
      await page.locator(".notify-why").getByText(reason).waitFor();
      assertMatch(await button.getAttribute("aria-label") ?? "", reason);
      assertEquals(await axeFindings(page), []);
      await button.click();
      await page.locator(".notify-why").waitFor({ state: "detached" });
      assertEquals(complaints, []);
    });
  }
});

Deno.test("page: shows a notification as soon as notifications are enabled, as proof that they work", async () => {
  await using tasks = new Tasks();
  await withPage({ permissions: ["notifications"], wholeBrowser: true }, async (test) => {
    await open(test, `${tasks.url}/t/c`);
    await test.page.getByRole("button", { name: /^Notify when/ }).click();
    await test.page.locator(".button-notify[aria-pressed=true]").waitFor();
    assertEquals((await noticesOf(test.page)).notices, ["Notifications are on"]);
  });
});

Deno.test("page: renders at most once per frame, only changed rows, and rarely in the background", async () => {
  await using tasks = new Tasks();
  const busy = tasks.start("busy", 0);
  await busy.update(0, "Begins");
  for (let index = 0; index < 20; index++) tasks.start(`calm-${index}`, 10);
  await withPage({}, async (test) => {
    const { page } = test;
    const frames: string[] = [];
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => frames.push(String(payload)));
    });
    await open(test, `${tasks.url}/t/c`);
    await page.evaluate(() => {
      const seen = { rows: [] as string[], draws: [] as number[] };
      Object.assign(globalThis, { seen });
      const status = document.querySelector('li[data-task-id="busy"] .row-status')!;
      let before = status.textContent;
      new MutationObserver((records) => {
        const rows = records.map(({ target }) =>
          (target instanceof Element ? target : target.parentElement)?.closest<HTMLElement>(
            "li[data-task-id]",
          )
        );
        seen.rows.push(...rows.flatMap((row) => row?.dataset.taskId ?? []));
        // The relative times in a row change without a message, so only changes of the status count.
        if (status.textContent === before) return;
        before = status.textContent;
        // This time is the same for all changes within one frame.
        seen.draws.push(Number(document.timeline.currentTime));
      }).observe(document.querySelector("[data-testid=active]")!, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    const seen = () =>
      page.evaluate(() => Reflect.get(globalThis, "seen") as { rows: string[]; draws: number[] });
    for (let progress = 0; (await seen()).draws.length < 30; progress = (progress + 1) % 100) {
      for (let step = 0; step < 5; step++) await busy.update(progress, `At ${progress} ${step}`);
    }
    const { rows, draws } = await seen();
    assertEquals(new Set(draws).size, draws.length, `two draws in one frame: ${draws}`);
    const calm = rows.filter((id) => id !== "busy");
    assert(calm.length <= 20 * 3, `rows that did not change were drawn: ${calm.length}`);

    await busy.update(1, "Before");
    const status = page.locator('li[data-task-id="busy"]').getByText(/^(Before|After)$/);
    await status.waitFor();
    await hideTab(page, true);
    await busy.update(0, "After");
    await until(() => frames.some((frame) => frame.includes('"After"')));
    await page.evaluate(() =>
      new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    );
    assertEquals(await status.innerText(), "Before");
    await hideTab(page, false);
    await page.getByText("After", { exact: true }).waitFor();
  });
});
