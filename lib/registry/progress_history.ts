/**
 * Records the progress of one task over time, in a bounded number of points.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import type { ProgressPoint } from "../task/task.ts";
import { SaveClock } from "./save_clock.ts";

/**
 * The progress of one task over time. The first and the last point are kept, and between them points at a
 * minimum distance. When there are too many points, every other one is dropped and the distance grows, so
 * that a task of a week needs no more memory than one of a minute.
 */
export class ProgressHistory {
  /** The points as a flat list, in which times and values alternate. */
  #points: number[] = [];
  /** The minimum distance between two points, except for the last one, in seconds. */
  #step = 0;
  /** The time of the last point that is kept for good, so that later points do not replace it. */
  #keptAt = -Infinity;
  /** When the points are stored; `null` while there are none. */
  #saves: SaveClock | null = null;

  /**
   * @param at the current time, in epoch seconds
   * @param known points that are already stored
   */
  constructor(at: number, known: readonly ProgressPoint[] = []) {
    for (const [at, progress] of known) this.#push(at, progress);
    const startedAt = known[0]?.[0];
    if (startedAt !== undefined) this.#saves = new SaveClock(at - startedAt);
  }

  /** The number of points. */
  get length(): number {
    return this.#points.length / 2;
  }

  /** The points, oldest first, rounded to milliseconds and hundredths of a percent. */
  get points(): ProgressPoint[] {
    return Array.from({ length: this.length }, (_, index): ProgressPoint => {
      const [at, progress] = [this.#points[2 * index]!, this.#points[2 * index + 1]!];
      return [Math.round(at * 1_000) / 1_000, Math.round(progress * 100) / 100];
    });
  }

  /**
   * Adds a point.
   *
   * @param at the time of the point, in epoch seconds; not before that of the last point
   * @param progress the progress, in percent
   */
  add(at: number, progress: number): void {
    (this.#saves ??= new SaveClock(0)).changed();
    this.#push(at, progress);
  }

  /** Whether there are points that are not stored yet. */
  get isUnsaved(): boolean {
    return this.#saves?.isUnsaved ?? false;
  }

  /**
   * Returns whether so much of the history is unsaved that it should be stored.
   *
   * @param leastSeconds the minimum time since the history was last stored, in seconds
   */
  isDue(leastSeconds = 0): boolean {
    return this.#saves?.isDue(leastSeconds) ?? false;
  }

  /** Records that the points have been stored. */
  saved(): void {
    this.#saves?.saved();
  }

  #push(at: number, progress: number): void {
    const points = this.#points;
    const last = points.length - 2;
    const lastAt = points[last] ?? -Infinity;
    // The last point is kept if the minimum distance lies between it and the point before it, or between it and the new
    // point. If the last point is not kept, the new point replaces it.
    const isPassing = lastAt !== this.#keptAt && at - lastAt < this.#step;
    const index = isPassing || at <= lastAt ? last : last + 2;
    points[index] = at;
    points[index + 1] = progress;
    if (at - this.#keptAt >= this.#step) this.#keptAt = at;
    if (this.length > LIMITS.progressPoints) this.#thinOut();
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
