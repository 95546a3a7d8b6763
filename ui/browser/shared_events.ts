/**
 * Receives updates as server-sent events over one connection for all tabs, because browsers open at most six HTTP/1.1
 * connections to a server: if every tab had a stream of its own, the seventh tab would wait for ever.
 *
 * @module
 */

import { EventFeed } from "./event_feed.ts";
import { ASK_AGAIN_MS, NOTHING_MORE } from "./request_sources.ts";
import { memberLock, type SentByLeader, SharedChannel, type SharedEnd } from "./shared_channel.ts";
import { StreamLeader } from "./stream_leader.ts";
import type { Subscription, SubscriptionCallbacks, SubscriptionEnd, UpdateSource } from "./update_sources.ts";

/** The options of a {@linkcode sharedEventSource}. */
export interface SharedEventOptions {
  /** The URL of the stream without a query, such as `/events/tasks`. */
  readonly url: string;
  /** The tasks to watch: `client` or `client/id`. */
  readonly watch: string;
  /** Whether the subscription is about a single task; it ends after the task's final state. */
  readonly isOfTask: boolean;
}

/**
 * How long the leader may be silent before a tab pings it, and how long it may take to answer, in milliseconds. A
 * leader that does not answer is frozen, or too busy to lead. The first of the other tabs detects this after about
 * twice this time. Of the two seconds that a change may take, half is then left to join the next leader and open its
 * stream. A tab whose own timer fires late runs on a busy machine, and gives the leader more time: a change of the
 * leader would lose no updates, but cost every tab even more time.
 */
const PATIENCE_MS = 450;
/**
 * The number of milliseconds that the leader gets in addition for each millisecond by which the timer of the asking tab
 * was late.
 */
const LENIENCE = 4;
/**
 * The maximum additional time for the leader, in milliseconds, because the timers of a tab that was suspended are late
 * by far more.
 */
const MAX_EXTRA_MS = 900;

/**
 * Receives updates over the event stream that all tabs of the origin share. The tab that holds a lock is the leader and
 * opens the stream; the browser passes the lock on when that tab is closed. When the leader changes, each subscription
 * joins the new one with the cursor of the last update that it has received, so that no update is lost.
 *
 * All tabs send the same cookies, and the server checks access for each subscription, so that no tab sees more
 * than it could by itself.
 */
export function sharedEventSource(options: SharedEventOptions): UpdateSource {
  return {
    name: "events",
    open: (cursor, callbacks) => new SharedSubscription(options, cursor, callbacks),
  };
}

class SharedSubscription implements Subscription {
  readonly #options: SharedEventOptions;
  readonly #callbacks: SubscriptionCallbacks;
  readonly #name: string;
  readonly #channel: SharedChannel;
  readonly #stopped = new AbortController();
  #feed: EventFeed;
  /** The id under which this subscription has joined the present leader; `""` before the first join. */
  #id = "";
  /** Releases the lock by which the leader sees that this subscription has not ended. */
  #release = () => {};
  #leader: StreamLeader | null = null;
  /** The last message from the leader, to any subscription. */
  #last: Pick<SentByLeader, "leader" | "count"> | null = null;
  /** Aborted to withdraw the request to become the leader. */
  #candidacy = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer is due, in milliseconds. */
  #dueMs = 0;
  #isPinged = false;

