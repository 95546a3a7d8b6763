/**
 * A member's end of a channel: finds the authority, sends it messages and requests, and receives its
 * publications.
 *
 * @module
 */

import { callSafely, ChannelBus, channelTimers } from "./bus.ts";
import { randomId } from "../random_id.ts";
import { withTimeout } from "../timeout.ts";
import { EVERYBODY, type Frame, readLinkMessage, type WelcomeFrame, writeLinkMessage } from "./frames.ts";
import { PendingRequests } from "./requests.ts";
import { Link } from "./link.ts";
import type { LinkLimits } from "./link_limits.ts";
import type { Packet } from "./packet.ts";

/** The authority that a member is connected to. */
export interface ConnectedAuthority {
  /** The authority's random id, different for each authority. */
  readonly id: string;
  /** The epoch of the sequence of publications. */
  readonly epoch: string;
  /** The sequence number of the newest publication when the member was connected. */
  readonly seq: number;
}

/** Options of a {@linkcode MemberChannel}. Errors thrown by the callbacks are passed to `onError`. */
export interface MemberChannelOptions {
  /** The name that the authority and its members share. */
  readonly name: string;
  /** Called with each message of the authority. */
  readonly onMessage?: (message: string) => void;
  /**
   * Called when the member connects: for the first time, to another authority, or again to an authority that
   * had forgotten the member. The member may have missed publications and, except the first time, messages of
   * the authority. The member's unacknowledged messages have already been resent.
   */
  readonly onConnect?: (authority: ConnectedAuthority) => void;
  /** Called with each publication that arrives. */
  readonly onPublication?: (seq: number, text: string) => void;
  /**
   * Called at every heartbeat with the sequence number of the newest publication, which reveals lost
   * publications.
   */
  readonly onHeartbeat?: (seq: number) => void;
  /** Called when a congested backlog has drained. */
  readonly onDrain?: () => void;
  /** Called with any error that another callback of these options threw. */
  readonly onError?: (error: unknown) => void;
  /** The limits of the link to the authority. */
  readonly limits?: Partial<LinkLimits>;
}

/** Options of {@linkcode MemberChannel.request}. */
export interface RequestOptions {
  /** Aborts the wait for the response: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const TICK_MS = 500;
// The number of missed heartbeats after which the member looks for another authority. The link stays
// connected during the search, because the authority may only be blocked.
const SILENT_TICKS = 3;
const SIGN_OF_LIFE_TICKS = 2;
const FIRST_HELLO_MS = 25;
const MAX_HELLO_MS = 1_000;

/**
 * A member's end of a channel. An open member keeps the process alive, so close it as soon as it is idle, but
 * wait for {@linkcode MemberChannel.drained} first: the close drops unacknowledged messages.
 *
 * While there is no authority, `send()` queues up to `maxQueuedMessages` messages. While `congested` is true,
 * do not send but coalesce messages, until `onDrain` is called.
 */
export class MemberChannel implements Disposable {
  /** A random id by which the authority knows the member. */
  readonly id: string = randomId();
  readonly #options: MemberChannelOptions;
  readonly #bus: ChannelBus;
  readonly #link: Link;
  readonly #requests: PendingRequests;
  // Resolves once the member is connected or closed; all calls that wait for a connection share it.
  #connection: PromiseWithResolvers<boolean> | undefined;
  #authority: { readonly id: string; readonly session: string } | undefined;
  // Whether the member is looking for an authority: it has found none yet, or its authority left, does not
  // know the member, or sends no heartbeats.
  #searching = true;
  // Whether the link is connected. The link stays connected if the authority merely sends no heartbeats.
  #linked = false;
  #hellos = 0;
  #ticks = 0;
  #silentTicks = 0;
  #timer: unknown;
  #closed = false;

