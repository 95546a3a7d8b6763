/**
 * Sends full states to watchers, throttled by size, because a full state grows with the number of tasks.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { monotonicMs } from "../clock.ts";
import type { MaybePromise } from "../task/maybe_promise.ts";
import type { RegistryReader } from "../registry/registry_reader.ts";
import type { Text } from "./long_text.ts";
import { envelopeOf, fullMessage } from "./messages.ts";
import type { PublishQueue } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/**
 * The time after which the newest state is offered again to a watcher whose queue was full, in milliseconds.
 */
const SATURATED_RETRY_MS = 250;

/**
 * How much is sent in one turn of the event loop, in characters. Deno copies a message for each socket, and writes it in a
 * later turn: sent at once, a state of 83 KB takes 133 MB for 1,600 watchers, although all of them read.
 */
const TURN_CHARACTERS = 1024 * 1024;

/** A state that some watchers still have to be sent. */
interface Broadcast {
  readonly message: Text;
  /** The watchers that the message has not been sent to. */
  readonly rest: Iterator<Watcher>;
}

/** Options of {@linkcode FullStates}. */
export interface FullStatesOptions {
  /**
   * The maximum number of bytes of full states per second and client. States beyond this limit are skipped,
   * and the newest one is sent later.
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
  /** The watchers, each with the sequence number of the last state that it was sent. */
  readonly #watchers: Map<Watcher, number> = new Map();
  /**
   * The serialised state without its cursor, cached until the next change, because many watchers may connect
   * at once, such as after a restart.
   */
  #kept: MaybePromise<Text> | null = null;
  /** The newest first message, which is the same for all watchers that connect between two changes. */
  #first: { readonly envelope: Text; readonly cursor: string; readonly message: Text } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The timer that runs while a watcher could not accept the newest state. */
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** The earliest time for the next state, in epoch milliseconds. */
  #allowedMs = 0;
  #isStopped = false;
  /** Whether a state is being read, after which later changes are sent. */
  #isReading = false;
  /** The state that is being sent, after which later changes are sent; `null` if there is none. */
  #broadcast: Broadcast | null = null;

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
   * Sends the state to all watchers that do not have it, as soon as the throttle allows. Slow watchers get
   * the state later.
   */
  frame(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined) return;
    if (this.#isReading || this.#broadcast !== null) return;
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
    this.#send(ready, TURN_CHARACTERS);
    if (ready.length < behind.length && !this.#isStopped) {
      this.#retryTimer ??= setTimeout(() => {
        this.#retryTimer = undefined;
        this.frame();
      }, SATURATED_RETRY_MS);
    }
  }

  /**
   * Sends the state to all watchers that do not have it, regardless of the throttle and of full queues, and in one turn. One
   * that is being read is not waited for.
   */
  frameNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sendMore(Infinity);
    if (this.#isReading) return;
    this.#send(this.#behind(), Infinity);
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

  #send(watchers: readonly Watcher[], turnCharacters: number): void {
    if (watchers.length === 0) return;
    const seq = this.#registry.lastSeq(this.#client);
    let envelope: MaybePromise<Text>;
    try {
      envelope = this.envelope;
    } catch (error) {
      // The next change retries.
      return this.#options.reportError?.(error);
    }
    for (const watcher of watchers) if (this.#watchers.has(watcher)) this.#watchers.set(watcher, seq);
    // The state gets the position as of now, even if it must be read.
    const at = Promise.withResolvers<string>();
    if (envelope instanceof Promise) {
      this.#isReading = true;
      this.#queue.add(at.resolve);
      this.#read(envelope, at.promise, watchers, turnCharacters);
    } else {
      this.#spend(envelope);
      const text = envelope;
      this.#queue.add((cursor) => this.#begin(text, cursor, watchers, turnCharacters));
    }
  }

  async #read(
    envelope: Promise<Text>,
    at: Promise<string>,
    watchers: readonly Watcher[],
    turnCharacters: number,
  ): Promise<void> {
    try {
      const text = await envelope;
      this.#spend(text);
      this.#begin(text, await at, watchers, turnCharacters);
    } catch (error) {
      this.#options.reportError?.(error);
    }
    this.#isReading = false;
    if (!this.#isStopped) this.frame();
  }

  /** Sends a state, as much of it as allowed in each turn of the event loop. */
  #begin(envelope: Text, cursor: string, watchers: readonly Watcher[], turnCharacters: number): void {
    // A watcher must not get an earlier state after this one.
    this.#sendMore(Infinity);
    this.#broadcast = { message: fullMessage("state_update", envelope, cursor), rest: watchers.values() };
    this.#sendMore(turnCharacters);
  }

  /** Continues to send a state in this turn, and the rest in the next ones. */
  #sendMore(characters: number): void {
    const broadcast = this.#broadcast;
    if (broadcast === null) return;
    const { message, rest } = broadcast;
    let sent = 0;
    while (sent < characters) {
      const { value: watcher, done } = rest.next();
      if (done || this.#isStopped) {
        this.#broadcast = null;
        return;
      }
      if (!this.#watchers.has(watcher)) continue;
      watcher.send(message);
      sent += message.length;
    }
    setImmediate(() => {
      if (this.#broadcast === broadcast) this.#sendMore(TURN_CHARACTERS);
      if (this.#broadcast === null && !this.#isStopped) this.frame();
    });
  }

  /** Delays the next state according to the size of one that is sent. */
  #spend(envelope: Text): void {
    this.#allowedMs = monotonicMs() + (envelope.length / this.#options.fullStateBytesPerSecond) * 1000;
  }
}
