/**
 * Those who watch what happens, event by event.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import { isFinal } from "../task/task.ts";
import { EventLog } from "./event_log.ts";
import { EventFrame } from "./event_messages.ts";
import type { Publish } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** Watchers, and the number up to which each of them knows everything from its opening. */
type Audience = Map<Watcher, number>;

/** The watchers of a client's events, and what they were not told yet. */
export class EventWatchers {
  readonly #all: Audience = new Map();
  readonly #byTask: Map<string, Audience> = new Map();
  readonly #log: EventLog;
  /** What those are to be sent with the next frame whose task has ended or is gone. */
  #endings: Publish[] = [];

  /** @param mostCharacters how much may wait to be shown; of more, they are cut */
  constructor(mostCharacters: number) {
    this.#log = new EventLog(mostCharacters);
  }

  /** Whether nobody is there, and nobody has to be told of an end. */
  get isEmpty(): boolean {
    return this.#all.size === 0 && this.#byTask.size === 0 && this.#endings.length === 0;
  }

  /**
   * Adds somebody.
   *
   * @param id the task that is watched, which has not ended; `null` for all of the client's
   * @param watcher who watches
   * @param seq the number up to which the opening tells everything
   * @returns all who watch the same, of whom the watcher is one until it leaves
   */
  add(id: string | null, watcher: Watcher, seq: number): Audience {
    let audience = id === null ? this.#all : this.#byTask.get(id);
    if (audience === undefined) this.#byTask.set(id!, audience = new Map());
    this.#log.seal();
    return audience.set(watcher, seq);
  }

  /** Somebody of those who watch the same has left. */
  delete(id: string | null, audience: Audience, watcher: Watcher): void {
    audience.delete(watcher);
    if (id !== null && audience.size === 0 && this.#byTask.get(id) === audience) this.#byTask.delete(id);
  }

  /** Hears of a change. */
  note(change: RegistryEvent): void {
    const id = change.stored?.id ?? change.removedId!;
    const audience = this.#byTask.get(id);
    if (this.#all.size === 0 && audience === undefined) return;
    this.#log.add(change);
    const isLast = change.stored === undefined || isFinal(change.stored.task.state);
    if (audience === undefined || !isLast || this.#log.isOver) return;
    // Whoever takes the id is another task.
    this.#byTask.delete(id);
    const publish = broadcast(audience, new EventFrame(this.#log.of(id)));
    this.#endings.push((cursor) => {
      publish(cursor);
      for (const watcher of [...audience.keys()]) watcher.end();
    });
  }

  /** Makes frames of what those who are there now were not told. */
  takeFrames(): Publish[] {
    const endings = this.#endings;
    this.#endings = [];
    const events = this.#log.take();
    if (events === null) return [...endings, () => this.#disconnectAll()];
    if (events.length === 0) return endings;
    const frames = this.#all.size === 0 ? [] : [broadcast(this.#all, new EventFrame(events))];
    const byTask = this.#byTask.size === 0 ? [] : Map.groupBy(events, ({ id }) => id);
    for (const [id, ofTask] of byTask) {
      const audience = this.#byTask.get(id);
      if (audience !== undefined) frames.push(broadcast(audience, new EventFrame(ofTask)));
    }
    return [...frames, ...endings];
  }

  /** Sends a message to those who watch all, once it may be shown; who comes until then is told by the opening. */
  broadcast(message: string): Publish {
    const watchers = [...this.#all.keys()];
    return () => {
      for (const watcher of watchers) if (this.#all.has(watcher)) watcher.send(message);
    };
  }

  /** More has happened than could be kept for them: they may come back, and are told by state. */
  #disconnectAll(): void {
    for (const audience of [this.#all, ...this.#byTask.values()]) {
      for (const watcher of [...audience.keys()]) watcher.end();
    }
  }
}

/** Sends a frame to those who are there now and when it may be shown; who comes until then is told by the opening. */
function broadcast(audience: Audience, frame: EventFrame): Publish {
  const watchers = [...audience];
  return (cursor) => {
    for (const [watcher, seq] of watchers) {
      const text = frame.text(cursor, seq);
      if (text !== "" && audience.has(watcher)) watcher.send(text);
    }
  };
}
