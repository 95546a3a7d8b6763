/**
 * Reports that are too long for one message, in parts. Pure.
 *
 * @module
 */

import type { Report } from "../task/protocol.ts";
import type { LogLine } from "../task/task.ts";

/** Characters of log in one part at most, and one line more. Servers take messages of 1 MiB, escapes included. */
const LOG_CHARACTERS = 64 * 1024;

/**
 * Cuts a report into parts that are small enough to travel: only the lines of a log can be many.
 *
 * @param report what happened
 * @returns the parts, in order; together they say the same
 */
export function splitReport(report: Report): readonly Report[] {
  const { change } = report;
  if (change.type !== "log") return [report];
  const parts: Report[] = [];
  let lines: LogLine[] = [];
  let characters = 0;
  let first = change.first ?? 0;
  const add = () => {
    if (lines.length === 0) return;
    parts.push({ ...report, change: { type: "log", first, lines } });
    first += lines.length;
    lines = [];
    characters = 0;
  };
  for (const line of change.lines) {
    if (characters + line.text.length > LOG_CHARACTERS) add();
    lines.push(line);
    characters += line.text.length;
  }
  add();
  return parts;
}
