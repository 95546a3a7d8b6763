/**
 * Splits reports that are too long for one message.
 *
 * @module
 */

import type { Report } from "../task/protocol.ts";
import type { LogLine } from "../task/task.ts";

/**
 * The number of characters of log text at which a part is full. Servers accept messages of up to 1 MiB,
 * including JSON escapes.
 */
const LOG_CHARACTERS = 64 * 1024;

/**
 * Splits a report into parts that fit into a message; only reports with log lines can be too long.
 *
 * @param report the report
 * @returns reports that together are equivalent to the given one, in order
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
