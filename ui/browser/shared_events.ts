/**
 * Receives updates as server-sent events over one connection for all tabs, because browsers open at most six
 * HTTP/1.1 connections to a server: the seventh tab with a stream of its own would wait for ever.
 *
 * @module
 */

import { EventFeed } from "./event_feed.ts";
import { ASK_AGAIN_MS, NOTHING_MORE } from "./request_sources.ts";
import { memberLock, type SentByLeader, SharedChannel, type SharedEnd } from "./shared_channel.ts";
import { StreamLeader } from "./stream_leader.ts";
import type { Subscription, SubscriptionCallbacks, UpdateSource } from "./update_sources.ts";

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
 * How long the leader may be silent before a tab pings it, and how long it may take to answer, in milliseconds. A leader
 * that does not answer is frozen, or too busy to lead. Of several tabs, the first one notices that after about twice this
 * time, which leaves half of two seconds for joining the next leader and for its stream. A tab whose own timer is late runs
 * on a busy machine, where it gives the leader more time: another leader would cost every tab more time still, although
 * nothing would be lost.
 */
const PATIENCE_MS = 450;
/** How much longer the leader may take to answer, for each millisecond that the timer of the asking tab was late. */
const LENIENCE = 4;
/** The maximum that the leader may take longer, in milliseconds: the timers of a tab that was suspended are later by far. */
const MAX_EXTRA_MS = 900;

/**
 * Receives updates over the event stream that all tabs of the origin share. The tab that holds a lock is the
 * leader and opens the stream; the browser passes the lock on when that tab is closed. A subscription joins each
 * leader with the cursor of what it has received, so that nothing is lost.
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
  /** The id at the present leader; `""` before the first join. */
  #id = "";
  /** Releases the lock that shows the leader that this subscription has not ended. */
  #release = () => {};
  #leader: StreamLeader | null = null;
  /** The last message of the leader, of any tab. */
  #last: Pick<SentByLeader, "leader" | "count"> | null = null;
  /** Withdraws the request to become the leader. */
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
    // A page that is frozen, or put into the back/forward cache, must not keep others from leading.
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

  #end(why: "lost" | "refused"): void {
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
    // The leader waits for this lock, so it must be held before the leader hears of it.
    navigator.locks.request(memberLock(this.#name, id), () => {
      if (id === this.#id) this.#channel.send({ type: "join", id, watch: this.#options.watch, cursor });
      return held.promise;
    }).catch(() => {});
  }

  /** Waits until this tab is the leader; stealing the lock makes it so at once. */
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
    // This tab did not run for a while, so that messages were dropped, or there is another leader.
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

  #ended({ status, isRefusal }: SharedEnd): void {
    const { isOfTask } = this.#options;
    if (isRefusal) this.#end("refused");
    else if (isOfTask && status === NOTHING_MORE) {
      // The task has ended, so there will be no more events.
      this.#callbacks.onActivity();
      this.#feed.tellCurrent();
    } else if (isOfTask && status === 200) {
      setTimeout(() => {
        if (!this.#stopped.signal.aborted) this.#join();
      }, ASK_AGAIN_MS);
    } else this.#end("lost");
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
