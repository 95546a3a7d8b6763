/**
 * Buffers and coalesces events until they are sent.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { LogLine } from "../task/task.ts";
import { dataOf, eventsOf, type TaskEvent } from "./task_events.ts";

/** The JSON of a log line without its text, in characters. */
const LINE_CHARACTERS = 40;

/** Log lines that later lines may be appended to. */
interface PendingLines {
  readonly name: "log";
  readonly id: string;
  seq: number;
  readonly first: number;
  readonly lines: LogLine[];
}

/** The events of one task that may still be coalesced; none after a change of state. */
interface Mergeable {
  lines: PendingLines | null;
  progress: TaskEvent | null;
}

/**
 * Events in the order of sending. Progress events, which stand for any change other than one of state, are
 * coalesced: only the newest is kept, behind earlier events of the task. Consecutive log lines are merged
 * into one event. Nothing else is coalesced, and the events of one task are never reordered.
 */
export class EventLog {
  readonly #maxCharacters: number;
  readonly #events: Set<TaskEvent> = new Set();
  readonly #mergeable: Map<string, Mergeable> = new Map();
  #characters = 0;

  /** @param maxCharacters the limit for everything but progress, which is bounded by the number of tasks */
  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** Whether the limit was exceeded. The buffer is empty then. */
  get isOver(): boolean {
    return this.#characters > this.#maxCharacters;
  }

  /** Appends the events of a change. */
  add(change: RegistryEvent): void {
    if (this.isOver) return;
    for (const event of eventsOf(change)) this.#add(event);
    if (this.isOver) this.#forget();
  }

  /**
   * Keeps the present events from being merged with later ones, because a new watcher's opening covers only
   * the former.
   */
  seal(): void {
    this.#mergeable.clear();
  }

  /** Returns the buffered events of one task. */
  of(id: string): TaskEvent[] {
    return [...this.#events].filter((event) => event.id === id);
  }

  /** Returns all events and empties the buffer; `null` if the limit was exceeded. */
  take(): TaskEvent[] | null {
    const events = this.isOver ? null : [...this.#events];
    this.#forget();
    this.#characters = 0;
    return events;
  }

  #add(event: TaskEvent): void {
    if (event.name === "log") this.#addLines(event);
    else if (event.name === "task.progress") this.#addProgress(event);
    else {
      this.#mergeable.delete(event.id);
      this.#events.add(event);
      // Costs nothing extra: changes of state are always sent, so they are serialised anyway.
      this.#characters += dataOf(event).length;
    }
  }

  #addProgress(event: TaskEvent): void {
    const mergeable = this.#mergeableOf(event.id);
    if (mergeable.progress !== null) this.#events.delete(mergeable.progress);
    mergeable.progress = event;
    this.#events.add(event);
  }

  #addLines(event: TaskEvent & { readonly name: "log" }): void {
    const mergeable = this.#mergeableOf(event.id);
    this.#characters += event.lines.reduce((sum, { text }) => sum + text.length + LINE_CHARACTERS, 0);
    if (mergeable.lines === null) {
      mergeable.lines = { ...event, lines: [...event.lines] };
      this.#events.add(mergeable.lines);
    } else {
      mergeable.lines.seq = event.seq;
      mergeable.lines.lines.push(...event.lines);
    }
  }

  #mergeableOf(id: string): Mergeable {
    let mergeable = this.#mergeable.get(id);
    if (mergeable === undefined) this.#mergeable.set(id, mergeable = { lines: null, progress: null });
    return mergeable;
  }

  #forget(): void {
    this.#events.clear();
    this.#mergeable.clear();
  }
}
