/**
 * Reads and writes the side tables of tasks in a database: queues rows for the writer, and reads saved and
 * unsaved rows together.
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
import type { Database } from "./database.ts";
import { storable } from "./storable.ts";
import type { Writer } from "./writer.ts";

/** The limits of {@linkcode SideRows}: how many entries are kept, and how many may wait to be written. */
export interface SideRowsLimits extends SideTableLimits {
  /** The maximum number of characters that may wait to be written; further entries are dropped. */
  readonly unsavedCharacters: number;
}

/**
 * The number of entries by which a task may exceed its limit before its oldest entries are deleted. Deleting many
 * entries at once keeps the cost per entry low.
 */
const CUT_EVERY = 256;

/**
 * The number of characters that is added to the size of every entry, because the number of empty log lines would be
 * unlimited otherwise.
 */
const ROW_CHARACTERS = 100;

/** The side tables in a database. A task is identified by its place in the order of creation. */
export class SideRows {
  readonly #database: Pick<Database, "sideRows">;
  readonly #writer: Writer;
  readonly #limits: SideRowsLimits;
  /**
   * The number of entries that were added since the store was opened, by table and place. The number decides when the
   * oldest entries are deleted.
   */
  readonly #counts: Map<string, Map<number, number>> = new Map();
  #dropped = 0;

  /**
   * @param database the database to read from
   * @param writer the writer of the rows
   * @param limits how many entries to keep
   */
  constructor(database: Pick<Database, "sideRows">, writer: Writer, limits: SideRowsLimits) {
    this.#database = database;
    this.#writer = writer;
    this.#limits = limits;
  }

  /** The number of entries that were dropped because too many characters were waiting to be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Adds entries to a task; in a table with one entry per task, replaces the entry. `seq` is the last
   * sequence number.
   */
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

  /**
   * Reads the entries of a task, oldest first; entries that are not written yet are included as of the time of the
   * call.
   */
  async read<Entry>(table: SideTable<Entry>, place: number, range?: KeyRange): Promise<readonly Entry[]> {
    const { name, keyOf, fromRow } = table;
    const unsaved = this.#writer.unsavedRows(name, place);
    if (keyOf === null) {
      const row = unsaved.at(-1) ?? (await this.#database.sideRows(table, place, undefined))[0];
      return row === undefined ? [] : [fromRow(row)];
    }
    const { from = 0, to = Infinity, most = Infinity } = range ?? {};
    const rows = await this.#database.sideRows(table, place, range);
    // An unsaved row may already be in the database, if the commit that wrote it is not confirmed yet.
    const byKey = new Map(rows.map((row) => [row[0]!, row]));
    for (const row of unsaved) {
      const number = Number(row[0]);
      if (number >= from && number < to) byKey.set(number, row);
    }
    const entries = Array.from(byKey.values(), fromRow);
    if (range !== undefined) return entries.slice(0, most);
    return keepNewest(table, entries, table.perTaskOnDisk(this.#limits));
  }

  /** Returns the entries of a task whose commit is not confirmed yet, oldest first. */
  unsaved<Entry>(table: SideTable<Entry>, place: number): readonly Entry[] {
    return this.#writer.unsavedRows(table.name, place).map(table.fromRow);
  }

  /** Stops counting the entries of a task that has ended. */
  ended(place: number): void {
    for (const counts of this.#counts.values()) counts.delete(place);
  }

  /** Returns the key of the first entry to keep; `null` if no entry needs to be deleted yet. */
  #firstKept<Entry>(table: SideTable<Entry>, first: number, count: number): number | null {
    const next = first + count;
    const cut = next - table.perTaskOnDisk(this.#limits);
    return cut > 0 && Math.floor(next / CUT_EVERY) > Math.floor(first / CUT_EVERY) ? cut : null;
  }

  /** Returns the number of entries to keep; `null` if no entry needs to be deleted yet. */
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
