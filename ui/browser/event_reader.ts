/**
 * Reads a stream of server-sent events as the messages of the socket. Pure.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import { readMessage, readTask, type ServerMessage } from "../../lib/task/wire.ts";

/** Takes the stream in pieces of any size. */
export class EventReader {
  #rest = "";
  #type = "";
  #data: string[] = [];
  #cursor: string | null = null;
  /** What happened to tasks since the last cursor: those that belong together come with one. */
  #tasks: Map<string, Task> = new Map();
  #removed: Set<string> = new Set();

  /**
   * Takes the next piece.
   *
   * @param text the piece
   * @returns the messages that are whole by now
   * @throws {SyntaxError} where an event's data is not JSON
   */
  push(text: string): ServerMessage[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line.endsWith("\r") ? line.slice(0, -1) : line) ?? []);
  }

  #line(line: string): ServerMessage | null {
    if (line === "") return this.#dispatch();
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
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
    // Lines of a log are asked for where they are shown; that there are some is in the record.
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
