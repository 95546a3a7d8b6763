/**
 * The only file that names BroadcastChannel, the bus between the isolates of a process. On Deno it loses messages
 * without a word: all names and isolates of a process share one ring of 256, and a receiver that falls further behind
 * misses what was overwritten. What is built on it must number and repeat (link.ts); authority and members are in
 * channel_authority.ts and channel_member.ts.
 *
 * Every isolate with an open channel receives every message of the process, at about 50 ns a byte, before its name is
 * even looked at. Hence one channel object in an isolate, and few large frames. Measured with 100 to 500 messages of
 * 200 bytes a batch: an array of strings, one JSON text, UTF-8 bytes and structured objects all arrive at 170,000 to
 * 200,000 messages a second. But posting takes 13 µs a batch for the array against 26 (bytes) and 77 (objects), one
 * letter beyond Latin-1 halves the speed of a joined text and not that of an array, and JSON within JSON costs its
 * escapes. So frames are objects whose messages are an array of strings; who is not addressed looks at one field.
 *
 * @module
 */

import { type Frame, isFor, parseFrame, toWire } from "./frames.ts";
import type { LinkTimers } from "./link.ts";

/** What a bus is made of. */
export interface ChannelBusOptions {
  /** The name that all sides share. */
  readonly name: string;
  /** Who listens; frames for others are dropped. */
  readonly id: string;
  /** Takes a frame that was checked. */
  readonly receive: (frame: Frame) => void;
}

// Where an isolate closes its last channel and opens another before the runtime has wound up the first, Deno leaves the
// new one deaf, and posting on it throws ("expected i32"; before 2.9 out of reach of a catch, so it ends the process).
// Others may have closed theirs, so every opening lets the event loop go round first: once would do, had the timer not
// been due already.
const TURNS_BEFORE_OPENING = 3;

/** Frames to and from everybody who opened the same name in this process (in browsers: in this origin). */
export class ChannelBus {
  readonly #options: ChannelBusOptions;
  #channel: BroadcastChannel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #malformed = 0;
  #closed = false;

  /**
   * @param options the name and the receiver
   * @throws {Error} where the runtime has no BroadcastChannel
   */
  constructor(options: ChannelBusOptions) {
    if (!isChannelAvailable()) {
      throw new Error(
        `Cannot open channel "${options.name}": wanted a runtime with BroadcastChannel, received none`,
      );
    }
    this.#options = options;
  }

  /**
   * Starts listening, after a few turns of the event loop.
   *
   * @param onOpen called when frames can be posted; those before are lost
   */
  open(onOpen: () => void): void {
    let turns = TURNS_BEFORE_OPENING;
    const turn = () => {
      if (turns-- > 0) return this.#wait(turn);
      this.#listen();
      onOpen();
    };
    turn();
  }

  // Not with channelTimers: this timer stands in for the channel, which keeps the process alive.
  #wait(callback: () => void): void {
    this.#timer = setTimeout(callback, 0);
  }

  #listen(): void {
    const { id, name, receive } = this.#options;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event: MessageEvent<unknown>) => {
      // A channel may hand over what was on its way when it was closed.
      if (this.#closed || !isFor(event.data, id)) return;
      const frame = parseFrame(event.data);
      if (frame === undefined) this.#malformed++;
      else receive(frame);
    };
    this.#channel.onmessageerror = () => void this.#malformed++;
  }

  /** How many messages for this receiver had a wrong shape. */
  get malformedFrames(): number {
    return this.#malformed;
  }

  /** Sends a frame, or loses it. */
  post(frame: Frame): void {
    if (this.#closed || this.#channel === undefined) return;
    try {
      this.#channel.postMessage(toWire(frame));
    } catch {
      // Deaf all the same (see above): opening any channel wakes up all of the isolate.
      new BroadcastChannel(this.#options.name).close();
    }
  }

  /** Stops listening. Before Deno 2.8.2 what was posted just before is lost. Closing twice is fine. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#channel?.close();
  }
}

/** Whether this runtime has what a channel needs. */
export function isChannelAvailable(): boolean {
  return typeof BroadcastChannel === "function";
}

/** Timers that do not keep a process alive, where the runtime can do without them. */
export const channelTimers: LinkTimers = {
  set(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    const runtime = globalThis as { readonly Deno?: { readonly unrefTimer?: (timer: unknown) => void } };
    runtime.Deno?.unrefTimer?.(timer);
    return timer;
  },
  clear(timer) {
    clearTimeout(timer as ReturnType<typeof setTimeout> | undefined);
  },
};

/** Calls back into foreign code: what that throws is reported and goes no further. */
export function callSafely(callback: () => void, onError: ((error: unknown) => void) | undefined): void {
  try {
    callback();
  } catch (error) {
    try {
      onError?.(error);
    } catch {
      // The receiver of errors failed itself; there is nobody left to tell.
    }
  }
}
