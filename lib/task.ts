/**
 * The task record, its states, and the one function that makes every transition. Pure; imports nothing, so that every
 * other file, the browser's included, may build on it.
 *
 * Times are seconds since the epoch as floating point numbers; durations are seconds.
 *
 * @module
 */

/** Every state a task can be in, in the order of its life. The set is closed: states are never parsed from text. */
export const TASK_STATES = [
  "NOT_STARTED",
  "STARTING",
  "PROCESSING",
  "FINISHED",
  "ERROR",
  "CANCELLED",
] as const;

/** One of {@linkcode TASK_STATES}. */
export type TaskState = (typeof TASK_STATES)[number];

/** Any value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A plain JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** Why a task ended in `ERROR`. */
export interface TaskError {
  /** What went wrong, for people. */
  readonly message: string;
  /** The error's class or kind: `"TypeError"`, `"interrupted"`, `"lost"`. */
  readonly type: string;
  /** The stack trace, where there is one. */
  readonly stack?: string;
}

/** Why there is no ETA. */
export type EtaReason = "unknown_progress" | "too_early" | "stalled";

/** One run of a monitored function or command. Records are immutable: a change makes a new one. */
export interface Task {
  /** ULID, or given by the creator. */
  readonly id: string;
  /** At most 200 characters; defaults to the function's name. */
  readonly name: string;
  /** Where the task is in its life. */
  readonly state: TaskState;
  /** Free text for people, at most 1,000 characters; the state's words where nobody gave one. */
  readonly status: string;
  /** 0 to 100; `null` where it is unknown. */
  readonly progress: number | null;
  /** How many of `total` are done. */
  readonly current: number | null;
  /** How many there are. */
  readonly total: number | null;
  /** What `current` and `total` count: `"files"`, `"B"`. */
  readonly unit: string | null;
  /** Whether the state is `STARTING` or `PROCESSING`. */
  readonly active: boolean;
  /** When the task was created, in epoch seconds. */
  readonly created_at: number;
  /** When it left `NOT_STARTED`, in epoch seconds. */
  readonly started_at: number | null;
  /** When it last changed, in epoch seconds. */
  readonly updated_at: number;
  /** When it ended, in epoch seconds. */
  readonly finished_at: number | null;
  /** Seconds left, as of `updated_at`. */
  readonly eta: number | null;
  /** Units (where `current` is known, else percent) per second, smoothed over recent progress. */
  readonly rate: number | null;
  /** Why `eta` is `null`; `null` too where the task is not active. */
  readonly eta_reason: EtaReason | null;
  /** No sign of life for longer than `stale_after`. Recoverable: it says nothing about the state. */
  readonly stale: boolean;
  /** Seconds within which the task promised a sign of life; `null` where it promised none. */
  readonly stale_after: number | null;
  /** What the function returned, at most 64 KiB as JSON. */
  readonly result: JsonValue;
  /** Why the task ended in `ERROR`. */
  readonly error: TaskError | null;
  /** Whatever the reporter wants to be seen beside the task, at most 16 KiB as JSON. */
  readonly metadata: JsonObject;
  /** Words to filter by. */
  readonly tags: readonly string[];
  /** The task that this one is a part of. */
  readonly parent_id: string | null;
  /** The size of this task's slice of its parent's bar, relative to its siblings'. */
  readonly weight: number;
  /** 1 for the first run, one more with every retry. */
  readonly attempt: number;
  /** Somebody asked for the task to stop. */
  readonly cancel_requested: boolean;
  /** How many log lines the task has written. */
  readonly log_count: number;
  /** One more with every change of this task; never goes back. */
  readonly version: number;
}

/** What a task is created with. */
export interface CreateChange {
  readonly type: "create";
  readonly name: string;
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly parent_id: string | null;
  readonly weight: number;
  readonly attempt: number;
  readonly stale_after: number | null;
}

/** The first sign of the task's own code. */
export interface StartChange {
  readonly type: "start";
}

/** What a reporter says on the way. A key that is absent stays as it is; `null` makes it unknown. */
export interface UpdateChange {
  /** Tells changes apart. */
  readonly type: "update";
  /** How far, from 0 to 100. */
  readonly progress?: number | null;
  /** What is going on, for people. */
  readonly status?: string;
  /** How many of `total` are done; `progress` follows where it is not given. */
  readonly current?: number | null;
  /** How many there are. */
  readonly total?: number | null;
  /** What is counted: `"files"`, `"B"`. */
  readonly unit?: string | null;
  /** Merged into the task's metadata key by key; a key that is `null` is removed. */
  readonly metadata?: JsonObject;
}

