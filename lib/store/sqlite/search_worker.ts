/**
 * The worker that searches logs in the database, so that a search over many lines delays nothing else.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { type LogMatches, LogSearch } from "../log_search.ts";
import { LOG_LINES, type NumberedLine, type SideRow } from "../side_tables.ts";
import { rowsOf } from "./database_file.ts";
import type { SearchAnswer, SearchRequest } from "./search_messages.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SearchRequest>) => void;
  postMessage(answer: SearchAnswer): void;
};

/** The number of lines that are in memory at a time. */
const CHUNK_LINES = 2_000;

scope.onmessage = ({ data }) => {
  try {
    scope.postMessage({ found: search(data) });
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

function search({ file, place, unsaved, query }: SearchRequest): LogMatches {
  const search = new LogSearch(query);
  for (const line of savedLines(file, place, search.start, unsaved[0]?.number ?? Infinity)) {
    if (search.isDone) break;
    search.add(line);
  }
  for (const line of unsaved) {
    if (!search.isDone && line.number >= search.start) search.add(line);
  }
  return search.result();
}

/** Yields the lines of a task from a number to below another one, in order. */
function* savedLines(file: string, place: number, start: number, end: number): Generator<NumberedLine> {
  const { name, columns, fromRow } = LOG_LINES;
  // The file is opened for each search, because it may have been replaced since the last one.
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const statement = db.prepare(
      `SELECT ${
        columns.join(", ")
      } FROM ${name} WHERE place = ? AND number >= ? AND number < ? ORDER BY number LIMIT ?`,
    );
    for (let from = start;;) {
      const rows = rowsOf(statement, [place, from, Math.min(end, Number.MAX_SAFE_INTEGER), CHUNK_LINES]);
      for (const row of rows) yield fromRow(row as SideRow);
      if (rows.length < CHUNK_LINES) return;
      from = Number(rows.at(-1)![0]) + 1;
    }
  } finally {
    db.close();
  }
}
