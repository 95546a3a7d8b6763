/**
 * Streams a task's log as a text file.
 *
 * @module
 */

import type { LogSlice } from "../../registry/registry_reader.ts";
import { plainLine } from "../../text/terminal_text.ts";

/** The number of lines that are in memory at a time. */
const CHUNK_LINES = 1_000;

/** A range of lines of a task's log. */
export interface WantedLines {
  /** The task's id, which names the file. */
  readonly id: string;
  /** The number of the first line of the range. */
  readonly from: number;
  /** The number of the line after the last one of the range. */
  readonly to: number;
  /** Reads the oldest stored lines between two numbers, up to a maximum. */
  readonly read: (from: number, to: number, most: number) => Promise<LogSlice>;
}

/**
 * Responds with a download of log lines, each preceded by its time and without the escape sequences and control
 * characters of terminals. Lines are read from the store as fast as the client reads the response.
 *
 * @param wanted the range of lines
 * @returns the response
 */
export function logTextResponse({ id, from, to, read }: WantedLines): Response {
  const encoder = new TextEncoder();
  let next = from;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { first, lines } = await read(next, to, CHUNK_LINES);
      if (lines.length === 0) return controller.close();
      next = first + lines.length;
      const text = lines.map((line) => `${timeOf(line.at)} ${plainLine(line.text)}\n`).join("");
      controller.enqueue(encoder.encode(text));
      if (next >= to) controller.close();
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
