/**
 * The histories of many tasks, within bounds.
 *
 * @module
 */

import type { HistoryEntry } from "../../task/task.ts";

/** The bounds of a {@linkcode HistoryBook}. */
export interface HistoryLimits {
  /** Entries that are kept of one task, those of its states not counted. */
  readonly historyPerTask: number;
  /** Entries that are kept of all tasks together. */
  readonly historyEntries: number;
}

interface Note {
  readonly entry: HistoryEntry;
  readonly isState: boolean;
}

/**
 * Keeps the history of each task: every change of state, and the newest of the other entries. Where all together are
 * too many, the history that was quiet for longest goes.
 */
export class HistoryBook {
  readonly #limits: HistoryLimits;
  /** In the order of the last write, quietest first. */
  readonly #histories: Map<string, readonly Note[]> = new Map();
  #entries = 0;

  /** @param limits the bounds to keep */
  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** Adds to a task's history. */
  append(client: string, id: string, entry: HistoryEntry, isState: boolean): void {
    const key = `${client}/${id}`;
    const notes = this.#histories.get(key) as Note[] | undefined ?? [];
    this.delete(client, id);
    notes.push({ entry, isState });
    // Cut only past half as many again, so that each entry costs the same on average.
    const kept = notes.length > this.#limits.historyPerTask * 1.5 ? this.#kept(notes) : notes;
    this.#histories.set(key, kept);
    this.#entries += kept.length;
    while (this.#entries > this.#limits.historyEntries && this.#histories.size > 1) this.#forgetQuietest();
  }

  /** A task's history, oldest first. */
  read(client: string, id: string): readonly HistoryEntry[] {
    return this.#kept(this.#histories.get(`${client}/${id}`) ?? []).map(({ entry }) => entry);
  }

  /** Forgets a task's history. */
  delete(client: string, id: string): void {
    const key = `${client}/${id}`;
    this.#entries -= this.#histories.get(key)?.length ?? 0;
    this.#histories.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#histories.clear();
    this.#entries = 0;
  }

  #forgetQuietest(): void {
    const [quietest] = this.#histories;
    if (quietest === undefined) return;
    const [key, notes] = quietest;
    this.#entries -= notes.length;
    this.#histories.delete(key);
  }

  #kept(notes: readonly Note[]): readonly Note[] {
    let over = notes.filter(({ isState }) => !isState).length - this.#limits.historyPerTask;
    return notes.filter(({ isState }) => isState || --over < 0);
  }
}