/** Lines that the task wrote, oldest first. */
export interface LogChange {
  readonly type: "log";
  readonly lines: readonly LogLine[];
}

/** One line of a task's log. */
export interface LogLine {
  /** When it was written, in epoch seconds. */
  readonly at: number;
  readonly text: string;
}

/** The task's function returned. */
export interface FinishChange {
  readonly type: "finish";
  readonly result: JsonValue;
}

/** The task's function threw. */
export interface FailChange {
  readonly type: "fail";
  readonly error: TaskError;
}

/** The task stopped because it was asked to. */
export interface CancelledChange {
  readonly type: "cancelled";
}

/** Somebody asks the task to stop. */
export interface RequestCancelChange {
  readonly type: "request_cancel";
}

/** The sign of life that was promised is overdue. Any later report takes it back. */
export interface StaleChange {
  readonly type: "stale";
}

/** A new estimate without news from the task: what was a rate has become a standstill. */
export interface EstimateChange {
  readonly type: "estimate";
  readonly eta: number | null;
  readonly rate: number | null;
  readonly eta_reason: EtaReason | null;
}

/** The progress of a task's children, rolled up. */
export interface RollUpChange {
  readonly type: "roll_up";
  readonly progress: number;
}

/** What the side that runs a task can say of it. */
export type ReportedChange =
  | CreateChange
  | StartChange
  | UpdateChange
  | LogChange
  | FinishChange
  | FailChange
  | CancelledChange
  | RequestCancelChange;

/** Everything that can happen to a task. */
export type TaskChange =
  | ReportedChange
  | StaleChange
  | EstimateChange
  | RollUpChange;

/** Why a change was refused. */
export type RefusalCode = "task_exists" | "task_not_found" | "task_ended";

/** A change that the task's state does not allow. The task stays as it was. */
export class TransitionError extends Error {
  /** The name of the class. */
  override readonly name = "TransitionError";
  /** Why, for programs. */
  readonly code: RefusalCode;

