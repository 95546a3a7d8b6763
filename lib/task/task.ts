/**
 * Defines the task record, its states, and the changes that apply to it. Every other file can import this
 * module, also in the browser.
 *
 * All times are seconds since the epoch as floating-point numbers, and all durations are in seconds.
 *
 * @module
 */

import type { Values } from "./values.ts";

/** All states of a task, in the order in which it passes through them. */
export const TASK_STATES = [
  "NOT_STARTED",
  "STARTING",
  "PROCESSING",
  "FINISHED",
  "ERROR",
  "CANCELLED",
] as const;

/** The state of a task, one of {@linkcode TASK_STATES}. */
export type TaskState = (typeof TASK_STATES)[number];

/** Returns whether a text is the name of a task state. */
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
  /** The class or kind of the error, such as `"TypeError"`, `"interrupted"`, `"lost"` or `"abandoned"`. */
  readonly type: string;
  /**
   * The stack trace, if there is one, including the stack traces of the causes and of the errors of an
   * `AggregateError`.
   */
  readonly stack?: string;
}

/** Why a task has no ETA. */
export type EtaReason = "unknown_progress" | "too_early" | "stalled";

/** The record of one run of a monitored function or command. Records are immutable: a change creates a new one. */
export interface Task {
  /** The task's id: a ULID, or the id that the creator chose. */
  readonly id: string;
  /** The task's name, at most 200 characters; by default, the name of the function. */
  readonly name: string;
  /** The current state. */
  readonly state: TaskState;
  /**
   * The task's status: free text for people, at most 1,000 characters. Until the reporter sets a status, the
   * text describes the state.
   */
  readonly status: string;
  /** The progress in percent, 0 to 100; `null` if it is indeterminate. */
  readonly progress: number | null;
  /** The number of units that are done, of `total`. */
  readonly current: number | null;
  /** The total number of units; `null` if it is unknown. */
  readonly total: number | null;
  /** What `current` and `total` count: `"files"`, `"B"`. */
  readonly unit: string | null;
  /** Whether the state is `STARTING` or `PROCESSING`. */
  readonly active: boolean;
  /** When the task was created, in epoch seconds. */
  readonly created_at: number;
  /** When the task left the state `NOT_STARTED`, in epoch seconds. */
  readonly started_at: number | null;
  /**
   * When the task last changed, in epoch seconds. Changes that are no sign of life do not count: measurements from
   * outside, requests to cancel, and what the server itself finds out, such as that the task is stale.
   */
  readonly updated_at: number;
  /** When the task ended, in epoch seconds. */
  readonly finished_at: number | null;
  /** The estimated remaining time in seconds, counted from `updated_at`. */
  readonly eta: number | null;
  /** The lower bound of `eta` while the estimate is uncertain; otherwise `null`. */
  readonly eta_low: number | null;
  /** The upper bound of `eta` while the estimate is uncertain; otherwise `null`. */
  readonly eta_high: number | null;
  /** The smoothed recent rate per second: in `unit` if `current` is known, otherwise in percent. */
  readonly rate: number | null;
  /** Why `eta` is `null`; `null` if there is an ETA or the task is not active. */
  readonly eta_reason: EtaReason | null;
  /**
   * How long a run of this name usually takes, in seconds: the median of the newest successful runs. The duration is
   * `null` until the task has started and there are at least three such runs; once set, it no longer changes.
   */
  readonly expected_duration: number | null;
  /**
   * Whether the task has sent no sign of life for longer than `stale_after`. The next report clears this
   * mark.
   */
  readonly stale: boolean;
  /** Seconds without a report after which the task becomes stale; `null` for never. */
  readonly stale_after: number | null;
  /** A copy of the function's return value, converted and cut to at most 64 KiB of JSON. */
  readonly result: JsonValue;
  /** Why the task ended in `ERROR`; `null` if it did not. */
  readonly error: TaskError | null;
  /** Any other data of the reporter, at most 16 KiB as JSON. */
  readonly metadata: JsonObject;
  /** Labels to filter by. */
  readonly tags: readonly string[];
  /** The id of the parent, if this task is a subtask. */
  readonly parent_id: string | null;
  /** The weight of this subtask relative to the weights of its siblings; ignored if the subtask has a `share`. */
  readonly weight: number;
  /** The share of its parent's work that this subtask does, 0 to 1; `null` if only its weight is known. */
  readonly share: number | null;
  /** The sum of the weights that this task's subtasks will have in all; `null` if it is unknown. */
  readonly expected_weight: number | null;
  /**
   * Whether the task reports its own progress, so that the progress of its subtasks does not count. Progress that was
   * read from the task's output is not its own.
   */
  readonly own_progress: boolean;
  /** The number of the attempt: 1 for the first run, and 1 more for each retry. */
  readonly attempt: number;
  /** The id of the task that this run is a retry of. */
  readonly retry_of: string | null;
  /** Whether the task can be retried, because the server knows its registered function and arguments. */
  readonly retryable: boolean;
  /** Whether a client asked the task to stop. */
  readonly cancel_requested: boolean;
  /** The number of log lines that the task has written. */
  readonly log_count: number;
  /** The number of values that the task has reported, of all its series. */
  readonly value_count: number;
  /**
   * The id of the reporter if the task runs outside the server's process, or `"http"`. `null` if the task
   * runs in the server's process, so that the task ends when the process exits.
   */
  readonly reporter: string | null;
  /**
   * The sequence number that the reporter gave to the newest applied report; `null` if its reports have none.
   */
  readonly report_seq: number | null;
  /** The version of the record, which increases by at least 1 with every change of the task. */
  readonly version: number;
}

