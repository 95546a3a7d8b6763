/**
 * Coalesces the updates of a task until they are reported.
 *
 * @module
 */

import { LIMITS } from "../task/grammar.ts";
import { nestsDeeperThan } from "../task/json_depth.ts";
import { byteLength } from "../task/byte_length.ts";
import type { UpdateChange } from "../task/task.ts";
import { progressAfter, type TaskProgress } from "../task/transition.ts";
import { truncate } from "../task/truncate.ts";
import type { TaskUpdate } from "./task_update.ts";
import { textOf } from "./text_of.ts";

/** A change whose fields are still being set. */
export type UpdateDraft = { -readonly [Key in keyof UpdateChange]: UpdateChange[Key] };

/** The updates of one task that are not reported yet, merged into one: the newest value of each field. */
export class UnsentUpdate {
  readonly #readsOutput: boolean;
  readonly #warn: (reason: string) => void;
  #draft: UpdateDraft | null = null;
  #progress: TaskProgress = { progress: null, current: null, total: null };

  /**
   * @param readsOutput whether the updates are read from the task's output
   * @param warn called with the reason why a field is left out
   */
  constructor(readsOutput: boolean, warn: (reason: string) => void) {
    this.#readsOutput = readsOutput;
    this.#warn = warn;
  }

  /** Whether the task has made progress, reported or not. */
  get hasProgress(): boolean {
    return (this.#progress.progress ?? 0) !== 0;
  }

  /** Whether a sum of the weights of all subtasks waits to be reported. */
  get expectsWeight(): boolean {
    return this.#draft?.expected_weight !== undefined;
  }

  /**
   * Merges an update into the updates that are not reported yet; invalid fields are left out, with a warning.
   *
   * @param update the update from user code, whose getters and conversions may throw
   */
  add(update: TaskUpdate): void {
    const draft = this.#draft ??= this.#emptyDraft();
    const progress = this.#amount(update.progress, "progress");
    const current = this.#amount(update.current, "current");
    const total = this.#amount(update.total, "total");
    if (current !== undefined) draft.current = current;
    if (total !== undefined) draft.total = total;
    if (progress !== undefined || current !== undefined || total !== undefined) {
      // The progress is computed here, so that the coalesced update results in the same record as the
      // separate updates.
      const before = this.#progress.progress;
      this.#progress = progressAfter(this.#progress, { progress, current, total });
      const after = this.#progress.progress;
      // An update with only a total does not report progress, and must not replace the progress that is
      // computed from subtasks.
      if (progress !== undefined || after !== before) draft.progress = after;
    }
    // The fields are written out, because a loop over UPDATE_FIELDS makes every update a fifth slower.
    if (update.status !== undefined) draft.status = truncate(String(update.status), LIMITS.statusLength);
    if (update.unit !== undefined) {
      draft.unit = update.unit === null ? null : truncate(String(update.unit), LIMITS.unitLength);
    }
    if (update.metadata !== undefined) this.#mergeMetadata(draft, update.metadata);
  }

  /** Sets the sum of the weights of all subtasks; `null` if it is unknown. */
  expect(weight: number | null): void {
    (this.#draft ??= this.#emptyDraft()).expected_weight = weight;
  }

  /** Returns the change to report, and begins a new one; `null` if there is nothing to report. */
  take(): UpdateDraft | null {
    const draft = this.#draft;
    this.#draft = null;
    return draft;
  }

  /** Makes all updates so far unreported again, for a receiver that has lost the task. */
  restate(summary: UpdateDraft): void {
    this.#draft = { ...summary };
  }

  #emptyDraft(): UpdateDraft {
    return this.#readsOutput ? { type: "update", from_output: true } : { type: "update" };
  }

  #mergeMetadata(draft: UpdateDraft, metadata: unknown): void {
    try {
      // The metadata is copied, because user code may change the object later.
      const copy = JSON.parse(JSON.stringify(metadata));
      if (typeof copy !== "object" || copy === null || Array.isArray(copy)) {
        throw new TypeError("not an object");
      }
      const merged = { ...draft.metadata, ...copy };
      const text = JSON.stringify(merged);
      if (byteLength(text) > LIMITS.metadataBytes) throw new RangeError("too large");
      if (nestsDeeperThan(text, LIMITS.jsonDepth)) throw new RangeError("too deep");
      draft.metadata = merged;
    } catch {
      this.#warn(`metadata must be a JSON object of at most ${LIMITS.metadataBytes} bytes`);
    }
  }

  /** Returns an amount from user code, such as `total`; `undefined` if the amount is missing or invalid. */
  #amount(value: unknown, field: string): number | null | undefined {
    if (value === undefined || value === null || (typeof value === "number" && Number.isFinite(value))) {
      return value;
    }
    this.#warn(`"${field}" must be a finite number or null, received ${textOf(value)}`);
    return undefined;
  }
}
