/**
 * The task record, its states, and the changes that apply to it. Pure, so that every other file, also in the browser,
 * can import it.
 *
 * Times are seconds since the epoch as floating-point numbers; durations are seconds.
 *
 * @module
 */

import { LIMITS } from "./grammar.ts";

/** All states of a task, in the order in which it passes through them. */
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

/** Whether a text is the name of a state. */
export function isTaskState(text: string): text is TaskState {
  return (TASK_STATES as readonly string[]).includes(text);
}

/** Any value that `JSON.stringify` and `JSON.parse` preserve. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A plain JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** Why a task ended in `ERROR`. */
export interface TaskError {
  /** What went wrong, in words for people. */
  readonly message: string;
  /** The error's class or kind: `"TypeError"`, `"interrupted"`, `"lost"`. */
  readonly type: string;
  /** The stack trace, if there is one. */
  readonly stack?: string;
}

/** Why a task has no ETA. */
export type EtaReason = "unknown_progress" | "too_early" | "stalled";

/** The record of one run of a monitored function or command. Records are immutable: a change creates a new one. */
export interface Task {
  /** A ULID, or the id that the creator chose. */
  readonly id: string;
  /** At most 200 characters; defaults to the function's name. */
  readonly name: string;
  /** The current state. */
  readonly state: TaskState;
  /** Free text for people, at most 1,000 characters. Describes the state until the reporter sets it. */
  readonly status: string;
  /** Percent, 0 to 100; `null` if it is indeterminate. */
  readonly progress: number | null;
  /** How many of `total` are done. */
  readonly current: number | null;
  /** How many there are; `null` if unknown. */
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
  /** Estimated seconds left, as of `updated_at`. */
  readonly eta: number | null;
  /** The lower bound of `eta` while the estimate is uncertain; otherwise `null`. */
  readonly eta_low: number | null;
  /** The upper bound of `eta` while the estimate is uncertain; otherwise `null`. */
  readonly eta_high: number | null;
  /** Smoothed recent speed per second: in `unit` if `current` is known, otherwise in percent. */
  readonly rate: number | null;
  /** Why `eta` is `null`; `null` if there is an ETA or the task is not active. */
  readonly eta_reason: EtaReason | null;
  /** Whether the task has sent no sign of life for longer than `stale_after`. The next report clears it. */
  readonly stale: boolean;
  /** Seconds without a report after which the task becomes stale; `null` for never. */
  readonly stale_after: number | null;
  /** The return value of the function, at most 64 KiB as JSON. */
  readonly result: JsonValue;
  /** Why the task ended in `ERROR`. */
  readonly error: TaskError | null;
  /** Any other data of the reporter, at most 16 KiB as JSON. */
  readonly metadata: JsonObject;
  /** Labels to filter by. */
  readonly tags: readonly string[];
  /** The id of the parent, if this task is a subtask. */
  readonly parent_id: string | null;
  /** This subtask's share of its parent's progress, relative to the weights of its siblings. */
  readonly weight: number;
  /** 1 for the first run; each retry adds 1. */
  readonly attempt: number;
  /** The id of the task that this run is a retry of. */
  readonly retry_of: string | null;
  /** Whether the task can be retried, because it was started by name. */
  readonly retryable: boolean;
  /** Whether a client asked the task to stop. */
  readonly cancel_requested: boolean;
  /** The number of log lines that the task has written. */
  readonly log_count: number;
  /**
   * The reporter of a task that runs outside the server's process: its id, or `"http"`. `null` if the task runs in the
   * server's process, which also ends the task when it exits.
   */
  readonly reporter: string | null;
  /** The sequence number that the reporter gave to the newest applied report; `null` if it gives none. */
  readonly report_seq: number | null;
  /** Increases by at least 1 with every change of this task; never decreases. */
  readonly version: number;
}

/** The fields that lists and statistics need. Kept in memory also for ended tasks, whose records are on disk. */
export type TaskSummary = Pick<
  Task,
  | "id"
  | "name"
  | "state"
  | "created_at"
  | "started_at"
  | "updated_at"
  | "finished_at"
  | "progress"
  | "parent_id"
  | "retry_of"
>;

