/**
 * Converts changes to the events of the event stream.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { TaskRecord } from "../store/store.ts";
import { isFinal, type LogLine, type Task, type TaskState } from "../task/task.ts";
import { newLines } from "../task/transition.ts";

/**
 * The names of events that contain a record. `task.progress` stands for any change other than a change of
 * state.
 */
export type RecordEventName =
  | "task.created"
  | "task.started"
  | "task.progress"
  | "task.finished"
  | "task.error"
  | "task.cancelled";

/** An event of one task. */
export type TaskEvent =
  | { readonly name: RecordEventName; readonly id: string; readonly seq: number; readonly stored: TaskRecord }
  | { readonly name: "task.removed"; readonly id: string; readonly seq: number }
  | {
    readonly name: "log";
    readonly id: string;
    readonly seq: number;
    /** The number of the first log line in the event. */
    readonly first: number;
    readonly lines: readonly LogLine[];
  };

const NAMES: Readonly<Record<TaskState, RecordEventName>> = {
  NOT_STARTED: "task.created",
  STARTING: "task.started",
  PROCESSING: "task.progress",
  FINISHED: "task.finished",
  ERROR: "task.error",
  CANCELLED: "task.cancelled",
};

/** Returns the event that describes a task by its current state, for watchers that missed its changes. */
export function stateEvent(stored: TaskRecord): TaskEvent {
  return { name: NAMES[stored.summary.state], id: stored.id, seq: stored.seq, stored };
}

/**
 * Converts a change to events.
 *
 * @param event the change
 * @returns one event for the change of the record, preceded by an event with the new log lines if the change
 * added any
 */
export function eventsOf(event: RegistryEvent): TaskEvent[] {
  const { seq, stored, before, change, removedId } = event;
  if (stored === undefined) return [{ name: "task.removed", id: removedId, seq }];
  const { id, task } = stored;
  const recordEvent: TaskEvent = { name: nameOf(before, task), id, seq, stored };
  if (change.type !== "log" || before === undefined || task.log_count === before.log_count) {
    return [recordEvent];
  }
  return [{ name: "log", id, seq, first: before.log_count, lines: newLines(before, change) }, recordEvent];
}

function nameOf(before: Task | undefined, { state }: Task): RecordEventName {
  // A task that was restored, or has ended, is described by its state.
  if (isFinal(state)) return NAMES[state];
  // On a node that follows another node, a new task may already be in progress. The first event of a new task
  // is `task.created` all the same: progress events are sent after log lines, but the first event of a task
  // must be sent before them.
  if (before === undefined) return "task.created";
  return before.state === "NOT_STARTED" && state !== "NOT_STARTED" ? "task.started" : "task.progress";
}

/** Returns an event's data as JSON. */
export function dataOf(event: TaskEvent): string {
  switch (event.name) {
    case "task.removed":
      return JSON.stringify({ id: event.id });
    case "log":
      return JSON.stringify({ id: event.id, first: event.first, lines: event.lines });
    default:
      return event.stored.json;
  }
}
