/**
 * Converts the lines of a log to text for the clipboard.
 *
 * @module
 */

import { plainLine } from "../../lib/text/terminal_text.ts";
import type { LineRange } from "../shared/line_range.ts";
import { lineTime, type LineTimes } from "../shared/log_look.ts";
import type { LogRequests } from "./log_requests.ts";

/** The number of lines that one request loads. */
const CHUNK_LINES = 10_000;

/**
 * Returns lines as text, without line numbers, and without the escape sequences and control characters of terminals,
 * because the text may be pasted into a terminal.
 *
 * @param load fetches up to `limit` lines, starting at a line number
 * @param range the range of lines, some of which the server may no longer keep
 * @param times the format of the time before each line
 * @param startedAt when the task started, in epoch seconds
 * @throws {Error} if the server no longer keeps any of the lines
 */
export async function logText(
  load: LogRequests["lines"],
  range: LineRange,
  times: LineTimes,
  startedAt: number,
): Promise<string> {
  const texts: string[] = [];
  for (let from = range.from; from <= range.to;) {
    const { first, lines } = await load(from, Math.min(CHUNK_LINES, range.to + 1 - from));
    if (lines.length === 0) break;
    for (const line of lines.slice(0, Math.max(0, range.to + 1 - first))) {
      texts.push(
        `${lineTime(line, times, startedAt, true)} ${plainLine(line.text)}`.slice(times === "none" ? 1 : 0),
      );
    }
    from = first + lines.length;
  }
  if (texts.length === 0) throw new Error("Cannot copy these lines: they are no longer kept");
  return texts.join("\n");
}
