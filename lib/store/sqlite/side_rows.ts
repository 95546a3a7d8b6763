/**
 * Keeps the side tables of tasks in a database: queues rows for the writer, and reads saved and unsaved rows together.
 *
 * @module
 */

import {
  keepNewest,
  type KeyRange,
  type SideRow,
  type SideTable,
  type SideTableLimits,
  type SideValue,
} from "../side_tables.ts";
import type { DatabaseFile } from "./database_file.ts";
import { storable } from "./storable.ts";
import type { Writer } from "./writer.ts";

/** The bounds of {@linkcode SideRows}. */
export interface SideRowsLimits extends SideTableLimits {
  /** Characters that may wait to be written; entries beyond that are dropped. */
  readonly unsavedCharacters: number;
}

/** How many entries may be over the bound before the oldest are deleted, so that each costs little on average. */
const CUT_EVERY = 256;

/** What an entry costs beside its text, in characters: without it, empty log lines would have no bound. */
const ROW_CHARACTERS = 100;

/** The side tables in a database. A task is named by its place in the order of creation. */
export class SideRows {
  readonly #file: DatabaseFile;
  readonly #writer: Writer;
  readonly #limits: SideRowsLimits;
  /** Entries added since the store was opened, by table and place: tells when to delete the oldest. */
  readonly #counts: Map<string, Map<number, number>> = new Map();
  #dropped = 0;

  /**
   * @param file the database to read from
   * @param writer writes the rows
   * @param limits the bounds to keep
   */
  constructor(file: DatabaseFile, writer: Writer, limits: SideRowsLimits) {
    this.#file = file;
    this.#writer = writer;
    this.#limits = limits;
  }

  /** Entries that were dropped because too much was waiting to be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds entries to those of a task; if a task has one entry, replaces it. `seq` is the last sequence number. */
  put<Entry>(table: SideTable<Entry>, place: number, entries: readonly Entry[], seq: number): void {
    const rows = entries.map((entry) => table.toRow(entry).map(storableValue));
    if (table.keyOf === null) {
      this.#writer.batch(seq).replaceRows(table.name, place, rows);
      return;
    }
    if (entries.length === 0) return;
    const bounded = entries.filter((entry) => table.permanent?.includes(entry) !== true);
    if (bounded.length > 0 && !this.#takeRoom(rows)) return;
    this.#writer.batch(seq).addRows(table.name, place, rows);
    const cut = table.hasConsecutiveKeys
      ? this.#firstKept(table, table.keyOf(entries[0]!), entries.length)
      : this.#mostKept(table, place, bounded.length);
    if (cut !== null) this.#writer.batch(seq).cutRows(table.name, place, cut);
  }

  /** Reads the entries of a task, oldest first. */
  read<Entry>(table: SideTable<Entry>, place: number, range?: KeyRange): readonly Entry[] {
    const { name, columns, keyOf, fromRow } = table;
    const unsaved = this.#writer.unsavedRows(name, place);
    const select = `SELECT ${columns.join(", ")} FROM ${name} WHERE place = ?`;
    if (keyOf === null) {
      const row = unsaved.at(-1) ?? this.#file.rows(select, place)[0];
      return row === undefined ? [] : [fromRow(row as SideRow)];
    }
    const { from = 0, to = Infinity, most = Infinity } = range ?? {};
    const [key] = columns;
    const rows = this.#file.rows(
      `${select} AND ${key} >= ? AND ${key} < ? ORDER BY ${key} LIMIT ?`,
      place,
      from,
      to,
      // To SQLite, a negative limit is none.
      Number.isFinite(most) ? most : -1,
    );
    // An unsaved row may also be on disk, if nothing has been heard yet of the commit that wrote it.
    const byKey = new Map(rows.map((row) => [row[0] as SideValue, row as SideRow]));
    for (const row of unsaved) {
      const number = Number(row[0]);
      if (number >= from && number < to) byKey.set(number, row);
    }
    const entries = Array.from(byKey.values(), fromRow);
    if (range !== undefined) return entries.slice(0, most);
    return keepNewest(table, entries, table.perTaskOnDisk(this.#limits));
  }

  /** Stops counting the entries of a task, because it has ended. */
  ended(place: number): void {
    for (const counts of this.#counts.values()) counts.delete(place);
  }

  /** The key of the first entry to keep; `null` if none is to be deleted yet. */
  #firstKept<Entry>(table: SideTable<Entry>, first: number, count: number): number | null {
    const next = first + count;
    const cut = next - table.perTaskOnDisk(this.#limits);
    return cut > 0 && Math.floor(next / CUT_EVERY) > Math.floor(first / CUT_EVERY) ? cut : null;
  }

  /** The number of entries to keep; `null` if none is to be deleted yet. */
  #mostKept<Entry>(table: SideTable<Entry>, place: number, added: number): number | null {
    if (added === 0) return null;
    let counts = this.#counts.get(table.name);
    if (counts === undefined) this.#counts.set(table.name, counts = new Map());
    const before = counts.get(place) ?? 0;
    counts.set(place, before + added);
    const most = table.perTaskOnDisk(this.#limits);
    const over = before + added - most;
    return over > 0 && Math.floor(over / CUT_EVERY) > Math.floor((before - most) / CUT_EVERY) ? most : null;
  }

  #takeRoom(rows: readonly SideRow[]): boolean {
    const characters = rows.reduce((sum, row) => sum + ROW_CHARACTERS + charactersOf(row), 0);
    if (this.#writer.takeRoom(characters, this.#limits.unsavedCharacters)) return true;
    this.#dropped += rows.length;
    return false;
  }
}

function storableValue(value: SideValue): SideValue {
  return typeof value === "string" ? storable(value) : value;
}

function charactersOf(row: SideRow): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}
