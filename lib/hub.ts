/**
 * Tells watchers what changed: serialises once per frame, the same text to everyone who wants the same.
 *
 * @module
 */

import { type Cursor, formatCursor } from "./protocol.ts";
import type { Registry } from "./registry.ts";
import type { RegistryEvent } from "./registry_types.ts";
import type { StorageTrouble, StoredTask } from "./store/store.ts";
import { isTerminal } from "./task.ts";

/** How a {@linkcode Hub} paces its frames. */
export interface HubOptions {
  /** Least time between two frames of one client's tasks, in milliseconds; the first after a pause leaves at once. */
  readonly frameIntervalMs: number;
  /** Bytes of full-state frames that one client's tasks may cause in a second; of more frames, the newest wins. */
  readonly fullStateBytesPerSecond: number;
  /** Is given errors that hold nobody up: a record can't be read. */
  readonly reportError?: (error: unknown) => void;
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

/** A task that changed, or is gone. */
type ChangedTask = readonly [id: string, stored: StoredTask | null];

/** Sends a part of a frame, once its cursor is known. */
type FrameSend = (cursor: string) => void;

/** The watchers of one client's tasks, and what they were not told yet. */
class Feed {
  /** Who wants everything, and the position that each was sent last. */
  readonly full: Map<Watcher, number> = new Map();
  readonly delta: Set<Watcher> = new Set();
  readonly byTask: Map<string, Set<Watcher>> = new Map();
  /** What those are to be sent with the next frame whose task has ended or is gone. */
  endings: FrameSend[] = [];
  /** The newest records of tasks that changed since the last frame; `null` where the task is gone. */
  readonly changed: Map<string, StoredTask | null> = new Map();
  /** Ids of tasks that were removed since the last frame, also where another task has taken the id. */
  readonly removed: Set<string> = new Set();
  /** A frame is made that waits to be shown. */
  isHeld = false;
  /** The whole state but for the cursor, while it stays so: many watchers may come at once, as after a restart. */
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

  /** Whether there is something to tell with the next frame. */
  get hasNews(): boolean {
    return this.changed.size > 0 || this.endings.length > 0;
  }