/** The creation of a task. */
export interface CreateChange {
  readonly type: "create";
  readonly name: string;
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly parent_id: string | null;
  readonly weight: number;
  readonly attempt: number;
  readonly retry_of: string | null;
  readonly retryable: boolean;
  readonly stale_after: number | null;
}

/** The task's code began to run. */
export interface StartChange {
  readonly type: "start";
}

/** An update while the task runs. Absent fields stay as they are; `null` makes a field unknown. */
export interface UpdateChange {
  /** Identifies the kind of change. */
  readonly type: "update";
  /** Percent, 0 to 100; `null` for indeterminate. */
  readonly progress?: number | null;
  /** What the task is doing, in words for people. */
  readonly status?: string;
  /** How many of `total` are done. `progress` is derived from both unless it is given too. */
  readonly current?: number | null;
  /** How many there are; `null` for unknown. */
  readonly total?: number | null;
  /** What `current` and `total` count: `"files"`, `"B"`. */
  readonly unit?: string | null;
  /** Merged into the metadata key by key; a key with the value `null` is removed. */
  readonly metadata?: JsonObject;
}

/** New log lines, oldest first. */
export interface LogChange {
  readonly type: "log";
  /**
   * The number of lines that the task had written before these. Makes resending idempotent: lines that the task already
   * has are skipped. If absent, all lines are new.
   */
  readonly first?: number;
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

/** The task stopped after a request to cancel it. */
export interface CancelledChange {
  readonly type: "cancelled";
}

/** A request to cancel the task. */
export interface RequestCancelChange {
  readonly type: "request_cancel";
}

/** The task has sent no sign of life for longer than `stale_after`. Any later report clears this. */
export interface StaleChange {
  readonly type: "stale";
}

/** A new estimate without a report: the progress has stalled. */
export interface EstimateChange {
  readonly type: "estimate";
  readonly eta: number | null;
  readonly eta_low: number | null;
  readonly eta_high: number | null;
  readonly rate: number | null;
  readonly eta_reason: EtaReason | null;
}

/** New progress of a parent, computed from its subtasks. */
export interface RollUpChange {
  readonly type: "roll_up";
  readonly progress: number;
}

/** The process that ran the task ended without reporting the end of the task. */
export interface InterruptChange {
  readonly type: "interrupt";
  /** What happened, in words for people. */
  readonly message: string;
  /** The number of versions that may have been published but not stored. */
  readonly lostVersions: number;
}

/** The server restarted, while the task runs on in another process. */
export interface AdoptChange {
  readonly type: "adopt";
  /** The number of versions that may have been published but not stored. */
  readonly lostVersions: number;
}

/** The reporter of the task reconnected. */
export interface ReconnectedChange {
  readonly type: "reconnected";
}

/** The removal of the task was undone. */
export interface RestoreChange {
  readonly type: "restore";
}

/** The changes that reporters send. */
export type ReportedChange =
  | CreateChange
  | StartChange
  | UpdateChange
  | LogChange
  | FinishChange
  | FailChange
  | CancelledChange
  | RequestCancelChange;

/** All changes of a task, including those that the server makes itself. */
export type TaskChange =
  | ReportedChange
  | StaleChange
  | EstimateChange
  | RollUpChange
  | InterruptChange
  | AdoptChange
  | ReconnectedChange
  | RestoreChange;

/** An entry of a task's history: a change of its state or status. */
export interface HistoryEntry {
  /** When it changed, in epoch seconds. */
  readonly at: number;
  readonly state: TaskState;
  readonly status: string;
  /** The progress at that time. */
  readonly progress: number | null;
  /** The first version of the record with this state and status. */
  readonly version: number;
}

/** Copies the summary out of a record. */
export function summaryOf(task: TaskSummary): TaskSummary {
  const { id, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } =
    task;
  return { id, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of };
}

/** A point of a progress history: the time, in epoch seconds, and the progress, 0 to 100. */
export type ProgressPoint = readonly [at: number, progress: number];

/** Whether a state is final, so that the task has ended. */
export function isFinal(state: TaskState): boolean {
  return state === "FINISHED" || state === "ERROR" || state === "CANCELLED";
}

/** The status of a task whose reporter has not set one: describes the state. */
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
      return `Error: ${error?.message ?? "unknown"}`.slice(0, LIMITS.statusLength);
  }
}
