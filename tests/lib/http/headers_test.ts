import { cookieOf } from "../../../lib/http/cookies.ts";
import { isKnownVersion } from "../../../lib/http/entity_tags.ts";
import { elementsOf, headerOf } from "../../../lib/http/headers.ts";
import { Problem } from "../../../lib/http/problem.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function requestWith(name: string, value: string): Request {
  return new Request("http://x/", { headers: { [name]: value } });
}

Deno.test("headerOf() refuses a value that is too long to be parsed", () => {
  assertEquals(headerOf(requestWith("a", "x".repeat(8_192)), "a")?.length, 8_192);
  assertEquals(headerOf(requestWith("a", "x"), "b"), null);
  const { code, status } = assertThrows(() => headerOf(requestWith("a", "x".repeat(8_193)), "a"), Problem);
  assertEquals([code, status], ["header_too_large", 431]);
});

Deno.test("elementsOf() splits a list, and leaves out empty elements", () => {
  assertEquals(elementsOf(null), []);
  assertEquals(elementsOf(" , ,,"), []);
  assertEquals(elementsOf(" a,b ,, c d "), ["a", "b", "c d"]);
});

Deno.test("isKnownVersion() compares every entity tag, weak or not", () => {
  const table: [string, boolean][] = [
    ['"a"', true],
    ['W/"a"', true],
    ['"b" , W/"a"', true],
    ['"b",,"a",', true],
    [" * ", true],
    [`"b"${" ".repeat(1_000)},${" ".repeat(1_000)}"a"`, true],
    ['"b"', false],
    ["a", false],
    ['"a', false],
    ["", false],
    [`"b"${" ".repeat(8_000)}"a"`, false],
  ];
  for (const [tags, expected] of table) {
    assertEquals(isKnownVersion(requestWith("if-none-match", tags), '"a"'), expected, tags.slice(0, 40));
    assertEquals(isKnownVersion(requestWith("if-none-match", tags), 'W/"a"'), expected, tags.slice(0, 40));
  }
  assertEquals(isKnownVersion(new Request("http://x/"), '"a"'), false);
});

Deno.test("cookieOf() finds a cookie among malformed ones", () => {
  const table: [string, string | null][] = [
    ["a=b", "b"],
    ["x=y; a=b", "b"],
    ["x=y;a=b;", "b"],
    ["=x;a=b", "b"],
    ["x;;;a=b;;c=d", "b"],
    [" a = b ", "b"],
    ["a=b=c==", "b=c=="],
    ["a=", ""],
    ["a", null],
    ["aa=b; A=c", null],
    ["__proto__=b", null],
    [";;;=;", null],
    ["", null],
  ];
  for (const [header, expected] of table) {
    assertEquals(cookieOf(requestWith("cookie", header), "a"), expected, header);
  }
  assertEquals(cookieOf(new Request("http://x/"), "a"), null);
  assertEquals(cookieOf(requestWith("cookie", "__proto__=b"), "__proto__"), "b");
});
