import fc from "fast-check";
import { ConfigError } from "../../../lib/errors.ts";
import type { NotifyEvent } from "../../../lib/notify/events.ts";
import { type NotifyOptions, parseNotify, resolveNotify } from "../../../lib/notify/options.ts";
import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "../../support/assert.ts";

const ALL = ["task.finished", "task.error", "task.cancelled"];

/** Parses texts, and returns the URL and the events of each receiver. */
function resolve(...texts: string[]): unknown[] {
  return resolveNotify(texts.map(parseNotify), 10).map((
    { url, events, name },
  ) => [url.href, [...events], name]);
}

/** Returns the message of the error that an invalid text causes. */
function refusal(text: string): string {
  return assertThrows(() => resolve(text), ConfigError).message;
}

Deno.test("parseNotify() and resolveNotify() parse a URL and its events", () => {
  const table: [string[], unknown[]][] = [
    [[], []],
    [["http://127.0.0.1:9000/hook"], [["http://127.0.0.1:9000/hook", ALL, "http://127.0.0.1:9000/hook"]]],
    [["https://example.org"], [["https://example.org/", ALL, "https://example.org"]]],
    [["HTTPS://Example.ORG:443/A"], [["https://example.org/A", ALL, "https://example.org/A"]]],
    [["http://[::1]:9000/?a=b&c=d"], [["http://[::1]:9000/?a=b&c=d", ALL, "http://[::1]:9000"]]],
    [["http://h/,task.error"], [["http://h/", ["task.error"], "http://h"]]],
    [["http://h/ , task.error , task.cancelled"], [["http://h/", ALL.slice(1), "http://h"]]],
    [["http://h/,task.error,task.error"], [["http://h/", ["task.error"], "http://h"]]],
    [["http://h/%2C"], [["http://h/%2C", ALL, "http://h/%2C"]]],
    [["http://a/", "http://b/,task.error"], [
      ["http://a/", ALL, "http://a"],
      ["http://b/", ["task.error"], "http://b"],
    ]],
    [["http://a/,task.error", "http://a,task.cancelled"], [["http://a/", ALL.slice(1), "http://a"]]],
    [["http://h/services/T0123456789/abcdefghijklmnopqrstuvwxyz/x"], [[
      "http://h/services/T0123456789/abcdefghijklmnopqrstuvwxyz/x",
      ALL,
      "http://h/services/T0123456789/…/x",
    ]]],
  ];
  for (const [texts, expected] of table) assertEquals(resolve(...texts), expected, texts.join(" "));
});

Deno.test("resolveNotify() throws a clear one-line message for invalid options", () => {
  const address = (received: string) => `Invalid webhook URL: wanted https://host/path, received ${received}`;
  const events = (name: string, received: string) =>
    `Invalid webhook ${name}: wanted events of task.finished, task.error, task.cancelled, received ${received}; ` +
    "write a comma in a URL as %2C";
  const credentials = (name: string) =>
    `Invalid webhook URL ${name}: wanted no user name or password in it; ` +
    "set TASKSCOPE_NOTIFY_SECRET to sign requests";
  const table: [string, string][] = [
    ["", address('""')],
    ["hook", address('"hook"')],
    ["/hook", address('"/hook"')],
    ["example.org/hook?key=1", address('"example.org/hook"')],
    [
      "hooks.example.org/services/T0/abcdefghijklmnopqrstuvwxyz",
      address('"hooks.example.org/services/T0/…"'),
    ],
    ["localhost:9000/abcdefghijklmnopqrstuvwxyz/x", address('"localhost:9000/…/x"')],
    ["ftp://example.org/", address('"ftp://…"')],
    ["ftp://me:secret@example.org/", address('"ftp://…"')],
    ["http://me:first,second@example.org/", address('"http://…"')],
    ["me:secret@example.org", address('"…@example.org"')],
    ["javascript:alert(1)", address('"javascript:alert(1)"')],
    ["task.error", address('"task.error"')],
    ["http://h/hook?key=1,finished", events("http://h/hook", '"finished"')],
    ["http://h/,task.started", events("http://h", '"task.started"')],
    ["http://h/,TASK.ERROR", events("http://h", '"TASK.ERROR"')],
    ["http://h/,", events("http://h", '""')],
    ["http://h/?ids=1,2", events("http://h", '"2"')],
    ["http://h/,http://i/", events("http://h", '"http://i/"')],
    ["http://me@h/", credentials("http://h")],
    ["http://me:secret@h/hook?key=1", credentials("http://h/hook")],
    ["http://:secret@h/", credentials("http://h")],
    ["http://h/hook#part", 'Invalid webhook URL http://h/hook: wanted no fragment ("#") in it'],
  ];
  for (const [text, expected] of table) assertEquals(refusal(text), expected);
});

Deno.test("resolveNotify() throws for invalid values that only a program can pass", () => {
  const table: [unknown, string][] = [
    [{ url: "http://h/", events: [] }, "received none"],
    [{ url: "http://h/", events: ["task.error", 5] }, 'received "5"'],
    [{ url: 5 }, "received number"],
    [{}, "received undefined"],
  ];
  for (const [options, expected] of table) {
    const error = assertThrows(() => resolveNotify([options as NotifyOptions], 10), ConfigError);
    assert(error.message.includes(expected), error.message);
  }
});

Deno.test("resolveNotify() limits the number of receivers", () => {
  const options = (...hosts: string[]) => hosts.map((host) => ({ url: `http://${host}/` }));
  assertEquals(resolveNotify(options("a", "b", "a"), 2).length, 2);
  const error = assertThrows(() => resolveNotify(options("a", "b", "c"), 2), ConfigError);
  assertEquals(
    error.message,
    'Too many webhooks: received 3 URLs, at most 2 are allowed (limit "notifyReceivers")',
  );
});

Deno.test("resolveNotify() identifies a URL by a key that does not reveal the URL and is the same after every start", () => {
  const key = (url: string, events?: NotifyEvent[]) =>
    resolveNotify([{ url, ...events && { events } }], 1)[0]!.key;
  assertEquals(key("http://h/?key=1"), key("http://h/?key=1", ["task.error"]));
  assertEquals(key("http://h"), key("HTTP://H:80/"));
  assertNotEquals(key("http://h/?key=1"), key("http://h/?key=2"));
  // The key of a URL must never change, because later versions read stored keys. The expected one is the
  // beginning of the output of sha256sum.
  assertEquals(key("http://127.0.0.1:9000/hook"), "e26ff3000bfc2fe8cf8ea2338ee01015");
  assertMatch(key("http://secret/"), /^[0-9a-f]{32}$/);
});

Deno.test("resolveNotify() never reveals the password or the query of a URL, which may be secret", () => {
  const secret = "s3cr3t";
  const text = fc.string({ unit: fc.constantFrom(..."ab/:.@#,%=&[] é"), maxLength: 12 });
  const scheme = fc.constantFrom("http://", "https://", "ftp://", "http:/", "", "//", "HTTP://x");
  const place = fc.constantFrom("password", "query");
  fc.assert(fc.property(scheme, text, place, text, (scheme, before, place, after) => {
    const address = place === "password"
      ? `${scheme}me:${secret}@host/${after}`
      : `${scheme}host/${before.replaceAll("@", "")}?${secret}`;
    try {
      const [receiver] = resolveNotify([{ url: address }], 1);
      assert(!receiver!.name.includes(secret), receiver!.name);
    } catch (error) {
      assert(error instanceof ConfigError, String(error));
      assert(!error.message.includes(secret), error.message);
    }
  }));
});
