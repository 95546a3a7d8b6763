/**
 * What receivers can be told of.
 *
 * @module
 */

import type { TaskState } from "../task/task.ts";

/** The events that a receiver can ask for: the ends of tasks. */
export const NOTIFY_EVENTS = ["task.finished", "task.error", "task.cancelled"] as const;

/** One of the events that a receiver can ask for. */
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** The event that a task came to an end in a state; `null` where that is no end. */
export function endEventOf(state: TaskState): NotifyEvent | null {
  switch (state) {
    case "FINISHED":
      return "task.finished";
    case "ERROR":
      return "task.error";
    case "CANCELLED":
      return "task.cancelled";
    default:
      return null;
  }
}

/** Whether a text names an event. */
export function isNotifyEvent(text: string): text is NotifyEvent {
  return (NOTIFY_EVENTS as readonly string[]).includes(text);
}
