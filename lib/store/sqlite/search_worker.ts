/**
 * The worker that searches logs in the database, so that a search over many lines does not block the main thread.
 * Searches take turns, so that a long search does not delay short ones.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { LogSearch } from "../log_search.ts";
import { LOG_LINES, type NumberedLine, type SideRow } from "../side_tables.ts";
import { rowsOf } from "./database_file.ts";
import type { SearchAnswer, SearchRequest } from "./search_messages.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SearchRequest>) => void;
  postMessage(answer: SearchAnswer): void;
};

/** The number of lines of a search that are in memory at a time. */
const CHUNK_LINES = 500;

/** How long a search runs before the next one gets its turn, in milliseconds. */
const TURN_MS = 20;

/** The unfinished searches, beginning with the one whose turn is next. */
const searches: Generator<void, SearchAnswer>[] = [];

scope.onmessage = ({ data }) => {
  searches.push(search(data));
  if (searches.length === 1) setTimeout(takeTurn, 0);
};

function takeTurn(): void {
  const search = searches[0]!;
  const end = performance.now() + TURN_MS;
  let step = search.next();
  while (step.done !== true && performance.now() < end) step = search.next();
  searches.shift();
  if (step.done === true) scope.postMessage(step.value);
  else searches.push(search);
  // The timer lets messages with further searches arrive between turns.
  if (searches.length > 0) setTimeout(takeTurn, 0);
}

/** Searches a log, and yields after each part. */
function* search({ id, file, place, unsaved, query }: SearchRequest): Generator<void, SearchAnswer> {
  try {
    const search = new LogSearch(query);
    for (const line of savedLines(file, place, search.start, unsaved[0]?.number ?? Infinity)) {
      if (search.isDone) break;
      if (search.add(line)) yield;
    }
    for (const line of unsaved) {
      if (!search.isDone && line.number >= search.start && search.add(line)) yield;
    }
    return { id, found: search.result() };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Yields the lines of a task from number `start` to before `end`, in order. */
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