/**
 * The fields of a record that lists and statistics need. The summaries of ended tasks are in memory, even
 * though their records are on disk.
 */
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

/** The function name and the arguments that a task was started with, so that it can be started again. */
export interface Launch {
  /** The name that the task's function is registered under. */
  readonly name: string;
  readonly args: readonly JsonValue[];
}

/** The change that creates a task. */
export interface CreateChange {
  readonly type: "create";
  readonly name: string;
  readonly metadata: JsonObject;
  readonly tags: readonly string[];
  readonly parent_id: string | null;
  readonly weight: number;
  readonly share: number | null;
  readonly attempt: number;
  readonly retry_of: string | null;
  readonly retryable: boolean;
  readonly stale_after: number | null;
}

/** The change that records that the task's code has begun to run. */
export interface StartChange {
  readonly type: "start";
}

/** An update while the task runs. Absent fields keep their values; `null` makes a field unknown. */
export interface UpdateChange {
  /** Identifies the kind of change. */
  readonly type: "update";
  /** The progress in percent, 0 to 100; `null` if it is indeterminate. */
  readonly progress?: number | null;
  /** What the task is doing, in words for people. */
  readonly status?: string;
  /**
   * The number of units that are done, of `total`. `progress` is derived from both, unless it is given too.
   */
  readonly current?: number | null;
  /** The total number of units; `null` if it is unknown. */
  readonly total?: number | null;
  /** What `current` and `total` count: `"files"`, `"B"`. */
  readonly unit?: string | null;
  /** The sum of the weights that the task's subtasks will have in all; `null` if it is unknown. */
  readonly expected_weight?: number | null;
  /** Metadata to merge into the task's metadata key by key; a key with the value `null` is removed. */
  readonly metadata?: JsonObject;
  /** Numbers to chart over time, by the names of their series. */
  readonly values?: Values;
  /**
   * Whether progress, counts and status were read from the task's output. Such values are ignored once the task has
   * subtasks, because its output may contain the output of the subtasks.
   */
  readonly from_output?: boolean;
}

/** The change that appends lines to the log, oldest first. */
export interface LogChange {
  readonly type: "log";
  /**
   * The number of lines that the task had written before `lines`. The number makes resending idempotent: lines that the
   * task already has are skipped. Without this number, all lines count as new.
   */
  readonly first?: number;
  readonly lines: readonly LogLine[];
}

