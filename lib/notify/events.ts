/**
 * Defines the events that webhooks can subscribe to.
 *
 * @module
 */

import type { TaskState } from "../task/task.ts";

/** The events that a webhook can subscribe to: one per final state. */
export const NOTIFY_EVENTS = ["task.finished", "task.error", "task.cancelled"] as const;

/** The name of an event, one of {@linkcode NOTIFY_EVENTS}. */
export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** Returns the event for a final state; `null` for any other state. */
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

/** Returns whether a text is the name of an event. */
export function isNotifyEvent(text: string): text is NotifyEvent {
  return (NOTIFY_EVENTS as readonly string[]).includes(text);
}
