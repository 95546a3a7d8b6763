/**
 * Converts server-sent events to the messages of the WebSocket stream.
 *
 * @module
 */

import type { ReceivedEvent } from "./event_parser.ts";
import type { SocketMessage } from "./socket.ts";

/**
 * Converts an event to the message that a socket in delta mode would send.
 *
 * @param event the event as the client received it
 * @returns the message; `null` if sockets send none for this event
 */
export function messageOf({ type, data, lastEventId: cursor }: ReceivedEvent): SocketMessage | null {
  if (type === "log") return null;
  const content = JSON.parse(data);
  if (type === "task.removed") return { type: "task_update", cursor, tasks: [], removed: [content.id] };
  if (type.startsWith("task.")) return { type: "task_update", cursor, tasks: [content], removed: [] };
  return content;
}
