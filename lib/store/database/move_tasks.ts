/**
 * Moves all stored data from one database to another.
 *
 * @module
 */

import { StorageError } from "../../errors.ts";
import type { SideRow } from "../side_tables.ts";
import { MOVED_TABLES, type MovedBatch, type MovedTable } from "./moved_tables.ts";

/** The maximum number of rows, and the approximate maximum number of characters, that are written at a time. */
const ROWS = 1_000;
const CHARACTERS = 2 * 1024 * 1024;

/** The number of rows that a source reads at a time: a row may have about 200 KB. */
export const READ_ROWS = 100;

/** The counters that a database stores besides its rows. */
export interface MovedNumbers {
  /** How often a server has opened the database. */
  readonly term: number;
  /** The end of the block of sequence numbers that are reserved. */
  readonly reservedSeq: number;
  /** The sequence number up to which removals may have been forgotten together with their clients. */
  readonly forgottenSeq: number;
}

/** The database to move from. No server can open it until this object is disposed; the move does not change it. */
export interface MoveSource extends AsyncDisposable {
  /** The path or the URL of the database, without a password. */
  readonly name: string;
  /** Identifies the content of the database: the text is different each time that a server has used the database. */
  readonly state: string;
  readonly numbers: MovedNumbers;
  /** Names the tasks that are not moved because their records are damaged. */
  readonly damaged: readonly string[];
  /** A sentence for the operator about committed changes that a crash had lost before; `null` if there are none. */
  readonly loss: string | null;
  /** Returns the number of rows to move. */
  count(table: MovedTable): Promise<number>;
  /**
   * Reads rows in order, at most {@linkcode READ_ROWS} at a time.
   *
   * @param skip the number of rows to skip
   */
  rows(table: MovedTable, skip: number): AsyncIterable<readonly SideRow[]>;
}

/** The database to move to, which no server can open until the move is complete. */
export interface MoveTarget extends AsyncDisposable {
  readonly name: string;
  /** Returns the number of rows that were already moved, which are the first rows of the source. */
  count(table: MovedTable): Promise<number>;
  /** Commits rows. */
  write(batch: MovedBatch): Promise<void>;
  /** Completes the move: from now on, a server can open the database. */
  finish(numbers: MovedNumbers): Promise<void>;
}

/** How far a move is. */
export interface MoveProgress {
  readonly table: MovedTable;
  readonly moved: number;
  readonly total: number;
}

/**
 * Moves all rows that the target does not have yet.
 *
 * @param source the database to move from
 * @param target the database to move to, which may contain the rows of an earlier attempt
 * @param onProgress called after each commit
 * @returns the number of rows of each table
 * @throws {StorageError} if a database cannot be read or written; the move can be continued
 */
export async function moveTasks(
  source: MoveSource,
  target: MoveTarget,
  onProgress: (progress: MoveProgress) => void,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const table of MOVED_TABLES) {
    const total = await source.count(table);
    let moved = await target.count(table);
    for await (const rows of packed(source.rows(table, moved))) {
      await target.write(table.batch(rows));
      moved += rows.length;
      onProgress({ table, moved, total });
    }
    counts.set(table.name, total);
  }
  // The rows are counted once more in the target itself.
  for (const table of MOVED_TABLES) {
    const [found, total] = [await target.count(table), counts.get(table.name)];
    if (found === total) continue;
    throw new StorageError(target.name, `it has ${found} instead of ${total} rows of ${table.noun}`);
  }
  await target.finish(source.numbers);
  return counts;
}

/** Regroups rows, so that there are few commits and none of them is large. */
async function* packed(source: AsyncIterable<readonly SideRow[]>): AsyncIterable<readonly SideRow[]> {
  let pack: SideRow[] = [];
  let characters = 0;
  for await (const rows of source) {
    pack.push(...rows);
    for (const row of rows) characters += charactersOf(row);
    if (pack.length < ROWS && characters < CHARACTERS) continue;
    yield pack;
    pack = [];
    characters = 0;
  }
  if (pack.length > 0) yield pack;
}

function charactersOf(row: SideRow): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}