  get isUnwatched(): boolean {
    return this.full.size === 0 && this.delta.size === 0 && this.byTask.size === 0 &&
      this.endings.length === 0;
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
  readonly #unsubscribe: readonly (() => void)[];
  /** What waits to be shown, in order. */
  #held: Promise<void> = Promise.resolve();
  #heldCount = 0;
  #isDisposed = false;

  /**
   * @param registry what is watched
   * @param options how to pace
   */
  constructor(registry: Registry, options: HubOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#unsubscribe = [
      registry.subscribe((event) => this.#changed(event)),
      registry.onTrouble((trouble) => this.#troubled(trouble)),
    ];
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
    const opening = this.#opening(client, feed, mode, after);
    if (mode === "full") feed.full.set(watcher, this.#registry.lastSeq(client));
    else feed.delta.add(watcher);
    this.#whenShowable((cursor) => {
      if (feed[mode].has(watcher)) opening(cursor).forEach((message) => watcher.send(message));
    });
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
    const opening = taskMessage("initial_state", stored);
    if (isTerminal(state)) {
      let hasLeft = false;
      this.#whenShowable(() => {
        if (hasLeft) return;
        watcher.send(opening);
        watcher.end();
      });
      return () => {
        hasLeft = true;
      };
    }
    const feed = this.#feedOf(client);
    this.#frame(client, feed);
    let watchers = feed.byTask.get(id);
    if (watchers === undefined) feed.byTask.set(id, watchers = new Set());
    watchers.add(watcher);
    this.#whenShowable(() => watchers.has(watcher) && watcher.send(opening));
    return () =>
      this.#leave(client, feed, () => {
        watchers.delete(watcher);
        // Another task may have taken the id since.
        if (watchers.size === 0 && feed.byTask.get(id) === watchers) feed.byTask.delete(id);
      });
  }

  /** Sends what is pending now, however soon after the last frame; resolves when it is sent. */
  async flush(): Promise<void> {
    do {
      for (const [client, feed] of this.#feeds) {
        this.#frame(client, feed);
        this.#frameFullNow(client, feed);
      }
      await this.#held;
    } while ([...this.#feeds.values()].some((feed) => feed.hasNews));
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const feed of this.#feeds.values()) feed.stop();
    this.#feeds.clear();
  }

  /**
   * Runs what shows the present state once that may be shown; in the order of the calls, and at once where it may.
   *
   * @param show is given the cursor of the present state; of the other epoch where its commit has failed meanwhile
   */
  #whenShowable(show: (cursor: string) => void): void {
    const { cursor } = this.#registry;
    const showable = this.#registry.whenShowable();
    if (showable === null && this.#heldCount === 0) return show(formatCursor(cursor));
    this.#heldCount++;
    this.#held = this.#held.then(() => showable).then((isCommitted) => {
      this.#heldCount--;
      const { epoch } = isCommitted === false ? this.#registry.cursor : cursor;
      if (!this.#isDisposed) show(formatCursor({ epoch, seq: cursor.seq }));
    });
  }

  #troubled(trouble: StorageTrouble | null): void {
    const message = troubleMessage(trouble);
    for (const feed of this.#feeds.values()) {
      const watchers = [...feed.delta];
      // Not before an opening that waits.
      this.#whenShowable(() => {
        for (const watcher of watchers) if (feed.delta.has(watcher)) watcher.send(message);
      });
    }
  }

  /** What a new watcher is sent first: the messages, but for the cursor. */
  #opening(
    client: string,
    feed: Feed,
    mode: WatchMode,
    after: Cursor | null,
  ): (cursor: string) => string[] {
    const missed = mode === "full" || after === null ? undefined : this.#registry.changesSince(client, after);
    const news = mode === "delta" && this.#registry.trouble !== null
      ? [troubleMessage(this.#registry.trouble)]
      : [];
    if (missed !== undefined) {
      // Read now: a record on disk may be gone when it may be shown.
      const delta = deltaOf(missed.tasks, missed.removed.map((gone) => gone.id));
      return (cursor) => [deltaMessage(cursor, delta), ...news];
    }
    const envelope = this.#envelope(client, feed);
    const resync = mode === "delta" && after !== null ? ['{"type":"resync"}'] : [];
    return (cursor) => [...resync, fullMessage("initial_state", envelope, cursor), ...news];
  }

  #envelope(client: string, feed: Feed): string {
    return feed.envelope ??= envelopeOf(this.#registry, client);
  }

  #feedOf(client: string): Feed {
    let feed = this.#feeds.get(client);
    if (feed === undefined) this.#feeds.set(client, feed = new Feed());
    return feed;
  }

  #leave(client: string, feed: Feed, remove: () => void): void {
    remove();
    this.#dropUnwatched(client, feed);
  }

  #dropUnwatched(client: string, feed: Feed): void {
    if (!feed.isUnwatched || this.#feeds.get(client) !== feed) return;
    feed.stop();
    this.#feeds.delete(client);
  }

  #changed(event: RegistryEvent): void {
    const feed = this.#feeds.get(event.client);
    if (feed === undefined) return;
    feed.envelope = null;
    const { stored } = event;
    const id = event.stored === undefined ? event.removedId : event.stored.id;
    if (stored === undefined || isTerminal(stored.task.state)) {
      this.#endTask(feed, id, stored ?? feed.changed.get(id) ?? null);
    }
    feed.changed.set(id, stored ?? null);
    if (stored === undefined) feed.removed.add(id);
    this.#schedule(event.client, feed);
  }

  #schedule(client: string, feed: Feed): void {
    if (feed.scheduled) return;
    feed.scheduled = true;
    const waitMs = feed.framedMs + this.#options.frameIntervalMs - Date.now();
    // Once this turn is over; also where a clock was set back, which must not hold frames up.
    if (waitMs <= 0 || waitMs > this.#options.frameIntervalMs) {
      queueMicrotask(() => this.#frame(client, feed));
    } else {
      feed.timer = setTimeout(() => this.#frame(client, feed), waitMs);
    }
  }

  #frame(client: string, feed: Feed): void {
    clearTimeout(feed.timer);
    feed.timer = undefined;
    feed.scheduled = false;
    // One frame waits at most; what changes meanwhile is in the next one.
    if (feed.isHeld || !feed.hasNews || this.#feeds.get(client) !== feed) return;
    const changed = [...feed.changed];
    const sends = [...this.#deltaSends(feed, changed), ...this.#taskSends(feed, changed), ...feed.endings];
    feed.endings = [];
    feed.changed.clear();
    feed.removed.clear();
    feed.framedMs = Date.now();
    feed.isHeld = true;
    this.#whenShowable((cursor) => {
      feed.isHeld = false;
      for (const send of sends) send(cursor);
      if (feed.full.size > 0) this.#frameFull(client, feed);
      if (feed.hasNews) this.#schedule(client, feed);
      this.#dropUnwatched(client, feed);
    });
  }

  #deltaSends(feed: Feed, changed: readonly ChangedTask[]): FrameSend[] {
    if (feed.delta.size === 0) return [];
    const tasks = changed.map(([, stored]) => stored).filter((stored) => stored !== null);
    const delta = deltaOf(tasks, [...feed.removed]);
    // Who comes while the frame waits has what is in it from its opening.
    const watchers = [...feed.delta];
    return [(cursor) => {
      const message = deltaMessage(cursor, delta);
      for (const watcher of watchers) if (feed.delta.has(watcher)) watcher.send(message);
    }];
  }

  #taskSends(feed: Feed, changed: readonly ChangedTask[]): FrameSend[] {
    if (feed.byTask.size === 0) return [];
    return changed.flatMap(([id, stored]) => {
      const watchers = feed.byTask.get(id);
      if (watchers === undefined || stored === null) return [];
      const message = taskMessage("state_update", stored);
      const told = [...watchers];
      return [() => {
        for (const watcher of told) if (watchers.has(watcher)) watcher.send(message);
      }];
    });
  }

  /** Who watches a task that has ended, or is gone, is sent its last record; whoever takes its id is another task. */
  #endTask(feed: Feed, id: string, last: StoredTask | null): void {
    const watchers = feed.byTask.get(id);
    if (watchers === undefined) return;
    feed.byTask.delete(id);
    const message = last === null ? null : taskMessage("state_update", last);
    feed.endings.push(() => {
      for (const watcher of [...watchers]) {
        if (message !== null) watcher.send(message);
        watcher.end();
      }
    });
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
    const behind = this.#behind(client, feed);
    const ready = behind.filter((watcher) => !watcher.saturated);
    if (ready.length > 0) this.#sendFull(client, feed, ready);
    if (ready.length < behind.length && this.#feeds.get(client) === feed) {
      feed.retryTimer ??= setTimeout(() => {
        feed.retryTimer = undefined;
        this.#frameFull(client, feed);
      }, SATURATED_RETRY_MS);
    }
  }

  /** Sends the state to all who do not have it, however large it is and however slow they are. */
  #frameFullNow(client: string, feed: Feed): void {
    clearTimeout(feed.fullTimer);
    feed.fullTimer = undefined;
    this.#sendFull(client, feed, this.#behind(client, feed));
  }

  /** The state; `null` where a record can't be read, which the next change may find otherwise. */
  #readEnvelope(client: string, feed: Feed): string | null {
    try {
      return this.#envelope(client, feed);
    } catch (error) {
      this.#options.reportError?.(error);
      return null;
    }
  }

  /** Who wants everything and was not sent the present state. */
  #behind(client: string, feed: Feed): Watcher[] {
    const seq = this.#registry.lastSeq(client);
    return [...feed.full].filter(([, sentSeq]) => sentSeq !== seq).map(([watcher]) => watcher);
  }

  #sendFull(client: string, feed: Feed, watchers: readonly Watcher[]): void {
    if (watchers.length === 0) return;
    const seq = this.#registry.lastSeq(client);
    const envelope = this.#readEnvelope(client, feed);
    if (envelope === null) return;
    feed.fullAllowedMs = Date.now() + (envelope.length / this.#options.fullStateBytesPerSecond) * 1000;
    for (const watcher of watchers) if (feed.full.has(watcher)) feed.full.set(watcher, seq);
    this.#whenShowable((cursor) => {
      const message = fullMessage("state_update", envelope, cursor);
      for (const watcher of watchers) if (feed.full.has(watcher)) watcher.send(message);
    });
  }
}

