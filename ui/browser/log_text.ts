/**
 * Makes text of the lines of a log, for the clipboard.
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
 * Returns lines as text, without line numbers, and without the escape sequences and control characters of
 * terminals: the text may be pasted into one.
 *
 * @param load fetches up to `limit` lines from a line on
 * @param range the lines, which the server may not keep any more
 * @param times how the time before each line is written
 * @param startedAt when the task started, in epoch seconds
 * @throws {Error} if none of the lines is kept any more
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
