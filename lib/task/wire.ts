/**
 * Reads the server's messages and responses tolerantly. The server may have another version than its client,
 * so unknown fields are ignored, and missing or malformed fields get default values. The caller always gets
 * values of the right types.
 *
 * @module
 */

import type {
  EtaReason,
  HistoryEntry,
  JsonObject,
  JsonValue,
  LogLevel,
  LogLine,
  LogStream,
  ProgressPoint,
  Task,
  TaskError,
  TaskState,
} from "./task.ts";
import type { NamedSeries } from "./value_book.ts";
import type { ValuePoint } from "./values.ts";

/** The values of a task: all of them, or those after a given time. */
export interface ValuesPage {
  /** The series, each with the points of the page, and the last, lowest and highest of all its values. */
  readonly series: readonly (NamedSeries & {
    readonly last: number;
    readonly min: number;
    readonly max: number;
  })[];
  /** The number of all values that the task reported. */
  readonly count: number;
  /** The number of values that the server ignored, because there were too many series. */
  readonly ignored: number;
}

/** The complete list of a client's tasks. */
export interface TaskList {
  /** The cursor of this state of the tasks; `null` if the response has none. */
  readonly cursor: string | null;
  readonly tasks: readonly Task[];
}

/** The changes to a client's tasks since a cursor. Apply the removals first, then the tasks. */
export interface TaskChanges extends TaskList {
  readonly removed: readonly string[];
}

/**
 * The comment that a resumed event stream starts with if the watcher has missed nothing; otherwise, the stream starts
 * with the changes that were missed.
 */
export const NOTHING_MISSED = ": nothing missed";

/** The text that a watcher sends over its WebSocket to get {@linkcode PONG}, which shows that the connection is alive. */
export const PING = "ping";

/** The message that answers a {@linkcode PING}. */
export const PONG = '{"type":"pong"}';

/** A message of the WebSocket that sends deltas. */
export type ServerMessage =
  | { readonly type: "task_update" } & TaskChanges
  | { readonly type: "initial_state" } & TaskList
  | { readonly type: "resync" }
  /** The message that the server is shutting down. */
  | { readonly type: "closing" }
  /**
   * The message with the storage error that prevents the server from committing; `null` if it can commit
   * again.
   */
  | { readonly type: "degraded"; readonly detail: string | null }
  | { readonly type: "unknown" };

type Fields = { readonly [key: string]: unknown };

/**
 * Reads a message of the WebSocket that sends deltas.
 *
 * @param text the message
 * @returns the message, whose type is `unknown` if this version does not know it
 * @throws {SyntaxError} if the text is not JSON
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
 * Reads a message of the WebSocket for a single task.
 *
 * @param text the message
 * @returns the task; `null` if the message has none
 * @throws {SyntaxError} if the text is not JSON
 */
export function readTaskMessage(text: string): Task | null {
  const message = fieldsOf(JSON.parse(text));
  return message.type === "initial_state" || message.type === "state_update" ? readTask(message) : null;
}

/** Reads the changes since a cursor. */
export function readChanges(value: unknown): TaskChanges {
  const { cursor, tasks, removed } = fieldsOf(value);
  return {
    cursor: textOrNull(cursor),
    tasks: readTasks(listOf(tasks)),
    removed: listOf(removed).filter((id) => typeof id === "string"),
  };
}

/** Reads the response with all tasks of a client. */
export function readTaskList(value: unknown): TaskList {
  const { cursor, all_tasks: all } = fieldsOf(value);
  return { cursor: textOrNull(cursor), tasks: readTasks(Object.values(fieldsOf(all))) };
}

/** Reads a record; returns `null` if the value has no id. */
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
    expected_duration: numberOrNull(fields.expected_duration),
    stale: fields.stale === true,
    stale_after: numberOrNull(fields.stale_after),
    result: (fields.result ?? null) as JsonValue,
    error: readError(fields.error),
    metadata: fieldsOf(fields.metadata) as JsonObject,
    tags: listOf(fields.tags).filter((tag) => typeof tag === "string"),
    parent_id: textOrNull(fields.parent_id),
    weight: numberOrNull(fields.weight) ?? 1,
    share: numberOrNull(fields.share),
    expected_weight: numberOrNull(fields.expected_weight),
    own_progress: fields.own_progress === true,
    attempt: numberOrNull(fields.attempt) ?? 1,
    retry_of: textOrNull(fields.retry_of),
    retryable: fields.retryable === true,
    cancel_requested: fields.cancel_requested === true,
    log_count: numberOrNull(fields.log_count) ?? 0,
    value_count: numberOrNull(fields.value_count) ?? 0,
    reporter: textOrNull(fields.reporter),
    report_seq: numberOrNull(fields.report_seq),
    version: numberOrNull(fields.version) ?? 0,
  };
}

