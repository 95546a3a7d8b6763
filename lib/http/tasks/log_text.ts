/**
 * Streams a task's log as a text file.
 *
 * @module
 */

import type { LogLine } from "../../task/task.ts";
import { plainLine } from "../../text/terminal_text.ts";

/** The number of lines that are in memory at a time. */
const CHUNK_LINES = 1_000;

/**
 * Reads lines of a log, oldest first.
 *
 * @param from the lowest number of a line to read
 * @param most the maximum number of lines
 * @returns the lines, and where to read on; `next` is `null` after the last line
 */
export type ReadLines = (
  from: number,
  most: number,
) => Promise<{ readonly lines: readonly LogLine[]; readonly next: number | null }>;

/**
 * Responds with a download of log lines, each preceded by its time and without the escape sequences and control
 * characters of terminals. Lines are read from the store as fast as the client reads the response.
 *
 * @param id the task's id, which names the file
 * @param from the number from which on to read
 * @param read reads the lines
 * @returns the response
 */
export function logTextResponse(id: string, from: number, read: ReadLines): Response {
  const encoder = new TextEncoder();
  let next: number | null = from;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next === null) return controller.close();
      const { lines, next: following } = await read(next, CHUNK_LINES);
      next = following;
      const text = lines.map((line) => `${timeOf(line.at)} ${plainLine(line.text)}\n`).join("");
      if (text !== "") controller.enqueue(encoder.encode(text));
      if (next === null) controller.close();
    },
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: {
      "content-type": "text/plain; charset=utf-8",
      // Windows does not allow colons in file names.
      "content-disposition": `attachment; filename="${id.replaceAll(":", "_")}.log"`,
      "cache-control": "no-store",
      "vary": "Accept",
      "x-content-type-options": "nosniff",
    },
  });
}

function timeOf(at: number): string {
  const date = new Date(at * 1_000);
  return Number.isNaN(date.getTime()) ? "-" : date.toISOString();
}
