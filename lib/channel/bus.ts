/**
 * Sends and receives frames over `BroadcastChannel`, which no other file uses.
 *
 * On Deno, a `BroadcastChannel` silently loses messages: all channel names and isolates of a process share
 * one ring buffer of 256 messages, and a receiver that falls further behind misses the overwritten messages.
 * Link (link.ts) therefore numbers and resends messages.
 *
 * Every isolate with an open channel receives every message of the process, at about 50 ns per byte, before
 * it can look at the channel name. Therefore each isolate has one channel object, and frames are few and
 * large. Measured with batches of 100 to 500 messages of 200 bytes: an array of strings, one JSON text, UTF-8
 * bytes and structured objects all arrive at 170,000 to 200,000 messages per second. Posting a batch,
 * however, takes 13 µs as an array of strings, 26 µs as bytes and 77 µs as objects; one letter beyond Latin-1
 * halves the speed of a single text but not of an array; and JSON inside JSON must be escaped. So a frame is
 * an object that holds its messages as an array of strings, and an isolate to which the frame is not
 * addressed reads only the field `to`.
 *
 * @module
 */

import { isNode, unrefTimer } from "../environment.ts";
import { type Frame, isFor, parseFrame, toWire } from "./frames.ts";
import type { LinkTimers } from "./link.ts";

/** Options of a {@linkcode ChannelBus}. */
export interface ChannelBusOptions {
  /** The channel name that all ends of the channel share. */
  readonly name: string;
  /** The receiver's id; frames for other receivers are dropped. */
  readonly id: string;
  /** Called with each parsed frame. */
  readonly receive: (frame: Frame) => void;
}

// Works around a bug of Deno (seen in 2.6 to 2.9, no upstream issue known): if an isolate closes its last
// channel and opens another before the runtime has finished closing the first, the new channel receives
// nothing, and posting to it throws "expected i32"; before 2.9 that error can't be caught and ends the
// process. Other code may have closed the isolate's last channel, so every opening first waits for this many
// turns of the event loop. One turn of the event loop would be enough, but the timer for the first turn may
// be due already. Remove this workaround once bus_test.ts passes with 0 turns on the oldest supported Deno.
const TURNS_BEFORE_OPENING = 3;

/** Exchanges frames with every bus that opened the same channel name in this process or browser origin. */
export class ChannelBus {
  readonly #options: ChannelBusOptions;
  #channel: BroadcastChannel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #malformed = 0;
  #closed = false;

  /**
   * @param options the channel name, the receiver's id, and the callback for frames
   * @throws {Error} if the runtime has no `BroadcastChannel`
   */
  constructor(options: ChannelBusOptions) {
    if (!isChannelAvailable()) {
      throw new Error(
        `Cannot open channel "${options.name}": this runtime has no BroadcastChannel`,
      );
    }
    this.#options = options;
  }

  /**
   * Starts to listen for frames, after a few turns of the event loop.
   *
   * @param onOpen called when frames can be posted; frames posted earlier are lost
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

  // This timer must keep the process alive until the open channel does, so it is not one of `channelTimers`,
  // which are unref'd.
  #wait(callback: () => void): void {
    this.#timer = setTimeout(callback, 0);
  }

  #listen(): void {
    const { id, name, receive } = this.#options;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event: MessageEvent<unknown>) => {
      // Messages that were queued before close() may still be delivered.
      if (this.#closed || !isFor(event.data, id)) return;
      const frame = parseFrame(event.data);
      if (frame === undefined) this.#malformed++;
      else receive(frame);
    };
    this.#channel.onmessageerror = () => void this.#malformed++;
  }

  /** The number of messages for this receiver that could not be parsed. */
  get malformedFrames(): number {
    return this.#malformed;
  }

  /** Posts a frame, which may be lost. */
  post(frame: Frame): void {
    if (this.#closed || this.#channel === undefined) return;
    try {
      this.#channel.postMessage(toWire(frame));
    } catch {
      // The bug described at TURNS_BEFORE_OPENING happened nevertheless; opening any channel revives all
      // channels of the isolate.
      new BroadcastChannel(this.#options.name).close();
    }
  }

  /**
   * Closes the bus. Idempotent. Deno before 2.8.2 loses frames that were posted just before the close; the
   * receivers then detect the close by timeout (https://github.com/denoland/deno/issues/31134).
   */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#channel?.close();
  }
}

/**
 * Returns whether this runtime has a `BroadcastChannel` that may lead to a monitor. In Node and Bun, where
 * monitors do not run, the search for a monitor would only delay the first reports.
 */
export function isChannelAvailable(): boolean {
  return typeof BroadcastChannel === "function" && !isNode();
}

/** The timers of a channel, unref'd if the runtime supports it. */
export const channelTimers: LinkTimers = {
  set(callback, delayMs) {
    return unrefTimer(setTimeout(callback, delayMs));
  },
  clear(timer) {
    clearTimeout(timer as ReturnType<typeof setTimeout> | undefined);
  },
};

/** Calls a callback, and passes any error that it throws to `onError` instead of the caller. */
export function callSafely(callback: () => void, onError: ((error: unknown) => void) | undefined): void {
  try {
    callback();
  } catch (error) {
    try {
      onError?.(error);
    } catch {
      // `onError` itself threw, so the error cannot be reported.
    }
  }
}
