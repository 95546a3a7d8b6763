import fc from "fast-check";
import { withoutSequences } from "../../../lib/text/escape_sequences.ts";
import { styledRuns } from "../../../ui/shared/styled_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function brief(line: string, query = ""): string {
  return styledRuns(line, query).map(({ text, style, href, isMatch }) =>
    `${text}${style && `{${style}}`}${href === null ? "" : `<${href}>`}${isMatch ? "!" : ""}`
  ).join("|");
}

const ESC = "\x1b";

Deno.test("styledRuns() expresses colours and attributes as CSS classes", () => {
  const table: [line: string, runs: string][] = [
    ["plain", "plain"],
    ["", ""],
    [`${ESC}[31mred${ESC}[0m plain`, "red{fg-1}| plain"],
    [
      `${ESC}[1;4;92mloud${ESC}[22mquiet${ESC}[24;39mplain`,
      "loud{fg-10 sgr-bold sgr-underline}|quiet{fg-10 sgr-underline}|plain",
    ],
    [`${ESC}[41;97ma${ESC}[mb`, "a{fg-15 bg-1}|b"],
    [`${ESC}[7ma${ESC}[31mb${ESC}[27mc`, "a{fg-surface bg-text}|b{fg-surface bg-1}|c{fg-1}"],
    [
      `${ESC}[38;5;9ma${ESC}[38;5;208mb${ESC}[38;5;240mc${ESC}[48;5;21md`,
      "a{fg-9}|b{fg-11}|c{fg-8}|d{fg-8 bg-12}",
    ],
    [`${ESC}[38;2;250;20;20ma${ESC}[38;2;0;100;0mb${ESC}[38:2:255:255:255mc`, "a{fg-9}|b{fg-2}|c{fg-15}"],
    [
      `${ESC}[38:2::255:0:0ma${ESC}[48:2:1:0:0:255:0:1mb${ESC}[38:5:2;1mc`,
      "a{fg-9}|b{fg-9 bg-12}|c{fg-2 bg-12 sgr-bold}",
    ],
    [
      `${ESC}[31;4:3ma${ESC}[4:0mb${ESC}[4:1;3mc`,
      "a{fg-1 sgr-underline}|b{fg-1}|c{fg-1 sgr-underline sgr-italic}",
    ],
    [
      `${ESC}[58;5;9ma${ESC}[58;2;1;3;9;31mb${ESC}[58:5:1mc${ESC}[58:2::4:7:9;59md`,
      "a|b{fg-1}|c{fg-1}|d{fg-1}",
    ],
    [`${ESC}[31;;1ma${ESC}[38;5mb${ESC}[38mc`, "a{sgr-bold}|b{fg-0 sgr-bold}|c{fg-0 sgr-bold}"],
    [`a${ESC}[2Kb${ESC}[?25lc${ESC}]0;title\x07d`, "abcd"],
    [`${ESC}[999;`, `${ESC}[999;`],
  ];
  for (const [line, runs] of table) assertEquals(brief(line), runs, JSON.stringify(line));
});

Deno.test("styledRuns() makes links of web addresses only", () => {
  const table: [line: string, runs: string][] = [
    [
      "see https://example.com/a?b=c. Then",
      "see |https://example.com/a?b=c<https://example.com/a?b=c>|. Then",
    ],
    ["(http://a.example/x)", "(|http://a.example/x<http://a.example/x>|)"],
    [`${ESC}]8;;https://example.com/${ESC}\\here${ESC}]8;;${ESC}\\ and`, "here<https://example.com/>| and"],
    [`${ESC}]8;;javascript:alert(1)\x07here${ESC}]8;;\x07`, "here"],
    [`${ESC}]8;id=1;data:text/html,x\x07here`, "here"],
    ["javascript://a ftp://b nohttps://c", "javascript://a ftp://b nohttps://c"],
  ];
  for (const [line, runs] of table) assertEquals(brief(line), runs, JSON.stringify(line));
});

Deno.test("styledRuns() marks matches, also across colours and links", () => {
  const table: [line: string, query: string, runs: string][] = [
    ["an error, Error", "error", "an |error!|, |Error!"],
    [`er${ESC}[31mror${ESC}[0m`, "error", "er!|ror{fg-1}!"],
    [
      "https://a.example/error",
      "example",
      "https://a.<https://a.example/error>|example<https://a.example/error>!|/error<https://a.example/error>",
    ],
    ["aaa", "aa", "aa!|a"],
    ["\u0130error", "error", "\u0130error"],
  ];
  for (const [line, query, runs] of table) assertEquals(brief(line, query), runs, JSON.stringify(line));
});

Deno.test("styledRuns() keeps every character of the text, whatever the line contains", () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom(
      `${ESC}[`,
      "m",
      "31",
      ";",
      ":",
      `${ESC}]8;;`,
      "https://e.x/",
      "\x07",
      `${ESC}\\`,
      "38;5;",
      "err",
      ESC,
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.constantFrom("", "err", "1"), (pieces, query) => {
      const line = pieces.join("");
      const runs = styledRuns(line, query);
      const text = runs.map((run) => run.text).join("");
      if (!line.includes(ESC)) assertEquals(text, withoutSequences(line));
      for (const { href, isMatch, text } of runs) {
        assert(href === null || /^https?:\/\//i.test(href));
        assert(text !== "" && (!isMatch || query !== ""));
      }
    }),
    { numRuns: 2_000 },
  );
});
