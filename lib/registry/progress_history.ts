/**
 * How the progress of one task moved over time, in few points.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import type { ProgressPoint } from "../task/task.ts";

/** How long what is not stored yet may be, in seconds, and as a share of the time that the task has run. */
const UNSAVED_SECONDS = 5;
const UNSAVED_SHARE = 0.05;

/**
 * Keeps the first point and the last one, and between them some that are far enough from each other. Where there are too
 * many, half of them go, and from then on fewer are kept; so a task of a week takes no more room than one of a minute.
 */
export class ProgressHistory {
  /** Times and values in turns. */
  #points: number[] = [];
  /** Seconds between two points at least, but for the last one. */
  #step = 0;
  /** The time of the last point that stays. */
  #keptAt = -Infinity;
  /** When the points were stored last, in epoch seconds. */
  #savedAt: number;
  #isSaved = true;

  /**
   * @param at the time, in epoch seconds
   * @param known points that are stored already
   */
  constructor(at: number, known: readonly ProgressPoint[] = []) {
    this.#savedAt = at;
    for (const [at, progress] of known) this.add(at, progress);
    this.#isSaved = true;
  }

  /** How many points there are. */
  get length(): number {
    return this.#points.length / 2;
  }

  /** The points, oldest first: milliseconds and hundredths of a percent are more than anybody sees. */
  get points(): ProgressPoint[] {
    return Array.from({ length: this.length }, (_, index): ProgressPoint => {
      const [at, progress] = [this.#points[2 * index]!, this.#points[2 * index + 1]!];
      return [Math.round(at * 1_000) / 1_000, Math.round(progress * 100) / 100];
    });
  }

  /**
   * Adds a point.
   *
   * @param at when, in epoch seconds; not before the last point
   * @param progress how far the task was
   */
  add(at: number, progress: number): void {
    const points = this.#points;
    const last = points.length - 2;
    this.#isSaved = false;
    const lastAt = points[last] ?? -Infinity;
    // The last point stays where it is far enough from the one before, or was the last one for long.
    const isPassing = lastAt !== this.#keptAt && at - lastAt < this.#step;
    if (isPassing || at <= lastAt) points.length = last;
    points.push(at, progress);
    if (at - this.#keptAt >= this.#step) this.#keptAt = at;
    if (this.length > LIMITS.progressPoints) this.#thinOut();
  }

  /** Whether there is something that is not stored yet. */
  get isUnsaved(): boolean {
    return !this.#isSaved;
  }

  /**
   * Whether what is not stored yet is long enough that it should be.
   *
   * @param at the time, in epoch seconds
   * @param leastSeconds since it was stored last
   */
  isDue(at: number, leastSeconds = 0): boolean {
    const elapsed = at - (this.#points[0] ?? at);
    return this.isUnsaved &&
      at - this.#savedAt >= Math.max(UNSAVED_SECONDS, elapsed * UNSAVED_SHARE, leastSeconds);
  }

  /** The points are stored now. */
  saved(at: number): void {
    this.#savedAt = at;
    this.#isSaved = true;
  }

  #thinOut(): void {
    const points = this.#points;
    const last = points.length - 2;
    this.#step = (points[last]! - points[0]!) / (LIMITS.progressPoints / 2);
    const kept: number[] = [];
    this.#keptAt = -Infinity;
    for (let index = 0; index < points.length; index += 2) {
      const at = points[index]!;
      if (index < last && at - this.#keptAt < this.#step) continue;
      kept.push(at, points[index + 1]!);
      this.#keptAt = at;
    }
    this.#points = kept;
  }
}
