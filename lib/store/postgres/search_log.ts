/**
 * Searches the log of a task in a PostgreSQL database.
 *
 * @module
 */

import { yieldToEventLoop } from "../../reporter/yield.ts";
import type { LogSearchRequest } from "../database/database.ts";
import { type LogMatches, LogSearch } from "../log_search.ts";
import { LOG_LINES, type NumberedLine } from "../side_tables.ts";
import type { Readers } from "./readers.ts";

/** The number of lines that are read at a time. */
const LINES = 500;

/**
 * A statement that finds every line that may match. A line with characters other than printable ASCII always may, and
 * is left to {@linkcode LogSearch}, because a search ignores escape sequences and the case of other alphabets.
 */
const CANDIDATES = `SELECT ${LOG_LINES.columns.join(", ")} FROM taskscope.log_lines
  WHERE place = $1 AND number > $2 AND (text ILIKE $3 OR text ~ '[^ -~]') ORDER BY number LIMIT ${LINES}`;

/**
 * Searches a log. The lines of a task are found by the primary key, so no other index is needed; at most {@linkcode
 * LINES} of them are in memory at a time.
 *
 * @throws {Error} of `pg`, if a query fails
 */
export async function searchLog(
  pool: Pick<Readers, "query">,
  { place, unsaved, query }: LogSearchRequest,
): Promise<LogMatches> {
  const search = new LogSearch(query);
  const replaced = new Map(unsaved.map((line) => [line.number, line]));
  const first = unsaved[0]?.number ?? Infinity;
  const isAscii = /^[ -~]*$/.test(query.text);
  const pattern = isAscii ? `%${query.text.replace(/[\\%_]/g, "\\$&")}%` : "%";
  let [last, found] = [search.start - 1, 0];
  for (let isLast = false; !isLast;) {
    const { rows } = await pool.query({
      text: CANDIDATES,
      values: [place, last, pattern],
      rowMode: "array",
    });
    for (const row of rows) {
      const line: NumberedLine = LOG_LINES.fromRow(row);
      last = line.number;
      // The unsaved lines are searched after all others.
      if (last >= first || replaced.has(last) || search.isDone) continue;
      found++;
      if (search.add(line)) await yieldToEventLoop(Date.now());
    }
    isLast = rows.length < LINES || search.isDone;
  }
  const { rows: [{ lines }] } = await pool.query({
    text: "SELECT count(*) AS lines FROM taskscope.log_lines WHERE place = $1 AND number < $2",
    values: [place, Number.isFinite(first) ? first : Number.MAX_SAFE_INTEGER],
  });
  for (const line of unsaved) {
    if (!search.isDone && line.number >= search.start) search.add(line);
  }
  return { ...search.result(), searched: Math.max(lines, found) + unsaved.length };
}
