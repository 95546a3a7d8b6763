/**
 * Tells watchers what changed: serialises once per frame, the same text to everyone who wants the same.
 *
 * @module
 */

import { type Cursor, formatCursor } from "./protocol.ts";
import type { Registry, RegistryEvent } from "./registry.ts";
import type { StoredTask } from "./store/store.ts";
import { isTerminal } from "./task.ts";

/** How a {@linkcode Hub} paces its frames. */
export interface HubOptions {
  /** Least time between two frames of one client's tasks, in milliseconds; the first after a pause leaves at once. */
  readonly frameIntervalMs: number;
  /** Bytes of full-state frames that one client's tasks may cause in a second; of more frames, the newest wins. */
  readonly fullStateBytesPerSecond: number;
}

/** How soon a watcher that could not take a full state is offered the newest one, in milliseconds. */
const SATURATED_RETRY_MS = 250;

/** Somebody who watches. */
export interface Watcher {
  /** Whether so much is still on its way that a full state had better wait for the next, newer one. */
  readonly saturated: boolean;
  /** Takes a message. Must not throw. */
  send(message: string): void;
  /** Nothing will follow: the watched task has ended, or is gone. */
  end(): void;
}

/** What a watcher wants to see. */
export type WatchMode = "full" | "delta";

/** The watchers of one client's tasks, and what they were not told yet. */
class Feed {
  /** Who wants everything, and the position that each was sent last. */
  readonly full: Map<Watcher, number> = new Map();
  readonly delta: Set<Watcher> = new Set();
  readonly byTask: Map<string, Set<Watcher>> = new Map();
  /** The newest records of tasks that changed since the last frame; `null` where the task is gone. */
  readonly changed: Map<string, StoredTask | null> = new Map();
  /** The whole state as of now, while it stays so: many watchers may come at once, as after a restart. */
  envelope: string | null = null;
  /** A frame is due, be it by the timer or at the end of this turn. */
  scheduled = false;
  timer: ReturnType<typeof setTimeout> | undefined;
  framedMs = 0;
  fullTimer: ReturnType<typeof setTimeout> | undefined;
  /** Runs while somebody could not take the newest full state. */
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Before this time no full-state frame may be sent. */
  fullAllowedMs = 0;

  get isUnwatched(): boolean {
    return this.full.size === 0 && this.delta.size === 0 && this.byTask.size === 0;
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.fullTimer);
    clearTimeout(this.retryTimer);
    this.timer = undefined;
    this.fullTimer = undefined;
    this.retryTimer = undefined;
  }
}

/** Stands between the registry and the watchers. What nobody watches costs one look-up a change. */
export class Hub implements Disposable {
  readonly #registry: Registry;
  readonly #options: HubOptions;
  readonly #feeds: Map<string, Feed> = new Map();
  readonly #unsubscribe: () => void;

  /**
   * @param registry what is watched
   * @param options how to pace
   */
  constructor(registry: Registry, options: HubOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#unsubscribe = registry.subscribe((event) => this.#changed(event));
  }

  /**
   * Watches all tasks of a client: sends the state, or what a position misses, and then every change.
   *
   * @param client the client token
   * @param watcher who watches
   * @param mode whether each message is to hold everything, or what changed
   * @param after the last position that the watcher has seen
   * @returns a function that ends it
   */
  watch(client: string, watcher: Watcher, mode: WatchMode, after: Cursor | null): () => void {
    const feed = this.#feedOf(client);
    // What is still to be framed is in the state that this watcher gets, so the others get it first.
    this.#frame(client, feed);
    watcher.send(this.#opening(client, feed, mode, after, watcher));
    if (mode === "full") feed.full.set(watcher, this.#registry.lastSeq(client));
    else feed.delta.add(watcher);
    return () => this.#leave(client, feed, () => feed[mode].delete(watcher));
  }

  /**
   * Watches one task: sends its record and then every change, until it has ended.
   *
   * @param client the client token
   * @param stored the task
   * @param watcher who watches
   * @returns a function that ends it
   */
  watchTask(client: string, stored: StoredTask, watcher: Watcher): () => void {
    const { id, state } = stored.task;
    if (isTerminal(state)) {
      watcher.send(taskMessage("initial_state", stored));
      watcher.end();
      return () => {};
    }
    const feed = this.#feedOf(client);
    this.#frame(client, feed);
    watcher.send(taskMessage("initial_state", stored));
    let watchers = feed.byTask.get(id);
    if (watchers === undefined) feed.byTask.set(id, watchers = new Set());
    watchers.add(watcher);
    return () =>
      this.#leave(client, feed, () => {
        watchers.delete(watcher);
        // Another task may have taken the id since.
        if (watchers.size === 0 && feed.byTask.get(id) === watchers) feed.byTask.delete(id);
      });
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    for (const feed of this.#feeds.values()) feed.stop();
    this.#feeds.clear();
  }

  #opening(client: string, feed: Feed, mode: WatchMode, after: Cursor | null, watcher: Watcher): string {
    const cursor = formatCursor(this.#registry.cursor);
    if (mode === "full" || after === null) return this.#fullMessage("initial_state", client, feed);
    const missed = this.#registry.changesSince(client, after);
    if (missed !== undefined) {
      return deltaMessage(cursor, missed.tasks, missed.removed.map((gone) => gone.id));
    }
    watcher.send('{"type":"resync"}');
    return this.#fullMessage("initial_state", client, feed);
  }

  #fullMessage(type: "initial_state" | "state_update", client: string, feed: Feed): string {
    feed.envelope ??= envelopeOf(this.#registry, client);
    return `{"type":"${type}",${feed.envelope}}`;
  }

  #feedOf(client: string): Feed {
    let feed = this.#feeds.get(client);
    if (feed === undefined) this.#feeds.set(client, feed = new Feed());
    return feed;
  }

