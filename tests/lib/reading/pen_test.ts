import fc from "fast-check";
import { painted, Pen, styledText, type StyleMark } from "../../../lib/reading/pen.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("Pen keeps the attributes in effect, however often they change", () => {
  const table: [sequences: string[], style: string][] = [
    [[], ""],
    [["31"], "31"],
    [["31", "32"], "32"],
    [["1;31", "39"], "1"],
    [["1;2;31", "22"], "31"],
    [["1", "4", "7", "24"], "1;7"],
    [["31;41;97;100"], "97;100"],
    [["38;5;208;1"], "38;5;208;1"],
    [["38;2;1;2;3", "48;5;7"], "38;2;1;2;3;48;5;7"],
    [["38:2::1:2:3"], "38:2::1:2:3"],
    [["38", "38;7"], "7"],
    [["31", ""], ""],
    [["31", "0"], ""],
    [["31", "0;32"], "32"],
    [["10", "50", "73", "108"], ""],
    [["1;".repeat(60)], ""],
  ];
  for (const [sequences, style] of table) {
    const pen = new Pen();
    sequences.forEach((each) => pen.apply(each));
    assertEquals(pen.style, style, JSON.stringify(sequences));
  }
  const pen = new Pen();
  for (let n = 0; n < 1_000; n++) pen.apply(`${30 + n % 8};39;1;22`);
  assertEquals(pen.style, "");
});

Deno.test("painted() gives each column the style that was written last", () => {
  const stroke = fc.record({
    from: fc.nat(20),
    length: fc.nat(10),
    style: fc.constantFrom("", "1", "31"),
  });
  fc.assert(
    fc.property(fc.array(stroke, { maxLength: 12 }), (strokes) => {
      const columns: string[] = Array(30).fill("");
      let marks: readonly StyleMark[] = [];
      for (const { from, length, style } of strokes) {
        columns.fill(style, from, from + length);
        marks = painted(marks, from, from + length, style);
      }
      const styleAt = (column: number) => marks.findLast(({ at }) => at <= column)?.style ?? "";
      assertEquals(columns.map((_, column) => styleAt(column)), columns);
      assertEquals(marks.filter((mark, index) => mark.style === (marks[index - 1]?.style ?? "")), []);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("styledText() resets the style before each change and at the end", () => {
  const marks = [{ at: 0, style: "31" }, { at: 3, style: "" }, { at: 6, style: "1;4" }];
  assertEquals(styledText("red plain", marks), "\x1b[0;31mred\x1b[0m pl\x1b[0;1;4main\x1b[0m");
  assertEquals(styledText("red pl", marks), "\x1b[0;31mred\x1b[0m pl");
  assertEquals(styledText("re", marks), "\x1b[0;31mre\x1b[0m");
  assertEquals(styledText("plain", []), "plain");
});