/** An output of a program. */
export type LogStream = "stdout" | "stderr";
/** The outputs of a program that a log line can come from. */
export const LOG_STREAMS: readonly LogStream[] = ["stdout", "stderr"];

/** The severity of a log line. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";
/** The severities of log lines, in ascending order (those of OpenTelemetry). */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error", "fatal"];

/** The optional properties of a log line. */
export interface LogLineTraits {
  /** The output that the line comes from; absent if the task did not write it to an output. */
  readonly stream?: LogStream;
  /** The severity of the line; absent if it is unknown. */
  readonly level?: LogLevel;
}

/** One line of a task's log. */
export interface LogLine extends LogLineTraits {
  /** When the line was written, in epoch seconds. */
  readonly at: number;
  readonly text: string;
}

/** The change that ends a task because its function returned. */
export interface FinishChange {
  readonly type: "finish";
  readonly result: JsonValue;
}

/** The change that ends a task because its function threw an error. */
export interface FailChange {
  readonly type: "fail";
  readonly error: TaskError;
}

/** The change that ends a task because it stopped after a request to cancel it. */
export interface CancelledChange {
  readonly type: "cancelled";
}

/** The change that records a watcher's request to cancel the task. */
export interface RequestCancelChange {
  readonly type: "request_cancel";
}

/**
 * The change that marks a task as stale, because it has sent no sign of life for longer than `stale_after`, or its
 * reporter is disconnected. Any later report clears the mark.
 */
export interface StaleChange {
  readonly type: "stale";
}

/**
 * A new estimate that no report caused: it is made because the old one no longer holds, for example if
 * progress has stalled.
 */
export interface EstimateChange {
  readonly type: "estimate";
  readonly eta: number | null;
  readonly eta_low: number | null;
  readonly eta_high: number | null;
  readonly rate: number | null;
  readonly eta_reason: EtaReason | null;
}

/** The change that sets the progress of a parent, computed from its subtasks. */
export interface RollUpChange {
  readonly type: "roll_up";
  /** The progress in percent, 0 to 100; `null` if it is indeterminate. */
  readonly progress: number | null;
  /** Whether this change also clears the counts and the status that were read from the task's output. */
  readonly replacesRead?: boolean;
}

/**
 * The change that ends a task because the process that ran it ended without reporting the end of the task.
 */
export interface InterruptChange {
  readonly type: "interrupt";
  /** Why the task was interrupted, in words for people. */
  readonly message: string;
  /** The number of versions of the record that may have been published but not stored. */
  readonly lostVersions: number;
}

/** The change that continues a task of another process after a restart of the server. */
export interface AdoptChange {
  readonly type: "adopt";
  /** The number of versions of the record that may have been published but not stored. */
  readonly lostVersions: number;
}

/** The change that clears the mark of a stale task without a report, because the reason for the mark is gone. */
export interface ReconnectedChange {
  readonly type: "reconnected";
}

/** The change that undoes the removal of the task. */
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

/** All changes of a task, including those that the server itself makes. */
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
  /** When the state or status changed, in epoch seconds. */
  readonly at: number;
  readonly state: TaskState;
  readonly status: string;
  /** The progress at that time. */
  readonly progress: number | null;
  /** The first version of the record with this state and status. */
  readonly version: number;
}

/** Returns a copy of the summary fields of a record. */
export function summaryOf(task: TaskSummary): TaskSummary {
  const { id, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } =
    task;
  return { id, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of };
}

/** A point of a progress history: the time, in epoch seconds, and the progress, 0 to 100. */
export type ProgressPoint = readonly [at: number, progress: number];

/** Returns whether a state is final, which means that the task has ended. */
export function isFinal(state: TaskState): boolean {
  return state === "FINISHED" || state === "ERROR" || state === "CANCELLED";
}
