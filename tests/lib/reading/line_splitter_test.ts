import fc from "fast-check";
import { LineSplitter, NOT_TEXT } from "../../../lib/reading/line_splitter.ts";
import type { OutputLine } from "../../../lib/reading/screen.ts";
import { assert, assertEquals, assertLess, assertLessOrEqual } from "../../support/assert.ts";
import { cutOutput, output, singly } from "../../support/chunks.ts";

const encoder = new TextEncoder();

function split(chunks: readonly Uint8Array[]): OutputLine[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((bytes) => splitter.push(bytes)), ...splitter.end()];
}

/** Returns the lines of an output; a redrawn line has the prefix `~`. */
function read(text: string): string[] {
  return split([encoder.encode(text)]).map(({ text, isRedraw }) => isRedraw ? `~${text}` : text);
}

function check(table: readonly (readonly [string, readonly string[]])[]): void {
  for (const [text, expected] of table) assertEquals(read(text), expected, JSON.stringify(text));
}

Deno.test("LineSplitter ends lines at newlines, and the last one at the end", () => {
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

Deno.test("LineSplitter yields each overwritten version of a row as a redraw, and the last version as a line", () => {
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
    ["10%\x1b[5Gdone\n", ["10% done"]],
    ["10%\x1b[3D20%\x1b[3D30%\n", ["~10%", "~20%", "30%"]],
    ["a\x1b[5Cb\ra\x1b[5Cc\n", ["~a     b", "a     c"]],
    ["abcdef\rxy\n", ["~abcdef", "xycdef"]],
    ["a line\n\x1b[?1049hfull 1%\n\x1b[?1049lmore\n", ["a line", "~full 1%", "more"]],
    ["inodes: 0/16\b\b\b\b1/16\b\b\b\b    \b\b\b\bdone\n", [
      "~inodes: 0/16",
      "~inodes: 1/16",
      "~inodes:",
      "inodes: done",
    ]],
    ["N\bNA\bAME\n", ["~N", "~NA", "NAME"]],
  ]);
});

Deno.test("LineSplitter removes colours, titles, and other control sequences", () => {
  check([
    ["\x1b[1;31mred\x1b[0m and \x1b]0;title\x07plain\n", ["red and plain"]],
    ["\x1b[?25la\x1b(Bb\x0f\x07\x7f\0c\n", ["abc"]],
    ["a\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\\n", ["alink"]],
    ["a\x1b]0;no end\nb\n", ["a", "b"]],
    ["a\x1b[1", ["a"]],
  ]);
});

Deno.test("LineSplitter follows a cursor that moves up, and yields the last version of each row", () => {
  check([
    ["one 1%\ntwo 1%\n\x1b[2Aone 2%\ntwo 2%\nend\n", [
      ...["one 1%", "two 1%", "~one 2%", "~two 2%"],
      ...["one 2%", "two 2%", "end"],
    ]],
    ["one 1%\ntwo 1%\n\x1b[2A\x1b[2K\rone 2%\r\x1b[2B", ["one 1%", "two 1%", "~one 2%", "one 2%"]],
    // A text that is written over an empty row is a new line, not a redraw.
    ["\n\x1b[Aa line\nb\n", ["", "a line", "b"]],
    ["a\n\x1b[99Ab\nc\n", ["a", "~b", "b", "c"]],
    ["a\n\x1b[99Bb\n", ["a", "b"]],
    // The screen is cleared, and written to from the top.
    ["a\nb\n\x1b[H\x1b[2Jc\nd\ne\n", ["a", "b", "c", "d", "e"]],
    // A bar in the last row of the screen, while the other rows scroll.
    ["a\nb\x1b7\x1b[24;0fProgress: [ 42%]\x1b8c\n", ["a", "~Progress: [ 42%]", "bc"]],
    // Only the digits that change are redrawn: the cursor moves to row 5, then to its column 8.
    ["\x1b[5dSector 10/99\r\x1b[9d\x1b[5;8H25\r\x1b[9d", ["~Sector 10/99", "~Sector 25/99"]],
  ]);
});

Deno.test("LineSplitter takes only sequences with CSI for movements, and no queries", () => {
  const text = (sequence: string) => `line one is long\nline two\n${sequence}three\nfour\n`;
  const lines = ["line one is long", "line two", "three", "four"];
  // Setting a tab stop, the next line, an index, and single shifts; queries of the keyboard and of the cursor.
  for (
    const sequence of [
      "\x1bH",
      "\x1bE",
      "\x1bD",
      "\x1bA",
      "\x1bu",
      "\x1b[?u",
      "\x1b[?6n",
      "\x1b[?1s",
      "\x1b[?4m",
    ]
  ) {
    assertEquals(read(text(sequence)), lines, JSON.stringify(sequence));
  }
  assertEquals(read("\x1b7first\x1b8second"), ["~first", "second"]);
  assertEquals(read("\x1b[?25labc\rde\x1b[?K\n"), ["~abc", "de"]);
});

