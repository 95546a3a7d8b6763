/**
 * Reads the log of a task in pages, each line once.
 *
 * @module
 */

import type { LogLine } from "../../task/task.ts";
import { readLogPage } from "../../task/wire.ts";
import {
  type ApiResponse,
  fieldOf,
  isTaskNotFound,
  noTaskError,
  request,
  unexpectedResponse,
} from "./api.ts";
import type { Target } from "./target.ts";

/** The maximum number of lines per page; if all lines have the maximum length, a page has 8 MB of text. */
const PAGE_LINES = 1_000;

/** Callbacks of a {@linkcode LogReader}. */
export interface LogReaderEvents {
  /** Called with lines in order. */
  readonly onLines: (lines: readonly LogLine[]) => void;
  /** Called with the number of lines that the server has dropped before they could be read. */
  readonly onGap: (count: number) => void;
}

/** Reads a log, and stores the number of the next line. */
export class LogReader {
  readonly #target: Target;
  readonly #id: string;
  readonly #events: LogReaderEvents;
  #next = 0;

  /**
   * @param target the server and the client
   * @param id the id of the task
   * @param events the callbacks
   */
  constructor(target: Target, id: string, events: LogReaderEvents) {
    this.#target = target;
    this.#id = id;
    this.#events = events;
  }

  /**
   * Chooses the first line to read.
   *
   * @param tail the number of newest lines to read; `undefined` for all lines that the server has kept
   * @returns the number of lines that the log has
   * @throws {CommandError} if the task does not exist, or the server cannot be reached or refuses the request
   */
  async begin(tail: number | undefined): Promise<number> {
    const count = fieldOf((await this.#get("limit=1")).body, "count");
    const end = typeof count === "number" ? count : 0;
    this.#next = tail === undefined ? 0 : Math.max(0, end - tail);
    return end;
  }

  /** The number of the next line to read. */
  get next(): number {
    return this.#next;
  }

  /** Starts over at the first line, because the task has a new log. */
  restart(): void {
    this.#next = 0;
  }

  /**
   * Reads up to a line number, at least.
   *
   * @param end the number of the line after the last one to read
   * @throws {CommandError} if the task does not exist, or the server cannot be reached or refuses the request; a
   * later call continues after the last line that was read
   */
  async readTo(end: number): Promise<void> {
    while (this.#next < end) {
      const { body } = await this.#get(`after=${this.#next}&limit=${PAGE_LINES}`);
      const { lines, first, next } = readLogPage(body, this.#next);
      // The server has dropped all further lines.
      if (lines.length === 0) return;
      if (first > this.#next) this.#events.onGap(first - this.#next);
      this.#next = next;
      this.#events.onLines(lines);
    }
  }

  async #get(query: string): Promise<ApiResponse> {
    const response = await request(this.#target, `/${this.#id}/logs?${query}`);
    if (response.status === 200 && Array.isArray(fieldOf(response.body, "lines"))) return response;
    if (isTaskNotFound(response)) throw noTaskError(this.#target, this.#id);
    throw unexpectedResponse(this.#target, response);
  }
}
