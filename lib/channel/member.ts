/**
 * A member's side of a channel: it finds the authority, reports to it reliably, asks it, and hears what it publishes.
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
  /** Random; another authority has another one. */
  readonly id: string;
  /** Names the numbering of the publications. */
  readonly epoch: string;
  /** The number of the newest publication when the member was connected. */
  readonly seq: number;
}

/** What a member's side is made of. None of the callbacks can break it: what they throw goes to `onError`. */
export interface MemberChannelOptions {
  /** The name that the authority and its members share. */
  readonly name: string;
  /** Takes a message of the authority. */
  readonly onMessage?: (message: string) => void;
  /**
   * The member was connected: for the first time, to another authority, or again to one that had forgotten it.
   * Publications, and in the last two cases messages of the authority, may have been missed. What the member sent
   * and nobody acknowledged is on its way again already.
   */
  readonly onConnect?: (authority: ConnectedAuthority) => void;
  /** Takes a publication, in whatever arrives of them. */
  readonly onPublication?: (seq: number, text: string) => void;
  /** Told the number of the authority's newest publication with every heartbeat; shows that the last ones were lost. */
  readonly onHeartbeat?: (seq: number) => void;
  /** The backlog was congested and has drained. */
  readonly onDrain?: () => void;
  /** Told what the other callbacks threw. */
  readonly onError?: (error: unknown) => void;
  /** The bounds of the link to the authority. */
  readonly limits?: Partial<LinkLimits>;
}

/** How to wait for an answer. */
export interface RequestOptions {
  /** Gives up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const TICK_MS = 500;
// Three heartbeats of the authority. It may only be blocked: the link goes on, but another authority may take over.
const SILENT_TICKS = 3;
const SIGN_OF_LIFE_TICKS = 2;
const FIRST_HELLO_MS = 25;
const MAX_HELLO_MS = 1_000;

/**
 * A member's side of a channel. It keeps the process alive until it is closed, so close it as soon as it has nothing
 * to do: after {@linkcode MemberChannel.drained}, because what is not acknowledged by then is lost.
 *
 * `send()` takes messages also while there is no authority; they are kept in memory up to `maxQueuedMessages`. Watch
 * `congested` and stop sending (merge instead) until `onDrain`.
 */
export class MemberChannel implements Disposable {
  /** Random; the authority knows the member by it. */
  readonly id: string = randomId();
  readonly #options: MemberChannelOptions;
  readonly #bus: ChannelBus;
  readonly #link: Link;
  readonly #requests: PendingRequests;
  // Settled, for everybody who waits for a connection, when there is one or the channel is closed.
  #connection: PromiseWithResolvers<boolean> | undefined;
  #authority: { readonly id: string; readonly session: string } | undefined;
  // Looking for an authority: there was none yet, or it left, or does not know this member, or is silent.
  #searching = true;
  // The link may go on only where the authority is silent and nothing worse.
  #linked = false;
  #hellos = 0;
  #ticks = 0;
  #silentTicks = 0;
  #timer: unknown;
  #closed = false;

  /**
   * Opens the channel and looks for the authority.
   *
   * @throws {Error} where the runtime has no BroadcastChannel
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

  /** Whether an authority was heard of late. */
  get connected(): boolean {
    return this.#linked && !this.#searching;
  }

  /** How many messages the authority has not acknowledged, requests among them. */
  get backlog(): number {
    return this.#link.backlog;
  }

  /** Whether the backlog grew above `congestedMessages` and has not yet fallen to half of it. */
  get congested(): boolean {
    return this.#link.congested;
  }

  /** How many packets of the authority were lost on the way, and sent again. */
  get lostPackets(): number {
    return this.#link.lost;
  }

  /** How many messages on the channel had a wrong shape. */
  get malformedFrames(): number {
    return this.#bus.malformedFrames;
  }

  /**
   * Waits for an authority.
   *
   * @param timeoutMs how long, in milliseconds
   * @returns whether there is one; `false` too where the member is closed before
   */
  async whenConnected(timeoutMs: number): Promise<boolean> {
    if (this.connected || this.#closed) return this.connected;
    this.#connection ??= Promise.withResolvers();
    return await withTimeout(this.#connection.promise, timeoutMs) ?? false;
  }

  /**
   * Sends a message to the authority: once and in order, and as soon as there is one.
   *
   * @throws {LimitError} where too many messages are not acknowledged; this one was not taken
   * @throws {LinkClosedError} where the member is closed
   */
  send(message: string): void {
    this.#link.send(writeLinkMessage({ kind: "message", text: message }));
  }

  /**
   * Asks the authority. The request waits in line with the messages that were sent before.
   *
   * @param payload what to ask
   * @returns the answer
   * @throws {Error} with the authority's message where it can't answer
   * @throws {LimitError} where too many messages are not acknowledged
   * @throws {LinkClosedError} where the member is closed before the answer came
   */
  request(payload: string, { signal }: RequestOptions = {}): Promise<string> {
    return this.#requests.send(payload, signal);
  }

  /**
   * Resolves when the authority has acknowledged everything that was sent.
   *
   * @throws {LinkClosedError} where the member is closed before
   */
  drained(): Promise<void> {
    return this.#link.drained();
  }

  /** Closes the channel. What is not acknowledged is lost; requests are rejected. Closing twice is fine. */
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
      // Somebody is there: no need to wait for the next turn.
      if (frame.type === "heartbeat" && this.#searching) this.#hello();
      return;
    }
    if (frame.type === "bye" || frame.type === "unknown") return this.#lose();
    this.#heard();
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
    // While the authority is heard another one has nothing to offer: one of the two is about to find out.
    if (this.connected && frame.from !== this.#authority?.id) return;
    const isSame = frame.session === this.#authority?.session;
    if (isSame && this.#linked) return this.#heard();
    const { epoch, seq, session, oldest } = frame;
    this.#authority = { id: frame.from, session };
    this.#linked = true;
    this.#link.connect(frame.next, isSame ? Math.max(this.#link.next, oldest) : oldest);
    // Connecting may have drained the backlog, and its owner may have closed the channel on that.
    if (this.#closed) return;
    this.#requests.repeatTaken();
    this.#heard();
    this.#call(() => this.#options.onConnect?.({ id: frame.from, epoch, seq }));
    this.#schedule(TICK_MS);
  }

  #heard(): void {
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
