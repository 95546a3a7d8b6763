/**
 * Keeps the entries of one side table for many tasks in memory, within limits.
 *
 * @module
 */

import { keepNewest, type KeyRange, type SideTable, type SideTableBounds } from "../side_tables.ts";

/** The entries of one task. */
interface Page<Entry> {
  entries: Entry[];
  /** The sum of the sizes of the task's entries. */
  size: number;
}

/**
 * Keeps the newest entries of each task. Beyond the total limit, the task that was written to least recently
 * loses all its entries.
 */
export class SideBook<Entry> {
  readonly #table: SideTable<Entry>;
  readonly #bounds: SideTableBounds;
  /** The entries of each task by its place, in the order of the tasks' last writes, least recent first. */
  readonly #pages: Map<number, Page<Entry>> = new Map();
  #size = 0;

  /**
   * @param table the side table
   * @param bounds how many entries to keep
   */
  constructor(table: SideTable<Entry>, bounds: SideTableBounds) {
    this.#table = table;
    this.#bounds = bounds;
  }

  /**
   * Adds entries to a task; in a table with one entry per task, replaces the entry.
   *
   * @param place the task's place in the order of creation, which identifies the task
   * @param entries the entries
   */
  put(place: number, entries: readonly Entry[]): void {
    const { keyOf, sizeOf } = this.#table;
    const known = this.#take(place);
    const page = known === undefined || keyOf === null ? { entries: [], size: 0 } : known;
    for (const entry of entries) {
      page.entries.push(entry);
      page.size += sizeOf(entry);
    }
    // The entries are trimmed only when they exceed the limit by half, so that the amortised cost per entry
    // is constant.
    if (page.entries.length > this.#bounds.perTask * 1.5) this.#trim(page);
    this.#pages.set(place, page);
    this.#size += page.size;
    while (this.#size > this.#bounds.total && this.#pages.size > 1) {
      const [oldest] = this.#pages.keys();
      this.delete(oldest!);
    }
  }

  /** Returns the kept entries of a task, oldest first. */
  read(place: number, range?: KeyRange): readonly Entry[] {
    const entries = keepNewest(this.#table, this.#pages.get(place)?.entries ?? [], this.#bounds.perTask);
    const { keyOf } = this.#table;
    if (range === undefined || keyOf === null) return entries;
    const start = firstFrom(entries, keyOf, range.from);
    const end = firstFrom(entries, keyOf, range.to);
    return entries.slice(start, Math.min(end, start + (range.most ?? Infinity)));
  }

  /** Drops the entries of a task. */
  delete(place: number): void {
    this.#take(place);
  }

  /** Drops all entries. */
  clear(): void {
    this.#pages.clear();
    this.#size = 0;
  }

  /** Removes and returns the entries of a task; `undefined` if it has none. */
  #take(place: number): Page<Entry> | undefined {
    const page = this.#pages.get(place);
    if (page === undefined) return undefined;
    this.#pages.delete(place);
    this.#size -= page.size;
    return page;
  }

  #trim(page: Page<Entry>): void {
    page.entries = [...keepNewest(this.#table, page.entries, this.#bounds.perTask)];
    page.size = page.entries.reduce((sum, entry) => sum + this.#table.sizeOf(entry), 0);
  }
}

/**
 * Returns the index of the first entry whose key is at least `from`; the number of entries if there is none.
 */
function firstFrom<Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => number, from: number): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(entries[middle]!) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