  /**
   * @param code why, for programs
   * @param message why, for people
   */
  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether a state is the last one of a task's life. */
export function isTerminal(state: TaskState): boolean {
  return state === "FINISHED" || state === "ERROR" || state === "CANCELLED";
}

/** The words for a state where the task gave no status of its own. */
export function stateWords(state: TaskState, error: TaskError | null): string {
  switch (state) {
    case "NOT_STARTED":
      return "Not started";
    case "STARTING":
      return "Starting";
    case "PROCESSING":
      return "Processing";
    case "FINISHED":
      return "Finished";
    case "CANCELLED":
      return "Cancelled";
    case "ERROR":
      return `Error: ${error?.message ?? "unknown"}`.slice(0, 1_000);
  }
}

/** The three fields that say how far a task is. */
export interface TaskProgress {
  readonly progress: number | null;
  readonly current: number | null;
  readonly total: number | null;
}

/**
 * How far a task is after an update. Progress that was given is clamped to 0..100; where only counts were given it is
 * derived from them. Reporters use the same function before they merge updates, so that a merged update leads to the
 * same record as its parts one by one.
 */
export function progressAfter(task: TaskProgress, update: UpdateChange): TaskProgress {
  const current = update.current === undefined ? task.current : update.current;
  const total = update.total === undefined ? task.total : update.total;
  if (update.progress !== undefined) {
    const progress = update.progress === null ? null : clampProgress(update.progress);
    return { progress, current, total };
  }
  const counted = update.current !== undefined || update.total !== undefined;
  if (!counted || current === null) return { progress: task.progress, current, total };
  // More done than there should be: the total was wrong, so how far it is has become unknown.
  const known = total !== null && total > 0 && current <= total;
  return { progress: known ? clampProgress((current / total) * 100) : null, current, total };
}

function clampProgress(progress: number): number {
  return Math.min(100, Math.max(0, progress));
}

/**
 * Applies one change to one task.
 *
 * `NOT_STARTED → STARTING → PROCESSING → FINISHED | ERROR | CANCELLED`; the first update moves a task to `PROCESSING`.
 * Terminal is final. A change that changes nothing (the same end twice, a second request to cancel) gives back the
 * very same record.
 *
 * @param task the task as it is; `undefined` where there is none yet
 * @param id the task's id
 * @param change what happened
 * @param at when, in epoch seconds; a time before the last change counts as the last change's
 * @returns the task as it is afterwards
 * @throws {TransitionError} where the task's state does not allow the change
 */
export function transition(task: Task | undefined, id: string, change: TaskChange, at: number): Task {
  if (task === undefined) {
    if (change.type !== "create") {
      throw new TransitionError("task_not_found", `Cannot change task "${id}": there is no such task`);
    }
    return created(id, change, at);
  }
  if (change.type === "create") {
    throw new TransitionError("task_exists", `Cannot create task "${id}": the id is taken`);
  }
  if (isTerminal(task.state)) {
    if (repeatsEnd(task.state, change.type)) return task;
    throw new TransitionError("task_ended", `Cannot change task "${id}": it has ended as ${task.state}`);
  }
  const time = Math.max(at, task.updated_at);
  switch (change.type) {
    case "start":
      return task.state === "NOT_STARTED" ? entered(task, "STARTING", time) : task;
    case "update":
      return updated(task, change, time);
    case "log":
      return {
        ...task,
        log_count: task.log_count + change.lines.length,
        stale: false,
        updated_at: time,
        version: task.version + 1,
      };
    case "finish":
      return { ...entered(task, "FINISHED", time), progress: 100, result: change.result };
    case "fail":
      return entered(task, "ERROR", time, change.error);
    case "cancelled":
      return { ...entered(task, "CANCELLED", time), cancel_requested: true };
    case "request_cancel":
      return task.cancel_requested
        ? task
        : { ...task, cancel_requested: true, updated_at: time, version: task.version + 1 };
    case "stale":
      return task.stale || !task.active ? task : { ...task, stale: true, version: task.version + 1 };
    case "estimate":
      return {
        ...task,
        eta: change.eta,
        rate: change.rate,
        eta_reason: change.eta_reason,
        version: task.version + 1,
      };
    case "roll_up":
      return {
        ...(task.state === "PROCESSING" ? task : entered(task, "PROCESSING", time)),
        progress: clampProgress(change.progress),
        updated_at: time,
        version: task.version + 1,
      };
  }
}

function created(id: string, change: CreateChange, at: number): Task {
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
    rate: null,
    eta_reason: null,
    stale: false,
    stale_after: change.stale_after,
    result: null,
    error: null,
    metadata: change.metadata,
    tags: change.tags,
    parent_id: change.parent_id,
    weight: change.weight,
    attempt: change.attempt,
    cancel_requested: false,
    log_count: 0,
    version: 1,
  };
}

function repeatsEnd(state: TaskState, change: TaskChange["type"]): boolean {
  return (state === "FINISHED" && change === "finish") ||
    (state === "ERROR" && change === "fail") ||
    (state === "CANCELLED" && (change === "cancelled" || change === "request_cancel"));
}

function entered(task: Task, state: TaskState, time: number, error: TaskError | null = null): Task {
  const ended = isTerminal(state);
  // A status that nobody gave follows the state; one that somebody gave stays, also past the end.
  const gaveStatus = task.status !== stateWords(task.state, task.error);
  return {
    ...task,
    state,
    status: gaveStatus ? task.status : stateWords(state, error),
    active: !ended,
    started_at: task.started_at ?? time,
    updated_at: time,
    finished_at: ended ? time : null,
    eta: null,
    eta_reason: ended ? null : "unknown_progress",
    stale: false,
    error,
    version: task.version + 1,
  };
}

function updated(task: Task, change: UpdateChange, time: number): Task {
  const base = task.state === "PROCESSING" ? task : entered(task, "PROCESSING", time);
  return {
    ...base,
    ...progressAfter(base, change),
    status: change.status ?? base.status,
    unit: change.unit === undefined ? base.unit : change.unit,
    metadata: change.metadata === undefined ? base.metadata : mergeMetadata(base.metadata, change.metadata),
    stale: false,
    updated_at: time,
    version: task.version + 1,
  };
}

/** The most that the metadata of a task may grow to, in characters of JSON. */
const METADATA_CHARACTERS = 16_384;

/**
 * Merges metadata key by key; a key that is `null` in the patch is removed (RFC 7396, for the top level only). A patch
 * that would make it too large is left out.
 */
export function mergeMetadata(metadata: JsonObject, patch: JsonObject): JsonObject {
  const kept = Object.entries({ ...metadata, ...patch }).filter(([key]) => patch[key] !== null);
  const merged = Object.fromEntries(kept);
  return JSON.stringify(merged).length <= METADATA_CHARACTERS ? merged : metadata;
}
