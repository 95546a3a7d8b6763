/**
 * Responds with a task's log as a text file.
 *
 * @module
 */

import type { LogLine } from "../../task/task.ts";
import { plainLine } from "../../text/terminal_text.ts";
import { TextResponse } from "../responses.ts";

/** The number of lines that each response keeps in memory at a time: at most 1.6 million characters. */
const PART_LINES = 200;

/**
 * Reads lines of a log, oldest first.
 *
 * @param from the lowest number of a line to read
 * @param most the maximum number of lines
 * @returns the lines, and the number of the line from which on to continue; `next` is `null` after the last
 * line
 */
export type ReadLines = (
  from: number,
  most: number,
) => Promise<{ readonly lines: readonly LogLine[]; readonly next: number | null }>;

/**
 * Responds with a download of log lines, each preceded by its time and without the escape sequences and
 * control characters of terminals. The first lines are read before the response begins, so that an error can
 * still become an error response. Further lines are read only as fast as the client reads the response.
 *
 * @param id the task's id, which names the file
 * @param from the number of the line to begin with
 * @param read reads the lines
 * @returns the response
 */
export async function logTextResponse(id: string, from: number, read: ReadLines): Promise<Response> {
  let { lines, next } = await read(from, PART_LINES);
  const more = async () => {
    if (next === null) return null;
    ({ lines, next } = await read(next, PART_LINES));
    return lines.length === 0 ? null : textOf(lines);
  };
  return new TextResponse(textOf(lines), {
    headers: {
      "content-type": "text/plain; charset=utf-8",
      // Windows does not allow colons in file names.
      "content-disposition": `attachment; filename="${id.replaceAll(":", "_")}.log"`,
      "cache-control": "no-store",
      "vary": "Accept",
      "x-content-type-options": "nosniff",
    },
  }, next === null ? null : more);
}

function textOf(lines: readonly LogLine[]): string {
  return lines.map((line) => `${timeOf(line.at)} ${plainLine(line.text)}\n`).join("");
}

function timeOf(at: number): string {
  const date = new Date(at * 1_000);
  return Number.isNaN(date.getTime()) ? "-" : date.toISOString();
}
