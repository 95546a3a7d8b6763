/**
 * A member's side of a channel: it finds the authority, reports to it reliably, asks it, and hears what it publishes.
 *
 * @module
 */

import { callSafely, ChannelBus, channelTimers, randomId } from "./channel.ts";
import {
  EVERYBODY,
  type Frame,
  readLinkMessage,
  type WelcomeFrame,
  writeLinkMessage,
} from "./channel_frames.ts";
import { Link, LinkClosedError } from "./link.ts";
import type { LinkLimits } from "./link_limits.ts";

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

interface PendingRequest {
  readonly promise: PromiseWithResolvers<string>;
  readonly message: string;
  number: number;
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
  readonly #requests = new Map<number, PendingRequest>();
  readonly #waiters = new Set<(connected: boolean) => void>();
  #authority: (ConnectedAuthority & { readonly session: string }) | undefined;
  // Looking for an authority: there was none yet, or it left, or does not know this member, or is silent.
  #searching = true;
  // The link may go on only where the authority is silent and nothing worse.
  #linked = false;
  #hellos = 0;
  #ticks = 0;
  #silentTicks = 0;
  #requestId = 0;
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
    this.#bus = new ChannelBus({
      name: options.name,
      id: this.id,
      receive: (frame) => this.#receive(frame),
    });
    this.#tick();
  }
}
