/**
 * Sends the events of a client's tasks to watchers of event streams.
 *
 * @module
 */

import type { RegistryEvent } from "../registry/registry_types.ts";
import { isFinal } from "../task/task.ts";
import { EventBuffer } from "./event_buffer.ts";
import { EventFrame } from "./event_messages.ts";
import type { Publish } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** Watchers, each with the sequence number up to which its first messages cover all changes. */
type Audience = Map<Watcher, number>;

/** The watchers of a client's events, and the events that are not sent to them yet. */
export class EventWatchers {
  readonly #all: Audience = new Map();
  readonly #byTask: Map<string, Audience> = new Map();
  readonly #buffer: EventBuffer;
  /** Final frames for the watchers of single tasks that have ended or were removed. */
  #endings: Publish[] = [];

  /** @param maxCharacters the limit of the event buffer; if it is exceeded, the watchers are disconnected */
  constructor(maxCharacters: number) {
    this.#buffer = new EventBuffer(maxCharacters);
  }

  /** Whether there is no watcher and no pending final frame. */
  get isEmpty(): boolean {
    return this.#all.size === 0 && this.#byTask.size === 0 && this.#endings.length === 0;
  }

  /**
   * Adds a watcher.
   *
   * @param id the id of the watched task, which must not have ended; `null` for all tasks of the client
   * @param watcher the watcher
   * @param seq the sequence number up to which the watcher's first messages cover all changes
   * @returns the audience that the watcher was added to
   */
  add(id: string | null, watcher: Watcher, seq: number): Audience {
    let audience = id === null ? this.#all : this.#byTask.get(id);
    if (audience === undefined) this.#byTask.set(id!, audience = new Map());
    this.#buffer.seal();
    return audience.set(watcher, seq);
  }

  /** Removes a watcher from its audience. */
  delete(id: string | null, audience: Audience, watcher: Watcher): void {
    audience.delete(watcher);
    if (id !== null && audience.size === 0 && this.#byTask.get(id) === audience) this.#byTask.delete(id);
  }

  /** Records a change for the next frame. */
  note(change: RegistryEvent): void {
    const id = change.stored?.id ?? change.removedId!;
    const audience = this.#byTask.get(id);
    if (this.#all.size === 0 && audience === undefined) return;
    this.#buffer.add(change);
    const isLast = change.stored === undefined || isFinal(change.stored.summary.state);
    if (audience === undefined || !isLast || this.#buffer.hasOverflowed) return;
    // A later task with the same id has its own watchers.
    this.#byTask.delete(id);
    const publish = broadcast(audience, new EventFrame(this.#buffer.of(id)));
    this.#endings.push((cursor) => {
      publish(cursor);
      for (const watcher of [...audience.keys()]) watcher.end();
    });
  }

  /** Returns frames with the recorded events for the current watchers. */
  takeFrames(): Publish[] {
    const endings = this.#endings;
    this.#endings = [];
    const events = this.#buffer.take();
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

  /**
   * Returns a frame that sends a message to all current watchers. Watchers that are added after this call get the
   * content of the message in their first messages.
   */
  broadcast(message: string): Publish {
    const audiences = [this.#all, ...this.#byTask.values()].map((audience) =>
      [audience, [...audience.keys()]] as const
    );
    return () => {
      for (const [audience, watchers] of audiences) {
        for (const watcher of watchers) if (audience.has(watcher)) watcher.send(message);
      }
    };
  }

  /**
   * Disconnects the watchers of all tasks, because the event buffer overflowed. When the watchers reconnect,
   * their first messages have the current state of each changed task instead of the events.
   */
  #disconnectAll(): void {
    for (const audience of [this.#all, ...this.#byTask.values()]) {
      for (const watcher of [...audience.keys()]) watcher.end();
    }
  }
}

/**
 * Returns a frame that goes to the current watchers, unless they have disconnected when the frame is
 * published. Watchers that are added after this call get the frame's events in their first messages.
 */
function broadcast(audience: Audience, frame: EventFrame): Publish {
  const watchers = [...audience];
  return (cursor) => {
    for (const [watcher, seq] of watchers) {
      const text = frame.text(cursor, seq);
      if (text !== "" && audience.has(watcher)) watcher.send(text);
    }
  };
}
