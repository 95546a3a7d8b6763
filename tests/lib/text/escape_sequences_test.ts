import fc from "fast-check";
import { withoutSequences } from "../../../lib/text/escape_sequences.ts";
import { assertEquals } from "../../support/assert.ts";

/** The grammar of escape sequences as a regular expression, which is simple, but needs quadratic time. */
const SEQUENCES = new RegExp(
  [
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]",
    "(?:\\x1b[\\]PX^_]|[\\x9d\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c)",
    "\\x1b[ -/]*[0-Z\\\\^-~]",
  ].join("|"),
  "g",
);

Deno.test("withoutSequences() removes exactly the sequences of the grammar", () => {
  const part = fc.constantFrom(
    ..."\x1b \x1b[ \x1b] \x1bP \x1b\\ \x9b \x9d \x90 \x98 \x9e \x9f \x9c \x07 0 ; ? / m a \r \n é".split(" "),
    " ",
    "[",
    "]",
    "\\",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const text = parts.join("");
      assertEquals(withoutSequences(text), text.replace(SEQUENCES, ""), JSON.stringify(text));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("withoutSequences() keeps text without sequences, and unfinished ones", () => {
  for (
    const text of ["", "abc", "日本", "\x1b", "\x1b[", "\x1b[12", "\u009b", "\u009d title", "a\x1b]0;title"]
  ) {
    assertEquals(withoutSequences(text), text, JSON.stringify(text));
  }
});
