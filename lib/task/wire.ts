/**
 * Reads what the server sends to who watches. A page outlives its server, and a terminal may ask one of another version,
 * so fields may come that this version does not know, or not come: nothing of that may break it, and nothing but text
 * and numbers may reach what is shown.
 *
 * @module
 */

import type {
  EtaReason,
  HistoryEntry,
  JsonObject,
  JsonValue,
  LogLine,
  Task,
  TaskError,
  TaskState,
} from "./task.ts";

/** All tasks of a client. */
export interface TaskList {
  /** The position that this is the state at. */
  readonly cursor: string | null;
  readonly tasks: readonly Task[];
}

/** What changed: first the removals, then the tasks. */
export interface TaskChanges extends TaskList {
  readonly removed: readonly string[];
}

/** A message of the delta socket. */
export type ServerMessage =
  | { readonly type: "task_update" } & TaskChanges
  | { readonly type: "initial_state" } & TaskList
  | { readonly type: "resync" }
  /** The server is about to end. */
  | { readonly type: "closing" }
  /** Why nothing can be stored at present; `null` where that is over. */
  | { readonly type: "degraded"; readonly detail: string | null }
  | { readonly type: "unknown" };

type Fields = { readonly [key: string]: unknown };

/**
 * Reads a message of the delta socket.
 *
 * @param text the message
 * @returns the message; `unknown` where its type is one that this version does not know
 * @throws {SyntaxError} where it is not JSON
 */
export function readMessage(text: string): ServerMessage {
  const message = fieldsOf(JSON.parse(text));
  switch (message.type) {
    case "task_update":
      return { type: "task_update", ...readChanges(message) };
    case "initial_state":
      return { type: "initial_state", ...readTaskList(message) };
    case "resync":
      return { type: "resync" };
    case "closing":
      return { type: "closing" };
    case "degraded":
      return { type: "degraded", detail: textOrNull(message.detail) };
    default:
      return { type: "unknown" };
  }
}

/**
 * Reads a message of a single task's socket.
 *
 * @param text the message
 * @returns the task; `null` where the message is about something else
 * @throws {SyntaxError} where it is not JSON
 */
export function readTaskMessage(text: string): Task | null {
  const message = fieldsOf(JSON.parse(text));
  return message.type === "initial_state" || message.type === "state_update" ? readTask(message) : null;
}

/** Reads what changed after a cursor. */
export function readChanges(value: unknown): TaskChanges {
  const { cursor, tasks, removed } = fieldsOf(value);
  return {
    cursor: textOrNull(cursor),
    tasks: readTasks(listOf(tasks)),
    removed: listOf(removed).filter((id) => typeof id === "string"),
  };
}

/** Reads the envelope of all tasks of a client. */
export function readTaskList(value: unknown): TaskList {
  const { cursor, all_tasks: all } = fieldsOf(value);
  return { cursor: textOrNull(cursor), tasks: readTasks(Object.values(fieldsOf(all))) };
}

/** Reads a task; `null` where it has no id to know it by. */
export function readTask(value: unknown): Task | null {
  const fields = fieldsOf(value);
  if (typeof fields.id !== "string" || fields.id === "") return null;
  const updatedAt = numberOrNull(fields.updated_at) ?? numberOrNull(fields.created_at) ?? 0;
  return {
    id: fields.id,
    name: textOrNull(fields.name) ?? fields.id,
    state: (textOrNull(fields.state) ?? "UNKNOWN") as TaskState,
    status: textOrNull(fields.status) ?? "",
    progress: clamped(numberOrNull(fields.progress)),
    current: numberOrNull(fields.current),
    total: numberOrNull(fields.total),
    unit: textOrNull(fields.unit),
    active: fields.active === true,
    created_at: numberOrNull(fields.created_at) ?? updatedAt,
    started_at: numberOrNull(fields.started_at),
    updated_at: updatedAt,
    finished_at: numberOrNull(fields.finished_at),
    eta: numberOrNull(fields.eta),
    eta_low: numberOrNull(fields.eta_low),
    eta_high: numberOrNull(fields.eta_high),
    rate: numberOrNull(fields.rate),
    eta_reason: textOrNull(fields.eta_reason) as EtaReason | null,
    stale: fields.stale === true,
    stale_after: numberOrNull(fields.stale_after),
    result: (fields.result ?? null) as JsonValue,
    error: readError(fields.error),
    metadata: fieldsOf(fields.metadata) as JsonObject,
    tags: listOf(fields.tags).filter((tag) => typeof tag === "string"),
    parent_id: textOrNull(fields.parent_id),
    weight: numberOrNull(fields.weight) ?? 1,
    attempt: numberOrNull(fields.attempt) ?? 1,
    retry_of: textOrNull(fields.retry_of),
    retryable: fields.retryable === true,
    cancel_requested: fields.cancel_requested === true,
    log_count: numberOrNull(fields.log_count) ?? 0,
    reporter: textOrNull(fields.reporter),
    report_seq: numberOrNull(fields.report_seq),
    version: numberOrNull(fields.version) ?? 0,
  };
}

function readTasks(values: readonly unknown[]): Task[] {
  // What is none is left out.
  return values.map(readTask).filter((task) => task !== null);
}

/** A page of log lines. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** The number of the first line. */
  readonly first: number;
  /** The number of the line after the last. */
  readonly next: number;
}

/** Reads the answer to a request for log lines that asked for those from `after` on. */
export function readLogPage(value: unknown, after: number): LogPage {
  const fields = fieldsOf(value);
  const lines = listOf(fields.lines).map(readLogLine);
  const first = numberOrNull(fields.first) ?? after;
  return { lines, first, next: numberOrNull(fields.next) ?? first + lines.length };
}

/** Reads a task's history. */
export function readHistory(value: unknown): HistoryEntry[] {
  return listOf(fieldsOf(value).history).map((each) => {
    const { at, state, status, progress, version } = fieldsOf(each);
    return {
      at: numberOrNull(at) ?? 0,
      state: (textOrNull(state) ?? "UNKNOWN") as TaskState,
      status: textOrNull(status) ?? "",
      progress: clamped(numberOrNull(progress)),
      version: numberOrNull(version) ?? 0,
    };
  });
}

/** What an answer that says "no" tells people: its `detail`, else its `title`, else its status. */
export function readProblem(value: unknown, status: number): string {
  const fields = fieldsOf(value);
  return textOrNull(fields.detail) ?? textOrNull(fields.title) ?? `The server answered with status ${status}`;
}

/** Reads the id of a task that was started; `null` where the answer has none. */
export function readStartedId(value: unknown): string | null {
  return textOrNull(fieldsOf(value).task_id);
}

function readLogLine(value: unknown): LogLine {
  const fields = fieldsOf(value);
  return { at: numberOrNull(fields.at) ?? 0, text: textOrNull(fields.text) ?? "" };
}

function readError(value: unknown): TaskError | null {
  if (typeof value !== "object" || value === null) return null;
  const fields = fieldsOf(value);
  const stack = textOrNull(fields.stack);
  return {
    message: textOrNull(fields.message) ?? "unknown",
    type: textOrNull(fields.type) ?? "Error",
    ...(stack !== null && { stack }),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Fields : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function clamped(progress: number | null): number | null {
  return progress === null ? null : Math.min(100, Math.max(0, progress));
}
