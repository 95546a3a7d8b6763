/**
 * The task record, its states, and what can happen to it. Pure; imports nothing, so that every other file, the browser's
 * included, may build on it.
 *
 * Times are seconds since the epoch as floating point numbers; durations are seconds.
 *
 * @module
 */

import { LIMITS } from "./grammar.ts";

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

/** Whether a text is the name of a state. */
export function isTaskState(text: string): text is TaskState {
  return (TASK_STATES as readonly string[]).includes(text);
}

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
  /** The least that `eta` may be, while there is little to go by; else `null`. */
  readonly eta_low: number | null;
  /** The most that it may be then. */
  readonly eta_high: number | null;
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
  /** The task that this one is another attempt at. */
  readonly retry_of: string | null;
  /** It was started by name, so that it can be started again. */
  readonly retryable: boolean;
  /** Somebody asked for the task to stop. */
  readonly cancel_requested: boolean;
  /** How many log lines the task has written. */
  readonly log_count: number;
  /**
   * Who reports the task from outside of the server's process: the reporter's own id, or `"http"`. `null` where the task
   * runs in that process, and ends with it.
   */
  readonly reporter: string | null;
  /** The reporter's own number of the newest report of the task that was taken; `null` where it gives none. */
  readonly report_seq: number | null;
  /** One more with every change of this task; never goes back. */
  readonly version: number;
}

/** What lists and statistics need of a task. Of one that has ended it is at hand where the rest of the record is not. */
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

/** What a task is created with. */
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
  /**
   * How many lines the task had written before these. What the task has already is left out, so that lines which are
   * sent again are not there twice. Where it is absent, all of them are new.
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
  readonly eta_low: number | null;
  readonly eta_high: number | null;
  readonly rate: number | null;
  readonly eta_reason: EtaReason | null;
}

/** The progress of a task's children, rolled up. */
export interface RollUpChange {
  readonly type: "roll_up";
  readonly progress: number;
}

/** The process that ran the task is gone, and will not say how it ended. */
export interface InterruptChange {
  readonly type: "interrupt";
  /** What happened, for people. */
  readonly message: string;
  /** Versions that may have been given out and were lost. */
  readonly lostVersions: number;
}

/** The process that showed the task is gone, and another one goes on with it: whoever runs it is elsewhere. */
export interface AdoptChange {
  readonly type: "adopt";
  /** Versions that may have been given out and were lost. */
  readonly lostVersions: number;
}

/** The side that runs the task is there again. */
export interface HeardChange {
  readonly type: "heard";
}

/** A removed task is there again. */
export interface RestoreChange {
  readonly type: "restore";
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
  | RollUpChange
  | InterruptChange
  | AdoptChange
  | HeardChange
  | RestoreChange;

/** A moment of a task's life: it entered a state, or said what it is at. */
export interface HistoryEntry {
  /** When, in epoch seconds. */
  readonly at: number;
  readonly state: TaskState;
  readonly status: string;
  /** How far the task was. */
  readonly progress: number | null;
  /** The version of the record that began to say so. */
  readonly version: number;
}

/** What lists and statistics need of a task, and nothing else of it. */
export function summaryOf(task: TaskSummary): TaskSummary {
  const { id, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of } =
    task;
  return { id, name, state, created_at, started_at, updated_at, finished_at, progress, parent_id, retry_of };
}

/** How far a task was, from 0 to 100, at a time in epoch seconds. */
export type ProgressPoint = readonly [at: number, progress: number];

/** Whether a state is the last one of a task's life. */
export function isFinal(state: TaskState): boolean {
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
      return `Error: ${error?.message ?? "unknown"}`.slice(0, LIMITS.statusLength);
  }
}
