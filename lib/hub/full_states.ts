/**
 * Sends full states to watchers, throttled by size, because a full state grows with the number of tasks.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import type { RegistryReader } from "../registry/registry_reader.ts";
import type { Text } from "./long_text.ts";
import { envelopeOf, fullMessage } from "./messages.ts";
import type { PublishQueue } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** The delay before the newest state is sent to a watcher whose queue was full, in milliseconds. */
const SATURATED_RETRY_MS = 250;
/** The delay before a state that could not be read is read again, in milliseconds. */
const ERROR_RETRY_MS = 5_000;

/** Stands for the sequence number of the last state of a watcher that lacks the newest one. */
const NONE_SENT = -1;

/** Options of {@linkcode FullStates}. */
export interface FullStatesOptions {
  /**
   * The maximum number of bytes of full states per second and client. States beyond this limit are skipped,
   * and the newest state is sent later.
   */
  readonly fullStateBytesPerSecond: number;
  /** Called with errors that affect only one message, such as a record that can't be read. */
  readonly reportError?: (error: unknown) => void;
}

/** The watchers that get a client's full state with each message. */
export class FullStates {
  readonly #registry: RegistryReader;
  readonly #client: string;
  readonly #queue: PublishQueue;
  readonly #options: FullStatesOptions;
  /** The watchers, each with the sequence number of the last state that was sent to the watcher. */
  readonly #watchers: Map<Watcher, number> = new Map();
  /**
   * The serialised state without its cursor, cached until the next change, because many watchers may connect
   * at once, such as after a restart.
   */
  #kept: MaybePromise<Text> | null = null;
  /** The newest first message, which is the same for all watchers that connect between two changes. */
  #first: { readonly envelope: Text; readonly cursor: string; readonly message: Text } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The timer that runs while a watcher could not accept the newest state, or the state could not be read. */
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** The earliest time for the next state, in epoch milliseconds. */
  #allowedMs = 0;
  #isStopped = false;
  /** Whether a state is being read from the store. Later changes are sent once it has been read. */
  #isReading = false;

  /**
   * @param registry the source of the tasks
   * @param client the client token
   * @param queue the queue that publishes the messages
   * @param options the throttle, and a callback for errors
   */
  constructor(registry: RegistryReader, client: string, queue: PublishQueue, options: FullStatesOptions) {
    this.#registry = registry;
    this.#client = client;
    this.#queue = queue;
    this.#options = options;
  }

  /** Whether there is no watcher. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** The serialised state without its cursor; throws or rejects if a record can't be read. */
  get envelope(): MaybePromise<Text> {
    if (this.#kept !== null) return this.#kept;
    const envelope = envelopeOf(this.#registry, this.#client);
    this.#kept = envelope;
    const keep = (kept: Text | null) => {
      if (this.#kept === envelope) this.#kept = kept;
    };
    if (envelope instanceof Promise) envelope.then(keep, () => keep(null));
    return envelope;
  }

  /**
   * Returns the first message of a watcher.
   *
   * @param envelope the state when the watcher was added
   * @param cursor the position of that state
   */
  firstMessage(envelope: Text, cursor: string): Text {
    if (this.#first?.envelope !== envelope || this.#first.cursor !== cursor) {
      this.#first = { envelope, cursor, message: fullMessage("initial_state", envelope, cursor) };
    }
    return this.#first.message;
  }

  /** Adds a watcher whose first message is the current state. */
  add(watcher: Watcher): void {
    this.#watchers.set(watcher, this.#registry.lastSeq(this.#client));
  }

  /** Returns whether a watcher is registered: added and not removed. */
  has(watcher: Watcher): boolean {
    return this.#watchers.has(watcher);
  }

  /** Removes a watcher. */
  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Invalidates the serialised state after a change. */
  note(): void {
    this.#kept = null;
    this.#first = null;
  }

  /**
   * Sends the newest state to all watchers that do not have it yet, as soon as the throttle allows. Slow
   * watchers get the state later.
   */
  frame(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined || this.#isReading) return;
    const waitMs = this.#allowedMs - monotonicMs();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.frame();
      }, waitMs);
      return;
    }
    const behind = this.#behind();
    const ready = behind.filter((watcher) => !watcher.saturated);
    this.#send(ready);
    if (ready.length < behind.length) this.#retryAfter(SATURATED_RETRY_MS);
  }

  /**
   * Sends the newest state to all watchers that do not have it yet, regardless of the throttle and of full
   * queues. Does nothing while a state is being read from the store.
   */
  frameNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isReading) return;
    this.#send(this.#behind());
  }

  /** Stops sending states, and clears the timers. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retryTimer);
    this.#timer = undefined;
    this.#retryTimer = undefined;
  }

  /** Returns the watchers to which the current state has not been sent. */
  #behind(): Watcher[] {
    const seq = this.#registry.lastSeq(this.#client);
    return [...this.#watchers].filter(([, sentSeq]) => sentSeq !== seq).map(([watcher]) => watcher);
  }

  #send(watchers: readonly Watcher[]): void {
    if (watchers.length === 0) return;
    const seq = this.#registry.lastSeq(this.#client);
    let envelope: MaybePromise<Text>;
    try {
      envelope = this.envelope;
    } catch (error) {
      this.#options.reportError?.(error);
      this.#retryAfter(ERROR_RETRY_MS);
      return;
    }
    for (const watcher of watchers) if (this.#watchers.has(watcher)) this.#watchers.set(watcher, seq);
    // The state gets the current position as its cursor, even if the state must first be read from the store.
    const at = Promise.withResolvers<string>();
    if (envelope instanceof Promise) {
      this.#isReading = true;
      this.#queue.add(at.resolve);
      this.#read(envelope, at.promise, watchers);
    } else {
      this.#spend(envelope);
      const text = envelope;
      this.#queue.add((cursor) => this.#broadcast(text, cursor, watchers));
    }
  }

  async #read(envelope: Promise<Text>, at: Promise<string>, watchers: readonly Watcher[]): Promise<void> {
    try {
      const text = await envelope;
      this.#spend(text);
      this.#broadcast(text, await at, watchers);
    } catch (error) {
      this.#options.reportError?.(error);
      for (const watcher of watchers) if (this.#watchers.has(watcher)) this.#watchers.set(watcher, NONE_SENT);
      this.#isReading = false;
      return this.#retryAfter(ERROR_RETRY_MS);
    }
    this.#isReading = false;
    if (!this.#isStopped) this.frame();
  }

  #retryAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.frame();
    }, delayMs);
  }

  #broadcast(envelope: Text, cursor: string, watchers: readonly Watcher[]): void {
    const message = fullMessage("state_update", envelope, cursor);
    for (const watcher of watchers) if (this.#watchers.has(watcher)) watcher.send(message);
  }

  /** Delays the next state in proportion to the size of the state that is sent now. */
  #spend(envelope: Text): void {
    this.#allowedMs = monotonicMs() + (envelope.length / this.#options.fullStateBytesPerSecond) * 1000;
  }
}