/**
 * The contract's envelope of all tasks of a client, without its braces and its cursor.
 *
 * @param registry where the tasks are
 * @param client the client token
 * @returns `"active_tasks":[…],"all_tasks":{…}`; active ones newest first
 */
export function envelopeOf(registry: Registry, client: string): string {
  const all: string[] = [];
  const active: string[] = [];
  for (const stored of registry.list(client)) {
    const { json } = stored;
    all.push(`${JSON.stringify(stored.id)}:${json}`);
    if (stored.active) active.push(json);
  }
  return `"active_tasks":[${active.reverse().join()}],"all_tasks":{${all.join()}}`;
}

function fullMessage(type: "initial_state" | "state_update", envelope: string, cursor: string): string {
  return `{"type":"${type}",${envelope},"cursor":"${cursor}"}`;
}

/** What changed, as the end of a message: removals come first where a task is in both lists. */
function deltaOf(tasks: readonly StoredTask[], removed: readonly string[]): string {
  const records = tasks.length === 1 ? tasks[0]!.json : tasks.map((stored) => stored.json).join();
  return `"tasks":[${records}],"removed":${JSON.stringify(removed)}}`;
}

function deltaMessage(cursor: string, delta: string): string {
  return `{"type":"task_update","cursor":"${cursor}",${delta}`;
}

function troubleMessage(trouble: StorageTrouble | null): string {
  return JSON.stringify({ type: "degraded", detail: trouble?.error.reason ?? null });
}

function taskMessage(type: "initial_state" | "state_update", stored: StoredTask): string {
  return `{"type":"${type}",${stored.json.slice(1)}`;
}
