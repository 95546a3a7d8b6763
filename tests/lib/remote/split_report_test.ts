/** Tests the splitting of reports that are too long for one message. */

import fc from "fast-check";
import { DEFAULT_LIMITS } from "../../../lib/config/limits.ts";
import { byteLength, parseReport, type Report } from "../../../lib/task/protocol.ts";
import { LIMITS } from "../../../lib/task/grammar.ts";
import { splitReport } from "../../../lib/remote/split_report.ts";
import type { LogLine } from "../../../lib/task/task.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function logOf(lines: readonly LogLine[], first = 7): Report {
  return { client: "c", id: "1", at: 5, change: { type: "log", first, lines } };
}

Deno.test("splitReport() splits a report of log lines into equivalent parts, in order and without a gap", () => {
  const texts = fc.array(fc.nat(LIMITS.logLineLength), { maxLength: 60, size: "max" });
  let cuts = 0;
  fc.assert(fc.property(texts, fc.nat(1_000), (lengths, first) => {
    const lines = lengths.map((length, at) => ({ at, text: "x".repeat(length) }));
    const parts = splitReport(logOf(lines, first));
    cuts += Math.max(0, parts.length - 1);
    let next = first;
    const all: LogLine[] = [];
    for (const part of parts) {
      assert(part.change.type === "log");
      assertEquals([part.client, part.id, part.at, part.change.first], ["c", "1", 5, next]);
      next += part.change.lines.length;
      all.push(...part.change.lines);
    }
    assertEquals(all, lines);
  }));
  assert(cuts > 50, `only ${cuts} were split`);
});

Deno.test("splitReport() keeps each part within a server's limit, even if JSON escapes every character", () => {
  for (const letter of ["\u0001", "\ud800", "中", '"', "x", "\u2028"]) {
    const lines = Array.from(
      { length: 1_001 },
      () => ({ at: 1_700_000_000.123, text: letter.repeat(8_192) }),
    );
    for (const part of splitReport(logOf(lines))) {
      const text = JSON.stringify({ batch: 2 ** 53 - 1, reports: [{ ...part, seq: 2 ** 53 - 1 }] });
      assert(byteLength(text) < DEFAULT_LIMITS.reportBytes, `${byteLength(text)} bytes of ${letter}`);
      parseReport(JSON.parse(JSON.stringify(part)));
    }
  }
});

Deno.test("splitReport() returns other reports unchanged", () => {
  const report: Report = { client: "c", id: "1", at: 5, change: { type: "update", progress: 5 } };
  assertEquals(splitReport(report), [report]);
  const short = logOf([{ at: 1, text: "a" }]);
  assertEquals(splitReport(short), [short]);
});