Deno.test("LineSplitter.unfinished is the row that has not ended with a newline yet", () => {
  const splitter = new LineSplitter();
  const unfinished = (text: string) => {
    splitter.push(encoder.encode(text));
    return splitter.unfinished?.text;
  };
  assertEquals(unfinished("0...10"), "0...10");
  assertEquals(unfinished("...20"), "0...10...20");
  assertEquals(unfinished("\n"), undefined);
  assertEquals(unfinished("\r10%"), "10%");
  assertEquals(unfinished("\r20%  "), "20%");
});

Deno.test("LineSplitter stops splitting binary output, and says so once", () => {
  const random = new Uint8Array(100_000);
  for (let at = 0; at < random.length; at += 50_000) {
    crypto.getRandomValues(random.subarray(at, at + 50_000));
  }
  const noise = split([encoder.encode("a line\n"), random, encoder.encode("\nmore\n")]);
  assertEquals(noise[0], { text: "a line", isRedraw: false, row: 0 });
  assertEquals(noise.at(-1), { text: NOT_TEXT, isRedraw: false, row: 0 });
  assertLess(noise.length, 100);
  const wide = encoder.encode([..."some text in wide characters\n".repeat(20)].join("\0"));
  assertEquals(split([wide]).at(-1)!.text, NOT_TEXT);
});

Deno.test("LineSplitter treats output with a single zero byte, or in an older encoding, as text", () => {
  const zeros = read("10%\0\n".repeat(1_000));
  assertEquals(zeros.length, 1_000);
  assertEquals(zeros.at(-1), "10%");
  const latin = "Größe und Länge des Gerätes, in Metern\n".repeat(1_000);
  const bytes = Uint8Array.from(latin, (letter) => letter.charCodeAt(0));
  assertEquals(split([bytes]).length, 1_000);
});

Deno.test("LineSplitter truncates a long line to the limit of the log, and marks the cut", () => {
  const splitter = new LineSplitter();
  const chunk = encoder.encode("x".repeat(100_000));
  for (let count = 0; count < 100; count++) assertEquals(splitter.push(chunk), []);
  const [line] = splitter.push(encoder.encode("\n"));
  assertEquals(line!.text.length, 8_193);
});

Deno.test("LineSplitter yields the same lines however the bytes are split into chunks", () => {
  const boldThenRedrawn = encoder.encode("\x1b[1m!\x1b[G3 of 17");
  fc.assert(
    fc.property(cutOutput, ([bytes, chunks]) => {
      const whole = split([bytes]);
      assertEquals(split(chunks), whole);
      assertEquals(split(singly(bytes)), whole);
    }),
    { numRuns: 2_000, examples: [[[boldThenRedrawn, [boldThenRedrawn]]]] },
  );
});

Deno.test("LineSplitter yields no control characters, and no more text than it got", () => {
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

Deno.test("LineSplitter yields the colours of a line separately from its text, even if parts of the line are redrawn", () => {
  const esc = "\x1b";
  const styledOf = (output: string) =>
    split([new TextEncoder().encode(output)]).filter(({ isRedraw }) => !isRedraw)
      .map(({ text, styled }) => [text, styled]);
  const table: [output: string, lines: [text: string, styled: string | undefined][]][] = [
    ["plain\n", [["plain", undefined]]],
    [`${esc}[31mred${esc}[0m plain\n`, [["red plain", `${esc}[0;31mred${esc}[0m plain`]]],
    [`${esc}[31mred\nalso\n${esc}[mplain`, [
      ["red", `${esc}[0;31mred${esc}[0m`],
      ["also", `${esc}[0;31malso${esc}[0m`],
      ["plain", undefined],
    ]],
    [`${esc}[32m10 %${esc}[0m\r20 %\n`, [["20 %", undefined]]],
    [`${esc}[32mab${esc}[0mcd\rX\n`, [["Xbcd", `X${esc}[0;32mb${esc}[0mcd`]]],
    [`${esc}[1mab${esc}[0m${esc}[2Kcd\n`, [["  cd", undefined]]],
    [`a${esc}[5C${esc}[38;5;9mb\n`, [["a     b", `a     ${esc}[0;38;5;9mb${esc}[0m`]]],
  ];
  for (const [output, lines] of table) assertEquals(styledOf(output), lines, JSON.stringify(output));
});

Deno.test("LineSplitter.skip() drops the unfinished row, and reports how much is missing", () => {
  const splitter = new LineSplitter();
  const lines = [
    ...splitter.push(new TextEncoder().encode("one\nhalf of two")),
    ...splitter.skip(12_345_001),
    ...splitter.push(new TextEncoder().encode("nine\n")),
    ...splitter.end(),
  ];
  assertEquals(lines.flatMap(({ text, isRedraw }) => isRedraw ? [] : [text]), [
    "one",
    "(12,346 kB of output left out: it came faster than it could be logged.)",
    "nine",
  ]);
});
