/**
 * Full states, which grow with everything that there is: sent no faster than so many bytes a second, newest wins.
 *
 * @module
 */

import type { RegistryReader } from "../registry/registry_reader.ts";
import { envelopeOf, fullMessage } from "./messages.ts";
import type { PublishQueue } from "./publish_queue.ts";
import type { Watcher } from "./watcher.ts";

/** How soon a watcher that could not take a full state is offered the newest one, in milliseconds. */
const SATURATED_RETRY_MS = 250;

/** Options of {@linkcode FullStates}. */
export interface FullStatesOptions {
  /** Bytes of full-state frames that one client's tasks may cause in a second; of more frames, the newest wins. */
  readonly fullStateBytesPerSecond: number;
  /** Is given errors that hold nobody up: a record can't be read. */
  readonly reportError?: (error: unknown) => void;
}

/** Those who want everything of a client, with each message. */
export class FullStates {
  readonly #registry: RegistryReader;
  readonly #client: string;
  readonly #queue: PublishQueue;
  readonly #options: FullStatesOptions;
  /** Who is there, and the position that each was sent last. */
  readonly #watchers: Map<Watcher, number> = new Map();
  /** The whole state but for the cursor, while it stays so: many watchers may come at once, as after a restart. */
  #kept: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Runs while somebody could not take the newest state. */
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Before this time none may be sent. */
  #allowedMs = 0;
  #isStopped = false;

  /**
   * @param registry where the tasks are
   * @param client whose they are
   * @param queue frames what is sent
   * @param options how to pace
   */
  constructor(registry: RegistryReader, client: string, queue: PublishQueue, options: FullStatesOptions) {
    this.#registry = registry;
    this.#client = client;
    this.#queue = queue;
    this.#options = options;
  }

  /** Whether nobody is there. */
  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  /** The whole state but for the cursor. Throws where a record can't be read. */
  get envelope(): string {
    return this.#kept ??= envelopeOf(this.#registry, this.#client);
  }

  /** Adds somebody who was told the present state, or is about to be. */
  add(watcher: Watcher): void {
    this.#watchers.set(watcher, this.#registry.lastSeq(this.#client));
  }

  /** Whether somebody is still there. */
  has(watcher: Watcher): boolean {
    return this.#watchers.has(watcher);
  }

  /** Somebody has left. */
  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Something has changed. */
  note(): void {
    this.#kept = null;
  }

  /** Sends the state to all who do not have it, as soon as its size allows; to the slow later. */
  frame(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined) return;
    const waitMs = this.#allowedMs - Date.now();
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
    if (ready.length < behind.length && !this.#isStopped) {
      this.#retryTimer ??= setTimeout(() => {
        this.#retryTimer = undefined;
        this.frame();
      }, SATURATED_RETRY_MS);
    }
  }

  /** Sends the state to all who do not have it, however large it is and however slow they are. */
  frameNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#send(this.#behind());
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retryTimer);
    this.#timer = undefined;
    this.#retryTimer = undefined;
  }

  /** Who was not sent the present state. */
  #behind(): Watcher[] {
    const seq = this.#registry.lastSeq(this.#client);
    return [...this.#watchers].filter(([, sentSeq]) => sentSeq !== seq).map(([watcher]) => watcher);
  }

  #send(watchers: readonly Watcher[]): void {
    if (watchers.length === 0) return;
    const seq = this.#registry.lastSeq(this.#client);
    const envelope = this.#readEnvelope();
    if (envelope === null) return;
    this.#allowedMs = Date.now() + (envelope.length / this.#options.fullStateBytesPerSecond) * 1000;
    for (const watcher of watchers) if (this.#watchers.has(watcher)) this.#watchers.set(watcher, seq);
    this.#queue.add((cursor) => {
      const message = fullMessage("state_update", envelope, cursor);
      for (const watcher of watchers) if (this.#watchers.has(watcher)) watcher.send(message);
    });
  }

  /** The state; `null` where a record can't be read, which the next change may find otherwise. */
  #readEnvelope(): string | null {
    try {
      return this.envelope;
    } catch (error) {
      this.#options.reportError?.(error);
      return null;
    }
  }
}
