/**
 * Event streams, as those read them who know the messages of sockets.
 *
 * @module
 */

import type { ReceivedEvent } from "./event_parser.ts";
import type { SocketMessage } from "./socket.ts";

/**
 * Reads an event as a message of a socket that sends changes.
 *
 * @param event the event
 * @returns the message; `null` where sockets send none
 */
export function messageOf({ type, data, lastEventId: cursor }: ReceivedEvent): SocketMessage | null {
  if (type === "log") return null;
  const content = JSON.parse(data);
  if (type === "task.removed") return { type: "task_update", cursor, tasks: [], removed: [content.id] };
  if (type.startsWith("task.")) return { type: "task_update", cursor, tasks: [content], removed: [] };
  return content;
}
