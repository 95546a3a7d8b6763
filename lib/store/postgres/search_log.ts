/**
 * Searches the log of a task in a PostgreSQL database.
 *
 * @module
 */

import { yieldToEventLoop } from "../../reporter/yield.ts";
import type { LogSearchRequest } from "../database/database.ts";
import { type LogMatches, LogSearch } from "../log_search.ts";
import { LOG_LINES, type NumberedLine } from "../side_tables.ts";
import type { QueryConfig, QueryResult } from "./pg.d.ts";

/** The number of lines that a statement searches. */
const LINES = 500;

/**
 * A statement that finds every line of the next {@linkcode LINES} that may match, and the number of these lines. A line
 * with characters other than printable ASCII always may, and is left to {@linkcode LogSearch}, because a search ignores
 * escape sequences and the case of other alphabets. The collation makes the case of ASCII independent of the locale of
 * the database. The last line is always found, because the next part begins after it.
 */
const CANDIDATES = `WITH part AS (
    SELECT ${LOG_LINES.columns.join(", ")} FROM taskscope.log_lines
    WHERE place = $1 AND number > $2 AND number < $3 ORDER BY number LIMIT ${LINES}
  )
  SELECT ${LOG_LINES.columns.join(", ")}, (SELECT count(*) FROM part) FROM part
  WHERE text COLLATE "C" ILIKE $4 OR text ~ '[^ -~]' OR number = (SELECT max(number) FROM part) ORDER BY number`;

/**
 * Searches a log. The lines of a task are found by the primary key, so no other index is needed; at most {@linkcode
 * LINES} of them are in memory at a time.
 *
 * @param read runs a query
 * @param request what to search
 * @throws {Error} of `pg`, if a query fails
 */
export async function searchLog(
  read: (query: QueryConfig) => Promise<QueryResult>,
  { place, unsaved, query }: LogSearchRequest,
): Promise<LogMatches> {
  const search = new LogSearch(query);
  // The unsaved lines are searched after all others, and replace the saved lines with their numbers.
  const end = unsaved[0]?.number ?? Number.MAX_SAFE_INTEGER;
  const isAscii = /^[ -~]*$/.test(query.text);
  const pattern = isAscii ? `%${query.text.replace(/[\\%_]/g, "\\$&")}%` : "%";
  let [last, searched] = [search.start - 1, 0];
  for (let isLast = false; !isLast;) {
    const { rows } = await read({
      text: CANDIDATES,
      values: [place, last, end, pattern],
      rowMode: "array",
    });
    for (const row of rows) {
      const line: NumberedLine = LOG_LINES.fromRow(row);
      last = line.number;
      if (!search.isDone && search.add(line)) await yieldToEventLoop(Date.now());
    }
    const lines = Number(rows[0]?.at(-1) ?? 0);
    searched += lines;
    isLast = lines < LINES || search.isDone;
  }
  for (const line of unsaved) {
    if (!search.isDone && line.number >= search.start) search.add(line);
  }
  return { ...search.result(), searched: searched + unsaved.length };
}