  constructor(options: SharedEventOptions, cursor: string, callbacks: SubscriptionCallbacks) {
    this.#options = options;
    this.#callbacks = callbacks;
    this.#name = `taskscope ${options.url}`;
    this.#feed = new EventFeed(cursor, callbacks);
    this.#channel = new SharedChannel(this.#name, (message) => {
      if ("leader" in message) this.#receive(message);
    });
    const { signal } = this.#stopped;
    // A page that is frozen, or in the back/forward cache, must not stay the leader.
    document.addEventListener("freeze", () => this.#end("lost"), { signal });
    addEventListener("pagehide", () => this.#end("lost"), { signal });
    this.#compete();
    this.#join();
    this.#noteLeader();
  }

  close(): void {
    this.#stopped.abort();
    this.#candidacy.abort();
    clearTimeout(this.#timer);
    this.#feed.close();
    this.#release();
    this.#channel.close();
    this.#leader?.close();
  }

  /** Does nothing: the leader passes the keep-alives of the stream on. */
  ping(): void {}

  #end(why: SubscriptionEnd): void {
    if (this.#stopped.signal.aborted) return;
    this.close();
    this.#callbacks.onEnd(why);
  }

  /** Asks the leader for the events after the last one received. */
  #join(): void {
    this.#release();
    const id = this.#id = crypto.randomUUID();
    const { position: cursor } = this.#feed;
    this.#feed.close();
    this.#feed = new EventFeed(cursor, this.#callbacks);
    const held = Promise.withResolvers<void>();
    this.#release = held.resolve;
    // The leader takes a free lock for the end of the subscription, so the lock must be held before the leader gets its
    // name.
    navigator.locks.request(memberLock(this.#name, id), () => {
      if (id === this.#id) this.#channel.send({ type: "join", id, watch: this.#options.watch, cursor });
      return held.promise;
    }).catch(() => {});
  }

  /** Waits until this tab becomes the leader. If `steal` is true, it becomes the leader at once. */
  #compete(steal = false): void {
    this.#candidacy.abort();
    this.#candidacy = new AbortController();
    const { signal } = this.#candidacy;
    navigator.locks.request(this.#name, steal ? { steal } : { signal }, () => {
      if (this.#stopped.signal.aborted) return;
      const led = Promise.withResolvers<void>();
      this.#stopped.signal.addEventListener("abort", () => led.resolve(), { once: true });
      this.#leader = new StreamLeader(this.#options.url, this.#name);
      return led.promise;
    }).catch(() => {
      // Another tab has stolen the lock, or the request was withdrawn.
      if (this.#stopped.signal.aborted || signal.aborted) return;
      this.#leader?.close();
      this.#leader = null;
      this.#compete();
    });
  }

  #receive(message: SentByLeader): void {
    const { leader, count } = message;
    const isNext = this.#last === null || (leader === this.#last.leader && count === this.#last.count + 1);
    this.#last = { leader, count };
    this.#noteLeader();
    // Messages were dropped because this tab did not run for a while, or there is another leader.
    if (!isNext || message.type === "lead") this.#join();
    else if (message.type === "text" && message.ids.includes(this.#id)) this.#push(message.text);
    else if (message.type === "end" && message.ids.includes(this.#id)) this.#ended(message.end);
  }

  #push(text: string): void {
    try {
      this.#feed.push(text);
    } catch {
      // An event that cannot be parsed would leave a gap: reconnect with the old cursor to receive it again.
      this.#end("lost");
    }
  }

  #ended({ status, why }: SharedEnd): void {
    const { isOfTask } = this.#options;
    if (isOfTask && status === NOTHING_MORE) {
      // The task has ended, so there will be no more events.
      this.#callbacks.onActivity();
      this.#feed.tellCurrent();
    } else if (isOfTask && status === 200) {
      setTimeout(() => {
        if (!this.#stopped.signal.aborted) this.#join();
      }, ASK_AGAIN_MS);
    } else this.#end(why);
  }

  /** Restarts the timer that detects a frozen leader. */
  #noteLeader(): void {
    this.#isPinged = false;
    this.#wait();
  }

  #wait(extraMs = 0): void {
    clearTimeout(this.#timer);
    const delayMs = PATIENCE_MS * (1 + Math.random() / 4) + extraMs;
    this.#dueMs = performance.now() + delayMs;
    this.#timer = setTimeout(() => this.#doubt(), delayMs);
  }

  #doubt(): void {
    if (this.#leader !== null) return this.#wait();
    if (this.#isPinged) {
      this.#isPinged = false;
      this.#compete(true);
      return this.#wait();
    }
    this.#isPinged = true;
    this.#channel.send({ type: "ping" });
    this.#wait(Math.min(MAX_EXTRA_MS, LENIENCE * (performance.now() - this.#dueMs)));
  }
}
