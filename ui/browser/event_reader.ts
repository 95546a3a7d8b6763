/**
 * Parses a stream of server-sent events into the messages that a WebSocket would deliver.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { NOTHING_MISSED, readMessage, readTask, type ServerMessage } from "../../lib/task/wire.ts";

/** An incremental parser of server-sent events, for chunks of any size. */
export class EventReader {
  /**
   * The parts of a line whose end has not arrived yet. The parts are joined only when the line ends, because a line may
   * be long.
   */
  #rest: string[] = [];
  #type = "";
  #data: string[] = [];
  #cursor: string | null = null;
  /**
   * The tasks of the events since the last event id. Events of one commit belong together: only the last of
   * them has an id, which is the cursor.
   */
  #tasks: Map<string, Task> = new Map();
  #removed: Set<string> = new Set();

  /**
   * Parses the next chunk of the stream.
   *
   * @param text the chunk, which may begin and end anywhere
   * @returns the messages that this chunk completes
   * @throws {SyntaxError} if the data of an event is not valid JSON
   */
  push(text: string): ServerMessage[] {
    const [first = "", ...others] = text.split("\n");
    this.#rest.push(first);
    const messages: ServerMessage[] = [];
    for (const next of others) {
      const line = this.#rest.join("");
      this.#rest = [next];
      const message = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (message !== null) messages.push(message);
    }
    return messages;
  }

  #line(line: string): ServerMessage | null {
    if (line === "") return this.#dispatch();
    if (line === NOTHING_MISSED) return { type: "task_update", cursor: null, tasks: [], removed: [] };
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#type = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id") this.#cursor = value;
    return null;
  }

  #dispatch(): ServerMessage | null {
    const type = this.#type;
    const data = this.#data.join("\n");
    const cursor = this.#cursor;
    this.#type = "";
    this.#data = [];
    this.#cursor = null;
    if (data === "") return null;
    if (!/^task\.|^log$/.test(type)) return readMessage(data);
    // Log lines are fetched separately; `log_count` in the task's record shows that there are new ones.
    if (type !== "log") this.#note(type, data);
    return cursor === null ? null : this.#update(cursor);
  }

  #note(type: string, data: string): void {
    const value = JSON.parse(data);
    if (type === "task.removed") {
      this.#tasks.delete(String(value?.id));
      this.#removed.add(String(value?.id));
      return;
    }
    const task = readTask(value);
    if (task !== null) this.#tasks.set(task.id, task);
  }

  #update(cursor: string): ServerMessage {
    const message = {
      type: "task_update",
      cursor,
      tasks: [...this.#tasks.values()],
      removed: [...this.#removed],
    } as const;
    this.#tasks = new Map();
    this.#removed = new Set();
    return message;
  }
}