  /**
   * Opens a channel and looks for its authority.
   *
   * @throws {Error} if the runtime has no `BroadcastChannel`
   */
  constructor(options: MemberChannelOptions) {
    this.#options = options;
    this.#link = new Link({
      transmit: (packet) => this.#transmit(packet),
      deliver: (message) => this.#deliver(message),
      onError: (error) => callSafely(() => options.onError?.(error), undefined),
      onDrain: () => options.onDrain?.(),
      timers: channelTimers,
      ...(options.limits !== undefined && { limits: options.limits }),
    });
    this.#requests = new PendingRequests(this.#link);
    this.#bus = new ChannelBus({
      name: options.name,
      id: this.id,
      receive: (frame) => this.#receive(frame),
    });
    this.#bus.open(() => this.#tick());
  }

  /** Whether the member is connected to an authority that has sent frames recently. */
  get connected(): boolean {
    return this.#linked && !this.#searching;
  }

  /** The number of unacknowledged messages, including requests. */
  get backlog(): number {
    return this.#link.backlog;
  }

  /**
   * Whether the backlog exceeded `congestedMessages` or `congestedLength`, and has not fallen to half of
   * these limits since.
   */
  get congested(): boolean {
    return this.#link.congested;
  }

  /** The number of packets from the authority that were lost and resent. */
  get lostPackets(): number {
    return this.#link.lost;
  }

  /** The number of messages on the channel that could not be parsed. */
  get malformedFrames(): number {
    return this.#bus.malformedFrames;
  }

  /**
   * Waits for a connection to an authority.
   *
   * @param timeoutMs the longest wait, in milliseconds
   * @returns whether the member is connected; `false` also if it is closed during the wait
   */
  async whenConnected(timeoutMs: number): Promise<boolean> {
    if (this.connected || this.#closed) return this.connected;
    this.#connection ??= Promise.withResolvers();
    return await withTimeout(this.#connection.promise, timeoutMs) ?? false;
  }

  /**
   * Sends a message to the authority, exactly once and in order. The message is queued until there is an
   * authority.
   *
   * @throws {LimitError} if too many messages are unacknowledged; the message was not queued
   * @throws {LinkClosedError} if the member is closed
   */
  send(message: string): void {
    this.#link.send(writeLinkMessage({ kind: "message", text: message }));
  }

  /**
   * Sends a request to the authority, ordered with the other messages.
   *
   * @param payload the request
   * @returns the response
   * @throws {Error} if the authority rejects the request, with the message of the rejection
   * @throws {LimitError} if too many messages are unacknowledged
   * @throws {LinkClosedError} if the member is closed before the response arrives
   */
  request(payload: string, { signal }: RequestOptions = {}): Promise<string> {
    return this.#requests.send(payload, signal);
  }

  /**
   * Resolves when the authority has acknowledged all messages that were sent.
   *
   * @throws {LinkClosedError} if the member is closed before the wait ends
   */
  drained(): Promise<void> {
    return this.#link.drained();
  }

  /** Closes the channel. Unacknowledged messages are lost and pending requests are rejected. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#linked = false;
    channelTimers.clear(this.#timer);
    this.#bus.post({ type: "bye", from: this.id, to: this.#authority?.id ?? EVERYBODY });
    this.#link.close();
    this.#bus.close();
    this.#settleConnection(false);
    this.#requests.close();
  }

  /** The same as {@linkcode MemberChannel.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #transmit(packet: Packet): void {
    const authority = this.#authority;
    if (authority === undefined) return;
    this.#bus.post({ type: "packet", from: this.id, to: authority.id, session: authority.session, packet });
  }

  #receive(frame: Frame): void {
    if (frame.type === "welcome") return this.#welcome(frame);
    if (frame.from !== this.#authority?.id || !this.#linked) {
      // A heartbeat proves that an authority exists, so the next `hello` need not wait for the timer.
      if (frame.type === "heartbeat" && this.#searching) this.#hello();
      return;
    }
    if (frame.type === "bye" || frame.type === "unknown") return this.#lose();
    this.#noteAlive();
    switch (frame.type) {
      case "packet":
        if (frame.session === this.#authority.session) this.#link.receive(frame.packet);
        return;
      case "publication":
        return this.#call(() => this.#options.onPublication?.(frame.seq, frame.text));
      case "heartbeat":
        return this.#call(() => this.#options.onHeartbeat?.(frame.seq));
    }
  }

  #welcome(frame: WelcomeFrame): void {
    // A second authority is ignored while the first one is alive; the younger of the two authorities will
    // notice the conflict and close.
    if (this.connected && frame.from !== this.#authority?.id) return;
    const isSame = frame.session === this.#authority?.session;
    if (isSame && this.#linked) return this.#noteAlive();
    const { epoch, seq, session, oldest } = frame;
    this.#authority = { id: frame.from, session };
    this.#linked = true;
    this.#link.connect(frame.next, isSame ? Math.max(this.#link.next, oldest) : oldest);
    // Connecting may have drained the backlog, and `onDrain` may have closed the channel.
    if (this.#closed) return;
    this.#requests.repeatTaken();
    this.#noteAlive();
    this.#call(() => this.#options.onConnect?.({ id: frame.from, epoch, seq }));
    this.#schedule(TICK_MS);
  }

  #noteAlive(): void {
    this.#searching = false;
    this.#silentTicks = 0;
    this.#settleConnection(true);
  }

  #settleConnection(connected: boolean): void {
    this.#connection?.resolve(connected);
    this.#connection = undefined;
  }

  #lose(): void {
    this.#linked = false;
    this.#searching = true;
    this.#hellos = 0;
    this.#link.disconnect();
    this.#tick();
  }

  #tick(): void {
    if (!this.#searching && ++this.#silentTicks > SILENT_TICKS) {
      this.#searching = true;
      this.#hellos = 0;
    }
    if (this.#searching) {
      this.#hello();
      this.#schedule(Math.min(FIRST_HELLO_MS * 2 ** this.#hellos++, MAX_HELLO_MS));
    } else {
      if (++this.#ticks % SIGN_OF_LIFE_TICKS === 0) this.#link.acknowledge();
      this.#schedule(TICK_MS);
    }
  }

  #schedule(delayMs: number): void {
    channelTimers.clear(this.#timer);
    if (!this.#closed) this.#timer = channelTimers.set(() => this.#tick(), delayMs);
  }

  #hello(): void {
    this.#bus.post({ type: "hello", from: this.id, to: EVERYBODY, oldest: this.#link.oldest });
  }

  #deliver(message: string): void {
    const received = readLinkMessage(message);
    if (received?.kind === "message") this.#options.onMessage?.(received.text);
    else if (received !== undefined) this.#requests.settle(received);
  }

  #call(callback: () => void): void {
    callSafely(callback, this.#options.onError);
  }
}
