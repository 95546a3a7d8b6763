/**
 * The state machine of a task: applies changes to immutable records.
 *
 * @module
 */

import { byteLength } from "./byte_length.ts";
import { LIMITS } from "./grammar.ts";
import { isFinal } from "./task.ts";
import { stateWords } from "./state_words.ts";
import { UPDATE_FIELD_NAMES } from "./update_fields.ts";
import { countValues } from "./values.ts";
import type {
  CreateChange,
  HistoryEntry,
  JsonObject,
  JsonValue,
  LogChange,
  LogLine,
  Task,
  TaskChange,
  TaskError,
  TaskState,
  TaskSummary,
  UpdateChange,
} from "./task.ts";

/** The reason why a change was rejected. */
export type RefusalCode = "task_exists" | "task_not_found" | "task_ended" | "late_report";

/** Thrown if the task's state does not allow a change. The task stays unchanged. */
export class TransitionError extends Error {
  /** The name of the class. */
  override readonly name = "TransitionError";
  /** The reason, for programs. */
  readonly code: RefusalCode;

  /**
   * @param code the reason, for programs
   * @param message the reason, for people
   */
  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The progress fields of a record. */
export interface TaskProgress {
  readonly progress: number | null;
  readonly current: number | null;
  readonly total: number | null;
}

/** The progress fields of an update; absent fields keep their values. */
export type ProgressUpdate = { readonly [Field in keyof TaskProgress]?: TaskProgress[Field] | undefined };

/**
 * Applies an update to the progress fields. A given progress is clamped to 0..100; otherwise the progress is derived
 * from the counts, if the update has any. Reporters also use this function to coalesce updates, so that a coalesced
 * update leads to the same record as the individual updates.
 */
export function progressAfter(task: TaskProgress, update: ProgressUpdate): TaskProgress {
  const current = update.current === undefined ? task.current : update.current;
  const total = update.total === undefined ? task.total : update.total;
  if (update.progress !== undefined) {
    const progress = update.progress === null ? null : clampProgress(update.progress);
    return { progress, current, total };
  }
  const counted = update.current !== undefined || update.total !== undefined;
  if (!counted || current === null) return { progress: task.progress, current, total };
  // If `current` exceeds `total`, the total was wrong, so the progress is indeterminate.
  const known = total !== null && total > 0 && current <= total;
  return { progress: known ? clampProgress((current / total) * 100) : null, current, total };
}

function clampProgress(progress: number): number {
  return Math.min(100, Math.max(0, progress));
}

/** The source of a change. */
export interface ChangeOrigin {
  /** The id of a reporter in another process; `null` if the change comes from this process. */
  readonly reporter: string | null;
  /**
   * The sequence number that the reporter gave the report, increasing per task; `null` if its reports have
   * none.
   */
  readonly seq: number | null;
  /**
   * The current time, in epoch seconds. With it, a task ends at the right time even if an earlier change was made while
   * the clock was ahead.
   *
   * @default {Infinity}
   */
  readonly now?: number;
}

const HERE: ChangeOrigin = { reporter: null, seq: null };

/**
 * Applies one change to one task.
 *
 * `NOT_STARTED → STARTING → PROCESSING → FINISHED | ERROR | CANCELLED`; the first update moves a task to `PROCESSING`.
 * The last three states are final. A change without effect (the same end twice, a second request to cancel) returns the
 * same object. A report whose sequence number is not above that of the newest applied report is rejected as late.
 *
 * @param task the current record; `undefined` if the task does not exist yet
 * @param id the task's id
 * @param change the change to apply
 * @param at the time of the change, in epoch seconds; if it is before the last change, the time of the last change is
 * used, unless the last change is in the future and this one ends the task
 * @param origin the source of the change
 * @returns the new record
 * @throws {TransitionError} if the task's state does not allow the change, or the report is late
 */
export function transition(
  task: Task | undefined,
  id: string,
  change: TaskChange,
  at: number,
  origin: ChangeOrigin = HERE,
): Task {
  if (task !== undefined && isLate(task, change, origin)) {
    const detail = `report ${origin.seq} came after report ${task.report_seq}`;
    throw new TransitionError("late_report", `Cannot change task "${id}": ${detail}`);
  }
  const after = changed(task, id, change, at, origin);
  if (origin.seq === null || after.report_seq === origin.seq || isFinal(task?.state ?? "NOT_STARTED")) {
    return after;
  }
  // The number is stored even if nothing else changes, because a report with a lower number that arrives
  // afterwards is late.
  return { ...after, report_seq: origin.seq, version: after === task ? after.version + 1 : after.version };
}

/**
 * Returns whether a report is a duplicate or arrives after a later one. A repeated final state is not late,
 * because it has no effect.
 */
export function isLate(task: Task, change: TaskChange, { reporter, seq }: ChangeOrigin): boolean {
  if (seq === null || task.report_seq === null || task.reporter !== reporter) return false;
  return seq <= task.report_seq && !repeatsEnd(task.state, change.type);
}

function changed(
  task: Task | undefined,
  id: string,
  change: TaskChange,
  at: number,
  origin: ChangeOrigin,
): Task {
  if (task === undefined) {
    if (change.type !== "create") {
      throw new TransitionError("task_not_found", `Cannot change task "${id}": there is no such task`);
    }
    return created(id, change, at, origin.reporter);
  }
  if (change.type === "create") {
    throw new TransitionError("task_exists", `Cannot create task "${id}": the id is already taken`);
  }
  if (isFinal(task.state)) {
    if (change.type === "restore") return { ...task, version: task.version + 1 };
    if (repeatsEnd(task.state, change.type)) return task;
    throw new TransitionError("task_ended", `Cannot change task "${id}": it has ended as ${task.state}`);
  }
  const time = Math.max(at, task.updated_at);
  const endTime = Math.max(at, Math.min(task.updated_at, origin.now ?? Infinity));
  switch (change.type) {
    case "start":
      return task.state === "NOT_STARTED" ? entered(task, "STARTING", time) : task;
    case "update":
      return updated(task, change, time);
    case "log": {
      const count = newLines(task, change).length;
      return count === 0 ? task : {
        ...task,
        log_count: task.log_count + count,
        stale: false,
        updated_at: time,
        version: task.version + 1,
      };
    }
    case "finish":
      return { ...entered(task, "FINISHED", endTime), progress: 100, result: change.result };
    case "fail":
      return entered(task, "ERROR", endTime, change.error);
    case "cancelled":
      return { ...entered(task, "CANCELLED", endTime), cancel_requested: true };
    case "interrupt": {
      const error = { type: "interrupted", message: change.message };
      const ended = entered(task, "ERROR", endTime, error);
      return { ...ended, version: ended.version + change.lostVersions };
    }
    case "restore":
      throw new TransitionError("task_exists", `Cannot restore task "${id}": it was not removed`);
    case "request_cancel":
      return task.cancel_requested ? task : { ...task, cancel_requested: true, version: task.version + 1 };
    case "adopt":
      return { ...task, version: task.version + 1 + change.lostVersions };
    case "reconnected":
      return task.stale ? { ...task, stale: false, version: task.version + 1 } : task;
    case "stale":
      return task.stale || !task.active ? task : { ...task, stale: true, version: task.version + 1 };
    case "estimate":
      return {
        ...task,
        eta: change.eta,
        eta_low: change.eta_low,
        eta_high: change.eta_high,
        rate: change.rate,
        eta_reason: change.eta_reason,
        version: task.version + 1,
      };
    case "roll_up":
      return {
        ...(task.state === "PROCESSING" ? task : entered(task, "PROCESSING", time)),
        ...(change.replacesRead &&
          { status: stateWords("PROCESSING", null), current: null, total: null, unit: null }),
        progress: change.progress === null ? null : clampProgress(change.progress),
        updated_at: time,
        version: task.version + 1,
      };
  }
}

function created(id: string, change: CreateChange, at: number, reporter: string | null): Task {
  return {
    id,
    name: change.name,
    state: "NOT_STARTED",
    status: stateWords("NOT_STARTED", null),
    progress: null,
    current: null,
    total: null,
    unit: null,
    active: false,
    created_at: at,
    started_at: null,
    updated_at: at,
    finished_at: null,
    eta: null,
    eta_low: null,
    eta_high: null,
    rate: null,
    eta_reason: null,
    expected_duration: null,
    stale: false,
    stale_after: change.stale_after,
    result: null,
    error: null,
    metadata: change.metadata,
    tags: change.tags,
    parent_id: change.parent_id,
    weight: change.weight,
    share: change.share,
    expected_weight: null,
    own_progress: false,
    attempt: change.attempt,
    retry_of: change.retry_of,
    retryable: change.retryable,
    cancel_requested: false,
    log_count: 0,
    value_count: 0,
    reporter,
    report_seq: null,
    version: 1,
  };
}

/** Returns the error for a change of an ended task, given only the task's summary. */
export function endedError({ id, state }: TaskSummary, { type }: TaskChange): TransitionError {
  if (type === "create") {
    return new TransitionError("task_exists", `Cannot create task "${id}": the id is already taken`);
  }
  return new TransitionError("task_ended", `Cannot change task "${id}": it has ended as ${state}`);
}

function repeatsEnd(state: TaskState, change: TaskChange["type"]): boolean {
  return (state === "FINISHED" && change === "finish") ||
    (state === "ERROR" && change === "fail") ||
    (state === "CANCELLED" && (change === "cancelled" || change === "request_cancel"));
}

function entered(task: Task, state: TaskState, time: number, error: TaskError | null = null): Task {
  const ended = isFinal(state);
  // A status that the reporter has set is kept, even after the end; otherwise, the status describes the new
  // state.
  const gaveStatus = task.status !== stateWords(task.state, task.error);
  return {
    ...task,
    state,
    status: gaveStatus ? task.status : stateWords(state, error),
    active: !ended,
    started_at: Math.min(task.started_at ?? time, time),
    updated_at: time,
    finished_at: ended ? time : null,
    eta: null,
    eta_low: null,
    eta_high: null,
    eta_reason: ended ? null : "unknown_progress",
    stale: false,
    error,
    version: task.version + 1,
  };
}

function updated(task: Task, change: UpdateChange, time: number): Task {
  const base = task.state === "PROCESSING" ? task : entered(task, "PROCESSING", time);
  const isMeasured = isMeasurement(change);
  return {
    ...base,
    ...progressAfter(base, change),
    status: change.status ?? base.status,
    unit: change.unit === undefined ? base.unit : change.unit,
    expected_weight: change.expected_weight === undefined ? base.expected_weight : change.expected_weight,
    own_progress: base.own_progress ||
      (change.from_output !== true && (change.progress !== undefined || change.current !== undefined)),
    metadata: change.metadata === undefined ? base.metadata : mergeMetadata(base.metadata, change.metadata),
    value_count: base.value_count + (change.values === undefined ? 0 : countValues(change.values)),
    stale: isMeasured && task.stale,
    updated_at: isMeasured ? base.updated_at : time,
    version: task.version + 1,
  };
}

/** The changes that record what the server itself found out, and the requests of watchers. */
const NO_SIGNS: ReadonlySet<TaskChange["type"]> = new Set([
  "adopt",
  "stale",
  "estimate",
  "reconnected",
  "request_cancel",
]);

/**
 * Returns whether a change of a task shows that the task is alive. Any other change leaves `updated_at` as it is,
 * unless it changes the state, because the time without a sign of life is computed from `updated_at`.
 */
export function isSignOfLife(change: TaskChange): boolean {
  return !NO_SIGNS.has(change.type) && !isMeasurement(change);
}

/**
 * Returns whether a change consists only of values that `taskscope run` measured from outside. Such a change is no sign
 * that the task is alive; if a program writes values itself, a log line shows that it is alive.
 */
export function isMeasurement(change: TaskChange): boolean {
  if (change.type !== "update" || change.from_output !== true || change.values === undefined) return false;
  return UPDATE_FIELD_NAMES.every((name) => name === "values" || change[name] === undefined);
}

/**
 * Merges a patch into metadata; a key that is `null` in the patch is removed (RFC 7396, top level only). A patch that
 * would exceed the size limit is ignored.
 */
export function mergeMetadata(metadata: JsonObject, patch: JsonObject): JsonObject {
  const merged: { [key: string]: JsonValue } = { ...metadata, ...patch };
  for (const key of Object.keys(patch)) if (patch[key] === null) delete merged[key];
  return byteLength(JSON.stringify(merged)) <= LIMITS.metadataBytes ? merged : metadata;
}

/** Returns the lines of a change that the task does not have yet. */
export function newLines(task: Task, change: LogChange): readonly LogLine[] {
  const known = task.log_count - (change.first ?? task.log_count);
  return known <= 0 ? change.lines : change.lines.slice(known);
}

/**
 * Creates the history entry for a change of state or status.
 *
 * @param before the record before the change; `undefined` if the change created the task
 * @param after the record after the change
 * @returns the entry; `null` if neither the state nor the status changed
 */
export function historyEntryOf(before: Task | undefined, after: Task): HistoryEntry | null {
  if (before !== undefined && before.state === after.state && before.status === after.status) return null;
  const { updated_at: at, state, status, progress, version } = after;
  return { at, state, status, progress, version };
}
