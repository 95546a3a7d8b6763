/**
 * A task's log as a text file.
 *
 * @module
 */

import type { LogSlice } from "../../registry/registry_reader.ts";

/** Lines that are read, and written, at a time: so much of a log is in memory, however long it is. */
const LINES_AT_A_TIME = 1_000;

/** Which lines are wanted, and of what. */
export interface WantedLines {
  /** The task's id, which names the file. */
  readonly id: string;
  /** The number of the first line that is wanted. */
  readonly from: number;
  /** The number of the first that is not wanted any more. */
  readonly to: number;
  /** Gives so many at most of the kept lines between two numbers, oldest first. */
  readonly read: (from: number, to: number, most: number) => Promise<LogSlice>;
}

/**
 * Answers with lines of a log, each behind its time, as a file to save. They are read as fast as they are taken.
 *
 * @param wanted which lines
 * @returns the answer
 */
export function logTextResponse({ id, from, to, read }: WantedLines): Response {
  const encoder = new TextEncoder();
  let next = from;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { first, lines } = await read(next, to, LINES_AT_A_TIME);
      if (lines.length === 0) return controller.close();
      next = first + lines.length;
      const text = lines.map((line) => `${timeOf(line.at)} ${line.text}\n`).join("");
      controller.enqueue(encoder.encode(text));
      if (next >= to) controller.close();
    },
  }, { highWaterMark: 0 });
  return new Response(body, {
    headers: {
      "content-type": "text/plain; charset=utf-8",
      // Colons are not for file names everywhere.
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
