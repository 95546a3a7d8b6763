// deno-lint-ignore-file no-console -- its output is what the test reads
/**
 * A program that keeps the lines of texts of a megabyte each, of which most is white space, and prints how many bytes
 * of memory the lines of one text take.
 */

import { linesOfText } from "../../../../lib/http/reports/forms.ts";

const TEXTS = 50;
const LINES = ["the first line of a text", "the second line of a text", " ".repeat(1_000_000)];

const { gc } = globalThis as unknown as { readonly gc: () => void };

gc();
const before = Deno.memoryUsage().heapUsed;
const kept = Array.from(
  { length: TEXTS },
  (_, index) => linesOfText(`${LINES.join("\n")}${index}`).slice(0, 2),
);
gc();
const bytes = Math.round((Deno.memoryUsage().heapUsed - before) / TEXTS);
console.log(JSON.stringify({ lines: kept.flat().length, bytes }));