function readTasks(values: readonly unknown[]): Task[] {
  // Invalid entries are skipped.
  return values.map(readTask).filter((task) => task !== null);
}

/** A page of log lines. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** The number of the first line on the page, counted from 0. */
  readonly first: number;
  /** The number of the line after the last one on the page. */
  readonly next: number;
}

/** Reads the response to a request for the log lines whose numbers are at least `after`. */
export function readLogPage(value: unknown, after: number): LogPage {
  const fields = fieldsOf(value);
  const lines = listOf(fields.lines).map(readLogLine);
  const first = numberOrNull(fields.first) ?? after;
  return { lines, first, next: numberOrNull(fields.next) ?? first + lines.length };
}

/** The lines of a log that contain a text. */
export interface LogMatchPage {
  /** The numbers of the lines, ascending. */
  readonly numbers: readonly number[];
  /** The number of matching lines before those in `numbers`. */
  readonly index: number;
  /** The number of all matching lines. */
  readonly matches: number;
  /** The number of lines that were searched. */
  readonly searched: number;
}

/** Reads the response to a search of a log. */
export function readLogMatches(value: unknown): LogMatchPage {
  const fields = fieldsOf(value);
  return {
    numbers: listOf(fields.lines).map((line) => numberOrNull(fieldsOf(line).number) ?? 0),
    index: numberOrNull(fields.index) ?? 0,
    matches: numberOrNull(fields.matches) ?? 0,
    searched: numberOrNull(fields.searched) ?? 0,
  };
}

/** Reads the lines in the response to a search of a log, with their numbers. */
export function readNumberedLines(value: unknown): (LogLine & { readonly number: number })[] {
  return listOf(fieldsOf(value).lines).map((line) => ({
    ...readLogLine(line),
    number: numberOrNull(fieldsOf(line).number) ?? 0,
  }));
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

/** Reads a response with the progress of a task over time. */
export function readProgressPoints(value: unknown): ProgressPoint[] {
  return listOf(fieldsOf(value).points).map((point): ProgressPoint => {
    const [at, progress] = listOf(point);
    return [numberOrNull(at) ?? 0, numberOrNull(progress) ?? 0];
  });
}

/** Reads a response with the values of a task. */
export function readValuesPage(value: unknown): ValuesPage {
  const fields = fieldsOf(value);
  return {
    series: listOf(fields.series).map((each) => {
      const { name, last, min, max, points } = fieldsOf(each);
      return {
        name: textOrNull(name) ?? "",
        last: numberOrNull(last) ?? 0,
        min: numberOrNull(min) ?? 0,
        max: numberOrNull(max) ?? 0,
        points: listOf(points).map((point): ValuePoint => {
          const [at, value] = listOf(point);
          return [numberOrNull(at) ?? 0, numberOrNull(value) ?? 0];
        }),
      };
    }),
    count: numberOrNull(fields.count) ?? 0,
    ignored: numberOrNull(fields.ignored) ?? 0,
  };
}

/**
 * Reads the message of an error response (RFC 9457): its `detail`, otherwise its `title`, otherwise a text
 * with its status.
 */
export function readProblem(value: unknown, status: number): string {
  const fields = fieldsOf(value);
  return textOrNull(fields.detail) ?? textOrNull(fields.title) ??
    `The server responded with status ${status}`;
}

/** Reads the id of a started task; returns `null` if the response has none. */
export function readStartedId(value: unknown): string | null {
  return textOrNull(fieldsOf(value).task_id);
}

function readLogLine(value: unknown): LogLine {
  const fields = fieldsOf(value);
  const [stream, level] = [textOrNull(fields.stream), textOrNull(fields.level)];
  return {
    at: numberOrNull(fields.at) ?? 0,
    text: textOrNull(fields.text) ?? "",
    ...(stream !== null && { stream: stream as LogStream }),
    ...(level !== null && { level: level as LogLevel }),
  };
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