  #leave(client: string, feed: Feed, remove: () => void): void {
    remove();
    if (!feed.isUnwatched || this.#feeds.get(client) !== feed) return;
    feed.stop();
    this.#feeds.delete(client);
  }

  #changed(event: RegistryEvent): void {
    const feed = this.#feeds.get(event.client);
    if (feed === undefined) return;
    feed.envelope = null;
    if (event.stored === undefined) {
      // Who watches this very task hears of its end before it is gone.
      if (feed.byTask.has(event.removedId)) this.#frame(event.client, feed);
      // It may have been the last watcher, and have left.
      if (this.#feeds.get(event.client) !== feed) return;
      feed.changed.set(event.removedId, null);
    } else {
      feed.changed.set(event.stored.task.id, event.stored);
    }
    if (feed.scheduled) return;
    feed.scheduled = true;
    const waitMs = feed.framedMs + this.#options.frameIntervalMs - Date.now();
    // Once this turn is over; also where a clock was set back, which must not hold frames up.
    if (waitMs <= 0 || waitMs > this.#options.frameIntervalMs) {
      queueMicrotask(() => this.#frame(event.client, feed));
    } else {
      feed.timer = setTimeout(() => this.#frame(event.client, feed), waitMs);
    }
  }

  #frame(client: string, feed: Feed): void {
    clearTimeout(feed.timer);
    feed.timer = undefined;
    feed.scheduled = false;
    if (feed.changed.size === 0 || this.#feeds.get(client) !== feed) return;
    const changed = [...feed.changed];
    feed.changed.clear();
    feed.framedMs = Date.now();
    if (feed.delta.size > 0) {
      const tasks = changed.map(([, stored]) => stored).filter((stored) => stored !== null);
      const removed = changed.filter(([, stored]) => stored === null).map(([id]) => id);
      const message = deltaMessage(formatCursor(this.#registry.cursor), tasks, removed);
      for (const watcher of feed.delta) watcher.send(message);
    }
    if (feed.byTask.size > 0) {
      for (const [id, stored] of changed) this.#tellTask(feed, id, stored);
    }
    if (feed.full.size > 0) this.#frameFull(client, feed);
  }

  #tellTask(feed: Feed, id: string, stored: StoredTask | null): void {
    const watchers = feed.byTask.get(id);
    if (watchers === undefined) return;
    const message = stored === null ? null : taskMessage("state_update", stored);
    const over = stored === null || isTerminal(stored.task.state);
    for (const watcher of watchers) {
      if (message !== null) watcher.send(message);
      if (over) watcher.end();
    }
    if (over) feed.byTask.delete(id);
  }

  #frameFull(client: string, feed: Feed): void {
    if (feed.fullTimer !== undefined) return;
    const waitMs = feed.fullAllowedMs - Date.now();
    if (waitMs > 0) {
      feed.fullTimer = setTimeout(() => {
        feed.fullTimer = undefined;
        this.#frameFull(client, feed);
      }, waitMs);
      return;
    }
    const seq = this.#registry.lastSeq(client);
    const behind = [...feed.full].filter(([, sentSeq]) => sentSeq !== seq).map(([watcher]) => watcher);
    const ready = behind.filter((watcher) => !watcher.saturated);
    if (ready.length > 0) {
      const message = this.#fullMessage("state_update", client, feed);
      feed.fullAllowedMs = Date.now() + (message.length / this.#options.fullStateBytesPerSecond) * 1000;
      for (const watcher of ready) {
        // Noted first: a watcher may leave while it is told.
        if (!feed.full.has(watcher)) continue;
        feed.full.set(watcher, seq);
        watcher.send(message);
      }
    }
    if (ready.length < behind.length && this.#feeds.get(client) === feed) {
      feed.retryTimer ??= setTimeout(() => {
        feed.retryTimer = undefined;
        this.#frameFull(client, feed);
      }, SATURATED_RETRY_MS);
    }
  }
}

/**
 * The contract's envelope of all tasks of a client, without its braces.
 *
 * @param registry where the tasks are
 * @param client the client token
 * @returns `"active_tasks":[…],"all_tasks":{…},"cursor":…`; active ones newest first
 */
export function envelopeOf(registry: Registry, client: string): string {
  const all: string[] = [];
  const active: string[] = [];
  for (const stored of registry.list(client)) {
    all.push(`${JSON.stringify(stored.task.id)}:${stored.json}`);
    if (stored.task.active) active.push(stored.json);
  }
  const cursor = formatCursor(registry.cursor);
  return `"active_tasks":[${active.reverse().join()}],"all_tasks":{${all.join()}},"cursor":"${cursor}"`;
}

function deltaMessage(cursor: string, tasks: readonly StoredTask[], removed: readonly string[]): string {
  const records = tasks.length === 1 ? tasks[0]!.json : tasks.map((stored) => stored.json).join();
  return `{"type":"task_update","cursor":"${cursor}","tasks":[${records}],"removed":${
    JSON.stringify(removed)
  }}`;
}

function taskMessage(type: "initial_state" | "state_update", stored: StoredTask): string {
  return `{"type":"${type}",${stored.json.slice(1)}`;
}
