/** Tests which log lines wait, how they are cut into reports, and what is dropped. */

import fc from "fast-check";
import { DEFAULT_LIMITS } from "../../../lib/config/limits.ts";
import { LogBuffer } from "../../../lib/reporter/log_buffer.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { linesLeftOut } from "../../../lib/reporter/lines_left_out.ts";
import { parseReport } from "../../../lib/task/protocol.ts";
import { byteLength } from "../../../lib/task/byte_length.ts";
import type { LogLine } from "../../../lib/task/task.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";

/** Takes all parts of a buffer. */
function partsOf(buffer: LogBuffer): LogLine[][] {
  const parts: LogLine[][] = [];
  while (!buffer.isEmpty) parts.push(buffer.take());
  return parts;
}

/** Returns numbered lines. */
function numbered(from: number, count: number, length = 10): LogLine[] {
  return Array.from({ length: count }, (_, i) => ({ at: from + i, text: `${from + i}`.padEnd(length) }));
}

Deno.test("LogBuffer returns every line once and in order, in parts that fit into a report", () => {
  const lengths = fc.array(fc.nat(LIMITS.logLineLength), { maxLength: 60, size: "max" });
  let cuts = 0;
  fc.assert(fc.property(lengths, fc.nat(20), (each, again) => {
    const buffer = new LogBuffer();
    const lines = each.map((length, at) => ({ at, text: "x".repeat(length) }));
    for (const line of lines) buffer.push(line);
    const returned = numbered(-100, again);
    buffer.unshift(returned);
    const parts = partsOf(buffer);
    cuts += Math.max(0, parts.length - 1);
    assertEquals(parts.flat(), [...returned, ...lines]);
  }));
  assertGreater(cuts, 50);
});

Deno.test("LogBuffer keeps each part within a server's limit, even if JSON escapes every character", () => {
  for (const letter of ["\u0001", "\ud800", "中", '"', "x", "\u2028"]) {
    for (const length of [0, 20, 8_192]) {
      const buffer = new LogBuffer();
      for (const line of numbered(0, 1_001)) buffer.push({ ...line, text: letter.repeat(length) });
      for (const lines of partsOf(buffer)) {
        const report = {
          client: "c",
          id: "1",
          at: 5,
          seq: 2 ** 53 - 1,
          change: { type: "log", first: 7, lines },
        };
        const text = JSON.stringify({ batch: 2 ** 53 - 1, reports: [report] });
        assertLess(byteLength(text), DEFAULT_LIMITS.reportBytes, `of ${letter}`);
        parseReport(JSON.parse(JSON.stringify(report)));
      }
    }
  }
});

Deno.test("LogBuffer replaces the oldest lines beyond the limit of a task with a line that says how many were dropped", () => {
  const buffer = new LogBuffer({ taskCharacters: 200_000, allCharacters: 1_000_000 });
  for (const line of numbered(0, 20_000)) buffer.push(line);
  const kept = partsOf(buffer).flat();
  assertEquals(kept[0]?.text, linesLeftOut(20_001 - kept.length));
  assertEquals(kept.slice(1), numbered(20_001 - kept.length, kept.length - 1));
});

Deno.test("LogBuffer marks the gap if lines before the gap are reported again", () => {
  const buffer = new LogBuffer({ taskCharacters: 200_000, allCharacters: 1_000_000 });
  for (const line of numbered(0, 20_000)) buffer.push(line);
  const again = numbered(-5, 5);
  buffer.unshift(again);
  const lines = partsOf(buffer).flat();
  const rest = lines.length - 6;
  assertEquals(lines.slice(0, 5), again);
  assertEquals(lines[5]?.text, linesLeftOut(20_000 - rest));
  assertEquals(lines.slice(6), numbered(20_000 - rest, rest));
});

Deno.test("LogBuffer keeps at least the newest line of each task if all tasks together have too many", () => {
  const limits = { taskCharacters: 100_000, allCharacters: 150_000 };
  const buffers = Array.from({ length: 20 }, () => new LogBuffer(limits));
  for (const line of numbered(0, 1_000)) for (const buffer of buffers) buffer.push(line);
  const kept = buffers.map((buffer) => partsOf(buffer).flat());
  let count = 0;
  for (const lines of kept) {
    assertEquals(lines.at(-1)?.at, 999);
    const [first] = lines;
    assert(first?.text === linesLeftOut(1_001 - lines.length));
    count += lines.length - 1;
  }
  assertLess(count * 74, 150_000 + 20 * 74);
  // Lines that were taken or cleared no longer count towards the limit.
  const buffer = new LogBuffer(limits);
  for (const line of numbered(0, 1_000)) buffer.push(line);
  assertEquals(partsOf(buffer).flat().length, 1_000);
});
