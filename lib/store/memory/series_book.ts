/**
 * How the progress of many tasks moved, within bounds.
 *
 * @module
 */

import type { ProgressPoint } from "../../task/task.ts";

/** The bounds of a {@linkcode SeriesBook}. */
export interface SeriesLimits {
  /** Points that are kept of all tasks together. */
  readonly progressPoints: number;
}

/** Keeps the points of each task; where all together are too many, those go that were not written for longest. */
export class SeriesBook {
  readonly #limits: SeriesLimits;
  /** In the order of the last write, quietest first. */
  readonly #series: Map<string, readonly ProgressPoint[]> = new Map();
  #points = 0;

  /** @param limits the bounds to keep */
  constructor(limits: SeriesLimits) {
    this.#limits = limits;
  }

  /** Keeps the points of a task in place of those that it had. */
  put(client: string, id: string, points: readonly ProgressPoint[]): void {
    this.delete(client, id);
    this.#series.set(`${client}/${id}`, points);
    this.#points += points.length;
    while (this.#points > this.#limits.progressPoints && this.#series.size > 1) this.#forgetQuietest();
  }

  /** The points of a task, oldest first. */
  read(client: string, id: string): readonly ProgressPoint[] {
    return this.#series.get(`${client}/${id}`) ?? [];
  }

  /** Forgets the points of a task. */
  delete(client: string, id: string): void {
    const key = `${client}/${id}`;
    this.#points -= this.#series.get(key)?.length ?? 0;
    this.#series.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#series.clear();
    this.#points = 0;
  }

  #forgetQuietest(): void {
    const [quietest] = this.#series;
    if (quietest === undefined) return;
    this.#points -= quietest[1].length;
    this.#series.delete(quietest[0]);
  }
}
