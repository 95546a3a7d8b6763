/** Tests how list pages are shared between requests, and that no request gets a page meant for another. */

import { Keyring } from "../../../../lib/access/keyring.ts";
import { RenderedPages } from "../../../../lib/http/pages/rendered_pages.ts";
import { assert, assertEquals, assertStringIncludes } from "../../../support/assert.ts";
import { call } from "../../../support/calls.ts";
import { startServer } from "../../../support/server.ts";

/** Renders pages of a given length, and counts how often. */
function cache(length = 10) {
  const clock = { ms: 0 };
  const pages = new RenderedPages(() => clock.ms);
  const rendered: string[] = [];
  const page = (key: string) =>
    pages.page(key, () => {
      rendered.push(key);
      return `${rendered.length}`.padEnd(length, ".");
    });
  return { clock, rendered, page };
}

Deno.test("RenderedPages.page() renders a page once for requests at almost the same time", () => {
  const { clock, rendered, page } = cache();
  const first = page("a");
  clock.ms = 100;
  assertEquals(page("a"), first);
  assertEquals(rendered, ["a"]);
  clock.ms = 101;
  assert(page("a") !== first);
  // A hit does not make a page younger.
  clock.ms = 201;
  page("a");
  clock.ms = 202;
  page("a");
  assertEquals(rendered, ["a", "a", "a"]);
});

Deno.test("RenderedPages.page() returns only pages with the same key", () => {
  const { rendered, page } = cache();
  assert(page("a") !== page("b"));
  assertEquals(rendered, ["a", "b"]);
});

Deno.test("RenderedPages.page() measures the age from the start of an asynchronous rendering", async () => {
  let ms = 0;
  const pages = new RenderedPages(() => ms);
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = pages.page("a", () => promise);
  ms = 150;
  resolve("first");
  assertEquals(await first, "first");
  assertEquals(pages.page("a", () => "second"), "second");
});

Deno.test("RenderedPages.page() does not cache a page whose rendering fails", async () => {
  const pages = new RenderedPages(() => 0);
  const failed = Promise.resolve(pages.page("a", () => Promise.reject(new Error("no record"))));
  assertEquals(await failed.catch(({ message }) => message), "no record");
  assertEquals(pages.page("a", () => "page"), "page");
});

Deno.test("RenderedPages.page() caches at most 8 pages and 1 MiB of characters", () => {
  for (const [length, most] of [[10, 8], [300_000, 3], [2_000_000, 0]] as const) {
    const { rendered, page } = cache(length);
    const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`);
    keys.forEach(page);
    rendered.length = 0;
    const kept = keys.slice(keys.length - most);
    kept.forEach(page);
    assertEquals(rendered, [], `${length}`);
    page(keys.at(-1 - most)!);
    assertEquals(rendered, [keys.at(-1 - most)!], `${length}`);
  }
});

Deno.test("RenderedPages: a list page shows every change that was acknowledged before it was requested", async () => {
  await using server = startServer();
  const list = `${server.url}/tasks/c`;
  await call("POST", list, { body: { id: "t", status: "status 0" } });
  for (let index = 1; index <= 20; index++) {
    await call("PATCH", `${list}/t`, { body: { status: `status ${index} of 20` } });
    const [first, second] = [await call("GET", `${server.url}/t/c`), await call("GET", `${server.url}/t/c`)];
    for (const { text } of [first, second]) assertStringIncludes(text, `status ${index} of 20`);
  }
});

Deno.test("RenderedPages: a visitor never gets the list page of another visitor, client or query", async () => {
  const key = "the-key-of-this-very-server";
  await using server = startServer({ key, tasks: { startable: () => null } });
  const token = new Keyring(key).sign({ may: "read", client: "a", taskId: null, expiresAt: null });
  const page = (path: string, bearer: string, host: Record<string, string> = {}) =>
    call("GET", server.url + path, { headers: { authorization: `Bearer ${bearer}`, ...host } });
  for (const client of ["a", "b"]) {
    const body = { id: "t", name: `secret of ${client}` };
    const created = await call("POST", `${server.url}/tasks/${client}`, {
      body,
      headers: { authorization: `Bearer ${key}` },
    });
    assertEquals(created.status, 201);
  }
  const asked = await Promise.all([
    page("/t/a", key),
    page("/t/a", token),
    page("/t/b", key),
    page("/t/a?q=none", key),
    page("/t/b", token),
    page("/t/a", "wrong"),
  ]);
  assertEquals(asked.map(({ status }) => status), [200, 200, 200, 200, 403, 401]);
  assertEquals(asked.map(({ text }) => text.includes("secret of a")), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  assertEquals(asked.map(({ text }) => text.includes("secret of b")), [
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
  // Only a visitor who may change tasks gets forms.
  assertEquals(asked.slice(0, 2).map(({ text }) => text.includes("/t/a/start/startable")), [true, false]);
});
