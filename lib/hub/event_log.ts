/**
 * The events that are not told yet.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import type { LogLine } from "../task/task.ts";
import { dataOf, eventsOf, type TaskEvent } from "./task_events.ts";

/** What a line takes beside its text. */
const LINE_CHARACTERS = 40;

/** Lines of a log, which more may be added to. */
interface PendingLines {
  readonly name: "log";
  readonly id: string;
  seq: number;
  readonly first: number;
  readonly lines: LogLine[];
}

/** What of one task may still be merged: nothing, once its state has changed. */
interface Mergeable {
  lines: PendingLines | null;
  progress: TaskEvent | null;
}

/**
 * Events in the order in which they are to be told. Of progress, which is anything but a change of state, only the newest
 * is kept, and it moves behind what happened before it; lines that follow each other become one event. Beyond that,
 * nothing is merged and nothing of one task is told in another order.
 */
export class EventLog {
  readonly #mostCharacters: number;
  readonly #events: Set<TaskEvent> = new Set();
  readonly #mergeable: Map<string, Mergeable> = new Map();
  #characters = 0;

  /** @param mostCharacters how much may be kept, but for progress, of which there is no more than there are tasks */
  constructor(mostCharacters: number) {
    this.#mostCharacters = mostCharacters;
  }

  /** Whether there is more than may be kept, so that nothing is. */
  get isOver(): boolean {
    return this.#characters > this.#mostCharacters;
  }

  /** Adds what a change is told as. */
  add(change: RegistryEvent): void {
    if (this.isOver) return;
    for (const event of eventsOf(change)) this.#add(event);
    if (this.isOver) this.#forget();
  }

  /** Merges what is there with nothing that comes: somebody has come who knows what is there. */
  seal(): void {
    this.#mergeable.clear();
  }

  /** What happened to one task so far. */
  of(id: string): TaskEvent[] {
    return [...this.#events].filter((event) => event.id === id);
  }

  /** Takes everything; `null` where it was more than could be kept. */
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
      // They are written in any case.
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
