/**
 * Buffers and coalesces events until they are sent.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { LogLine } from "../task/task.ts";
import { dataOf, eventsOf, type TaskEvent } from "./task_events.ts";

/** The length of the JSON of a log line without its text, in characters. */
const LINE_CHARACTERS = 40;

/** A buffered event with log lines, to which later lines may be appended. */
interface PendingLines {
  readonly name: "log";
  readonly id: string;
  seq: number;
  readonly first: number;
  readonly lines: LogLine[];
}

/**
 * The buffered events of one task that may still be coalesced with later events. After a change of state, a
 * task has no such events.
 */
interface Mergeable {
  lines: PendingLines | null;
  progress: TaskEvent | null;
}

/**
 * A buffer of events in the order of sending. Progress events, which stand for any change other than a change
 * of state, are coalesced: only a task's newest progress event is kept, after the task's earlier events.
 * Consecutive log lines are merged into one event. Other events are not coalesced, and the events of one task
 * are never reordered.
 */
export class EventBuffer {
  readonly #maxCharacters: number;
  readonly #events: Set<TaskEvent> = new Set();
  readonly #mergeable: Map<string, Mergeable> = new Map();
  #characters = 0;

  /**
   * @param maxCharacters the maximum size of the buffer in characters, not counting progress events, of which
   * there is at most one per task
   */
  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** Whether the buffer exceeded its limit, and was emptied for that reason. */
  get hasOverflowed(): boolean {
    return this.#characters > this.#maxCharacters;
  }

  /** Appends the events of a change. */
  add(change: RegistryEvent): void {
    if (this.hasOverflowed) return;
    for (const event of eventsOf(change)) this.#add(event);
    if (this.hasOverflowed) this.#forget();
  }

  /**
   * Prevents the buffered events from being merged with later ones, because the first messages of a new
   * watcher contain the changes of the buffered events only.
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
    const events = this.hasOverflowed ? null : [...this.#events];
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
      // Serialising the event here costs nothing extra: changes of state are never dropped, so each of them
      // has to be serialised anyway.
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
    const { lines: pending } = mergeable;
    // On a node that follows another node, lines may be missing before these.
    if (pending === null || pending.first + pending.lines.length !== event.first) {
      mergeable.lines = { ...event, lines: [...event.lines] };
      this.#events.add(mergeable.lines);
    } else {
      pending.seq = event.seq;
      pending.lines.push(...event.lines);
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
