import fc from "fast-check";
import { LineSplitter, NOT_TEXT } from "../../../lib/reading/line_splitter.ts";
import type { OutputLine } from "../../../lib/reading/rows.ts";
import { assert, assertEquals, assertLess, assertLessOrEqual } from "../../support/assert.ts";
import { cutOutput, output, singly } from "../../support/chunks.ts";

const encoder = new TextEncoder();

function split(chunks: readonly Uint8Array[]): OutputLine[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((bytes) => splitter.push(bytes)), ...splitter.end()];
}

/** Lines as they are, redraws behind `~`. */
function read(text: string): string[] {
  return split([encoder.encode(text)]).map(({ text, isRedraw }) => isRedraw ? `~${text}` : text);
}

function check(table: readonly (readonly [string, readonly string[]])[]): void {
  for (const [text, expected] of table) assertEquals(read(text), expected, JSON.stringify(text));
}

Deno.test("LineSplitter ends lines at newlines and at the end of the output", () => {
  check([
    ["", []],
    ["a\nb\n", ["a", "b"]],
    ["a\r\nb\r\n", ["a", "b"]],
    ["a\r\r\nb", ["a", "b"]],
    ["a\n\n b \n", ["a", "", " b "]],
    ["a", ["a"]],
    ["\tä€😀\n", ["\tä€😀"]],
  ]);
});

Deno.test("LineSplitter treats overwritten text as redraws, and the last version as the line", () => {
  check([
    ["10%\r20%\r30%\n", ["~10%", "~20%", "30%"]],
    ["\r10%\r20%\n", ["~10%", "20%"]],
    ["10%\r", ["10%"]],
    ["10%  \r        \rdone\n", ["~10%", "done"]],
    ["10%\r    \r\n", ["~10%"]],
    ["10%\r\x1b[Kdone\n", ["~10%", "done"]],
    ["10%\r\x1b[K\n", ["~10%"]],
    ["10%\x1b[2K\rdone\n", ["~10%", "done"]],
    ["10%\x1b[2K\x1b[1Gdone\n", ["~10%", "done"]],
    ["10%\x1b[Gdone\n", ["~10%", "done"]],
    ["10%\x1b[5Gdone\n", ["10%done"]],
    ["inodes: 0/16\b\b\b\b 1/16\b\b\b\b\bdone\n", ["~inodes: 0/16", "~inodes:  1/16", "inodes: done"]],
    ["N\bNA\bAME\n", ["~N", "~NA", "NAME"]],
  ]);
});

Deno.test("LineSplitter removes colours, window titles and other control sequences", () => {
  check([
    ["\x1b[1;31mred\x1b[0m and \x1b]0;title\x07plain\n", ["red and plain"]],
    ["\x1b[?25la\x1b(Bb\x0f\x07\x7f\0c\n", ["abc"]],
    ["a\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\\n", ["alink"]],
    ["a\x1b]0;no end\nb\n", ["a", "b"]],
    ["a\x1b[1", ["a"]],
  ]);
});

Deno.test("LineSplitter follows a cursor that moves up, and returns the last version of each row", () => {
  check([
    ["one 1%\ntwo 1%\n\x1b[2Aone 2%\ntwo 2%\nend\n", [
      ...["one 1%", "two 1%", "~one 2%", "~two 2%"],
      ...["one 2%", "two 2%", "end"],
    ]],
    ["one 1%\ntwo 1%\n\x1b[2A\x1b[2K\rone 2%\r\x1b[2B", ["one 1%", "two 1%", "~one 2%", "one 2%"]],
    // Over an empty row it is news.
    ["\n\x1b[Aa line\nb\n", ["", "a line", "b"]],
    ["a\n\x1b[99Ab\nc\n", ["a", "~b", "b", "c"]],
    ["a\n\x1b[99Bb\n", ["a", "b"]],
    // The screen is emptied, and written to anew.
    ["a\nb\n\x1b[H\x1b[2Jc\nd\ne\n", ["a", "b", "c", "d", "e"]],
    // A bar at the bottom of the screen, beside what scrolls.
    ["a\nb\x1b7\x1b[24;0fProgress: [ 42%]\x1b8c\n", ["a", "~Progress: [ 42%]", "bc"]],
  ]);
});

Deno.test("LineSplitter.drawn is the current version of a redrawn row", () => {
  const splitter = new LineSplitter();
  const drawn = (text: string) => {
    splitter.push(encoder.encode(text));
    return splitter.drawn?.text;
  };
  assertEquals(drawn("no news"), undefined);
  assertEquals(drawn("\r"), "no news");
  assertEquals(drawn("10%"), "10%");
  assertEquals(drawn("\r20%  "), "20%");
  assertEquals(drawn("\n"), undefined);
  assertEquals(drawn("30%"), undefined);
});

Deno.test("LineSplitter stops at binary output, with one message", () => {
  const random = new Uint8Array(100_000);
  for (let at = 0; at < random.length; at += 50_000) {
    crypto.getRandomValues(random.subarray(at, at + 50_000));
  }
  const noise = split([encoder.encode("a line\n"), random, encoder.encode("\nmore\n")]);
  assertEquals(noise[0], { text: "a line", isRedraw: false });
  assertEquals(noise.at(-1), { text: NOT_TEXT, isRedraw: false });
  assertLess(noise.length, 100);
  const wide = encoder.encode([..."some text in wide characters\n".repeat(20)].join("\0"));
  assertEquals(split([wide]).at(-1)!.text, NOT_TEXT);
});

Deno.test("LineSplitter accepts text with stray NUL characters or in a legacy encoding", () => {
  const zeros = read("10%\0\n".repeat(1_000));
  assertEquals(zeros.length, 1_000);
  assertEquals(zeros.at(-1), "10%");
  const latin = "Größe und Länge des Gerätes, in Metern\n".repeat(1_000);
  const bytes = Uint8Array.from(latin, (letter) => letter.charCodeAt(0));
  assertEquals(split([bytes]).length, 1_000);
});

Deno.test("LineSplitter truncates long lines, with a mark", () => {
  const splitter = new LineSplitter();
  const chunk = encoder.encode("x".repeat(100_000));
  for (let count = 0; count < 100; count++) assertEquals(splitter.push(chunk), []);
  const [line] = splitter.push(encoder.encode("\n"));
  assertEquals(line!.text.length, 8_193);
});

Deno.test("LineSplitter does not depend on how the bytes are split into chunks", () => {
  fc.assert(
    fc.property(cutOutput, ([bytes, chunks]) => {
      const whole = split([bytes]);
      assertEquals(split(chunks), whole);
      assertEquals(split(singly(bytes)), whole);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("LineSplitter returns no control characters, and no more text than the input", () => {
  fc.assert(
    fc.property(output, (bytes) => {
      for (const { text, isRedraw } of split([bytes])) {
        // deno-lint-ignore no-control-regex
        assert(!/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(text));
        assert(!isRedraw || text.trim() !== "");
        assertLessOrEqual(text.length, bytes.length);
      }
    }),
    { numRuns: 1_000 },
  );
});
