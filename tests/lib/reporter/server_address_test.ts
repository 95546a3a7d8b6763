/** Tests server addresses and the default server. */

import { fallbackServer, parseServerAddress } from "../../../lib/reporter/server_address.ts";
import { assertEquals } from "../../support/assert.ts";
import { Variable } from "../../support/variable.ts";
import { Warnings } from "../../support/warnings.ts";

Deno.test("parseServerAddress() parses addresses and removes trailing slashes", () => {
  const table: readonly (readonly [text: string, server: string | null])[] = [
    ["http://127.0.0.1:8000", "http://127.0.0.1:8000"],
    ["http://127.0.0.1:8000/", "http://127.0.0.1:8000"],
    ["https://ci.example.org/tasks//", "https://ci.example.org/tasks"],
    ["HTTP://LocalHost:80/Base", "http://localhost/Base"],
    ["http://[::1]:8000", "http://[::1]:8000"],
    ["http://127.0.0.1:8000?x=1", null],
    ["http://127.0.0.1:8000#x", null],
    ["http://user@127.0.0.1:8000", null],
    ["http://:secret@127.0.0.1:8000", null],
    ["127.0.0.1:8000", null],
    ["localhost:8000", null],
    ["ws://127.0.0.1:8000", null],
    ["file:///tmp", null],
    ["//127.0.0.1", null],
    ["", null],
  ];
  for (const [text, server] of table) assertEquals(parseServerAddress(text), server, text);
});

Deno.test("parseServerAddress() is idempotent", () => {
  for (const text of ["http://127.0.0.1:8000", "https://h.example/a/b", "http://[::1]:81"]) {
    assertEquals(parseServerAddress(parseServerAddress(text)!), parseServerAddress(text));
  }
});

Deno.test("fallbackServer() returns TASKSCOPE_SERVER, and warns once if it is not an address", () => {
  using warnings = new Warnings();
  using variable = new Variable("TASKSCOPE_SERVER");
  assertEquals(fallbackServer(), null);
  variable.value = "http://127.0.0.1:1234/base/";
  assertEquals(fallbackServer(), "http://127.0.0.1:1234/base");
  assertEquals(warnings.texts, []);
  for (let turn = 0; turn < 2; turn++) {
    variable.value = "127.0.0.1:1234";
    assertEquals(fallbackServer(), null);
  }
  assertEquals(warnings.texts, [
    "[taskscope] Ignored TASKSCOPE_SERVER: wanted http(s)://host[:port][/path], " +
    'received "127.0.0.1:1234"',
  ]);
});
