/** Tests in a real browser that hostile text in any field neither runs, nor breaks the layout, nor hides a task. */

import type { Page } from "playwright-core";
import { assertEquals } from "../support/assert.ts";
import { withPage } from "../support/browser.ts";
import { call } from "../support/calls.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Hostile texts, by the part of a page that each attacks. */
const TEXTS = {
  direction: "\u202egnp.exe \u202d invoice \u2066\u2067 open isolates \u202e end",
  invisible: "\u200b\u2060\u200e \u00ad\ufeff",
  stack: `Z${"\u0300\u0301\u0302\u0303\u0304".repeat(12)}algo`,
  control: "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[H \x1b]52;c;aGk=\x07 \x9b1A",
  word: "W".repeat(1_900),
  markup: `</script><script>hit=1</script><img src=x onerror="hit=1"><svg/onload=hit=1>`,
  arabic: "مهمة طويلة جدا لاستيراد الطلبات من المستودع ثم تصديرها إلى الملف",
  han: "數據處理任務非常長的名稱沒有空格所以必須換行否則會破壞佈局".repeat(3),
  breaks: "\n\n line\r\nbreaks \t\t tabs \u2028 \u2029 ends",
  path: "a-b/".repeat(200),
} as const;

async function startHostile(): Promise<TestServer> {
  const server = startServer();
  const tell = async (path: string, body: Readonly<Record<string, unknown>>) => {
    const { status, text } = await call("POST", `${server.url}/tasks/c${path}`, { body });
    assertEquals(status < 300, true, text);
  };
  for (const [index, [id, text]] of Object.entries(TEXTS).entries()) {
    const name = text.slice(0, 200);
    const short = text.slice(0, 60);
    await tell("", { id, name, tags: [short, "ok"], metadata: { [short]: text } });
    await tell(`/${id}`, { status: text.slice(0, 1_000), current: 123_456_789, total: 987_654_321 });
    await tell(`/${id}`, { unit: text.slice(0, 30) });
    await tell(`/${id}/logs`, { lines: [text, `::group::${text}`, text, "::endgroup::", "plain"] });
    await tell("", { id: `${id}-part`, name, parent_id: id });
    if (index % 2 === 0) {
      await tell(`/${id}/fail`, {
        error: { type: text.slice(0, 100), message: text.slice(0, 1_000), stack: text },
      });
    }
    await tell("", { id: `${id}-done`, name });
    await tell(`/${id}-done/finish`, { result: { [short]: [text, text] } });
  }
  return server;
}

/**
 * Opens a page, and checks that it is no wider than its window, and that no text was executed as a script.
 */
async function visit(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByTestId("connection").getByText("Live", { exact: true }).waitFor();
  const found = await page.evaluate(() => ({
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    hit: (globalThis as unknown as { readonly hit?: number }).hit,
  }));
  assertEquals(found, { overflow: 0, hit: undefined }, url);
}

Deno.test("page: hostile text in any field neither runs nor widens a page, on a phone and on a desktop", async () => {
  await using server = await startHostile();
  const lists = ["/t/c", "/t/c?group=name", "/stats/c"];
  const pages = Object.keys(TEXTS).flatMap((
    id,
    n,
  ) => [`/t/c/${id}`, ...n % 2 === 0 ? [] : [`/t/c/${id}-done`]]);
  for (const [width, paths] of [[390, [...lists, ...pages]], [1280, lists]] as const) {
    await withPage({ viewport: { width, height: 800 } }, async ({ page, complaints, hosts }) => {
      for (const path of paths) await visit(page, server.url + path);
      assertEquals(complaints, []);
      assertEquals([...hosts], [new URL(server.url).host]);
    });
  }
  assertEquals(server.errors, []);
});

Deno.test("page: a text does not reorder the text beside it, and an invisible name is replaced by the id", async () => {
  await using server = await startHostile();
  await withPage({}, async ({ page }) => {
    await visit(page, `${server.url}/t/c/direction`);
    const order = await page.locator(".json li").filter({ has: page.locator(".json-string") }).first()
      .evaluate((item) => {
        const left = (selector: string) => item.querySelector(selector)!.getBoundingClientRect().left;
        return left(".json-key") < left(".json-string");
      });
    assertEquals(order, true, "the key is before its value");
    await visit(page, `${server.url}/t/c`);
    await page.getByTestId("active").getByRole("link", { name: "invisible-part", exact: true }).waitFor();
    const why = await page.locator(".attention-item", { hasText: "W".repeat(20) }).locator(".attention-why")
      .boundingBox();
    assertEquals(why!.width > 100, true, "a long name leaves room for the reason");
    await visit(page, `${server.url}/t/c/invisible`);
    await page.getByRole("heading", { name: "invisible", level: 1 }).waitFor();
  });
});
