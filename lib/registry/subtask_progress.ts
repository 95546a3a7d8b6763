/**
 * Computes the progress of a task from the progress of its subtasks.
 *
 * @module
 */

import type { SubtaskSums } from "../store/side_tables.ts";
import { isFinal, type Task } from "../task/task.ts";

/** What a subtask contributes to the progress of its parent. */
export interface Contribution {
  /** The sums that include the subtask; `null` if no sums do yet. */
  parent: SubtaskProgress | null;
  /** The progress of the subtask as the sums include it, 0 to 100. */
  progress: number;
}

/** Creates the contribution of a subtask that no sums include yet. */
export function newContribution(): Contribution {
  return { parent: null, progress: 0 };
}

/** The effect of a subtask's change on the sums. */
export type SumsChange =
  | "none"
  /** The subtask was added, or made progress. */
  | "progress"
  /** The change also affects {@linkcode SubtaskProgress.sums}, which must be stored. */
  | "stored";

/** The fields of a subtask that determine its contribution. */
type Subtask = Pick<Task, "id" | "state" | "progress" | "share" | "weight">;

/**
 * The maximum progress of a running task, in percent, even if all of its known subtasks have ended, because it may
 * still add subtasks.
 */
const MOST_WHILE_RUNNING = 99;

/** The difference from 1 at which a sum of shares still counts as 1, because decimal fractions are rounded. */
const ROUNDING = 1e-9;
/** The number of decimals of the progress, which hide the rounding errors of the sums. */
const DECIMALS = 1e9;

/** Sums over subtasks: their number, their weights and shares, and how much of these is done. */
class Sums {
  count = 0;
  share = 0;
  weight = 0;
  /** The sum of the shares times the progress. */
  shareDone = 0;
  /** The sum of the weights times the progress. */
  weightDone = 0;

  /** Adds a subtask, or subtracts it if `sign` is -1. */
  add({ share, weight }: Subtask, progress: number, sign: 1 | -1 = 1): void {
    this.count += sign;
    if (share === null) this.weight += sign * weight;
    else this.share += sign * share;
    this.move({ share, weight }, sign * progress);
    // Without subtasks, the sums are set to exactly 0, which removes rounding errors.
    if (this.count === 0) {
      this.share =
        this.weight =
        this.shareDone =
        this.weightDone =
          0;
    }
  }

  /** Adds a difference in the progress of a subtask. */
  move({ share, weight }: Pick<Subtask, "share" | "weight">, progress: number): void {
    if (share === null) this.weightDone += weight * progress;
    else this.shareDone += share * progress;
  }
}

/**
 * Incremental sums over the subtasks of one task. Subtasks that have ended count in full, and their sums are
 * stored, because their records may be removed before the task ends.
 */
export class SubtaskProgress {
  readonly #unfinished = new Sums();
  readonly #ended = new Sums();
  readonly #replaced: Set<string>;
  #upFront: boolean | null;

  /** @param stored the stored sums; `null` if no subtask has ended or made progress yet */
  constructor(stored: SubtaskSums | null = null) {
    this.#upFront = stored?.upFront ?? null;
    this.#replaced = new Set(stored?.replaced);
    if (stored === null) return;
    this.#ended.count = stored.ended;
    this.#ended.share = stored.share;
    this.#ended.weight = stored.weight;
    this.#ended.shareDone = stored.share * 100;
    this.#ended.weightDone = stored.weight * 100;
  }

  /** The part of the sums that cannot be computed from the records of unfinished subtasks. */
  get sums(): SubtaskSums {
    const { count, share, weight } = this.#ended;
    const replaced = this.#replaced.size > 0 && { replaced: [...this.#replaced] };
    return { ended: count, share, weight, upFront: this.#upFront, ...replaced };
  }

  /** Whether any subtask has ever made progress or ended. */
  get hasMoved(): boolean {
    return this.#upFront !== null;
  }

  /**
   * Adds a subtask, or updates its progress.
   *
   * @param subtask the subtask's record
   * @param contribution the previous contribution of the subtask, which is updated
   */
  update(subtask: Subtask, contribution: Contribution): SumsChange {
    const isEnd = isFinal(subtask.state);
    if (this.#replaced.has(subtask.id)) {
      if (!isEnd) return "none";
      this.#replaced.delete(subtask.id);
      return "stored";
    }
    const isNew = contribution.parent !== this;
    const progress = isEnd ? 100 : subtask.progress ?? 0;
    if (!isNew && !isEnd && progress === contribution.progress) return "none";
    if (isNew) this.#unfinished.add(subtask, progress);
    else this.#unfinished.move(subtask, progress - contribution.progress);
    contribution.parent = this;
    contribution.progress = progress;
    const isFirstMove = this.#upFront === null && progress > 0;
    if (isFirstMove) this.#upFront = this.#unfinished.count + this.#ended.count >= 2;
    if (isEnd) {
      this.#unfinished.add(subtask, progress, -1);
      this.#ended.add(subtask, progress);
    }
    return isEnd || isFirstMove ? "stored" : "progress";
  }

  /**
   * Adds an unfinished subtask that was reported before its parent. The progress that such a subtask has made already
   * does not show whether all subtasks existed before the first one made progress.
   */
  addEarlier(subtask: Subtask, contribution: Contribution): void {
    const progress = subtask.progress ?? 0;
    this.#unfinished.add(subtask, progress);
    contribution.parent = this;
    contribution.progress = progress;
  }

  /** Subtracts an unfinished subtask, because a retry replaces it. The sums must then be stored. */
  replace(subtask: Subtask, contribution: Contribution): void {
    if (this.#replaced.has(subtask.id)) return;
    if (contribution.parent === this) this.#unfinished.add(subtask, contribution.progress, -1);
    this.#replaced.add(subtask.id);
  }

  /** Subtracts a subtask that has ended, because a retry replaces it. The sums must then be stored. */
  replaceEnded(subtask: Subtask): void {
    if (this.#ended.count > 0) this.#ended.add(subtask, 100, -1);
  }

  /**
   * Returns the progress of the task. If the shares add up to more than 1, they are scaled down to 1.
   *
   * @param expected the sum of the weights that the subtasks will have in all; `null` if it is unknown
   * @returns the progress in percent; `null` if it is indeterminate
   */
  progress(expected: number | null): number | null {
    const [unfinished, ended] = [this.#unfinished, this.#ended];
    const share = unfinished.share + ended.share;
    const isWhole = share >= 1 - ROUNDING;
    const isDeclared = isWhole || expected !== null;
    if (!isDeclared && this.#upFront !== true) return null;
    const ofShares = (unfinished.shareDone + ended.shareDone) / (isWhole ? share : 1);
    const weight = unfinished.weight + ended.weight;
    const whole = Math.max(weight, expected ?? 0);
    const isWeighed = whole > 0;
    if (!isDeclared && !isWeighed && share === 0) return null;
    const ofWeights = isWhole || !isWeighed
      ? 0
      : (1 - share) * (unfinished.weightDone + ended.weightDone) / whole;
    const progress = ofShares + ofWeights;
    // Sums of huge weights may overflow.
    if (!Number.isFinite(progress)) return null;
    const hasOnlyEnded = unfinished.count === 0 && ended.count > 0;
    if (hasOnlyEnded && !isDeclared) return null;
    const rounded = Math.round(progress * DECIMALS) / DECIMALS;
    return Math.min(hasOnlyEnded ? MOST_WHILE_RUNNING : 100, Math.max(0, rounded));
  }
}
