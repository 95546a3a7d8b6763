/**
 * The authority's end of a channel: one per channel name in a process, with any number of members in the same
 * isolate or in others.
 *
 * Guarantees:
 *
 * - A member's messages arrive exactly once and in order. This guarantee holds even if the authority forgot
 *   the member for a time because the member's isolate was blocked, provided that the member is still among
 *   the last `maxForgottenMembers` forgotten members.
 * - Messages to a member arrive exactly once and in order until the member is forgotten. When a member is
 *   forgotten, its unacknowledged messages are dropped, and `onMemberGone` is called.
 * - If another authority takes over, messages that the previous authority received but could not acknowledge
 *   arrive again.
 * - Publications may be lost; gaps in their sequence numbers reveal the loss.
 *
 * @module
 */

import { callSafely, ChannelBus, channelTimers } from "./bus.ts";
import { randomId } from "../random_id.ts";
import {
  EVERYBODY,
  type Frame,
  type HelloFrame,
  type PacketFrame,
  readLinkMessage,
  writeLinkMessage,
} from "./frames.ts";
import { sendAnswer } from "./requests.ts";
import { Link } from "./link.ts";
import type { LinkLimits } from "./link_limits.ts";

/** Options of an {@linkcode AuthorityChannel}. Errors thrown by the callbacks are passed to `onError`. */
export interface AuthorityChannelOptions {
  /** The name that the authority and its members share. A process can have one authority per name. */
  readonly name: string;
  /** The epoch of the sequence of publications, which is sent to members; 1 to 128 characters. */
  readonly epoch: string;
  /** Called with each message of a member. */
  readonly onMessage: (memberId: string, message: string) => void;
  /**
   * Answers a member's request; if the callback throws, the error's message is sent as the rejection. The
   * callback must be idempotent, because it is called again for the same request if the response was lost
   * with a connection.
   */
  readonly onRequest: (memberId: string, payload: string) => string | Promise<string>;
  /** Called when a member connects, or reconnects after it was forgotten. */
  readonly onMember?: (memberId: string) => void;
  /** Called when a member disconnects or times out; its unacknowledged messages are dropped. */
  readonly onMemberGone?: (memberId: string) => void;
  /**
   * Called after this authority was closed because an older authority of the same name exists in another
   * isolate.
   */
  readonly onConflict: (error: ChannelConflictError) => void;
  /** Called with any error that another callback of these options threw. */
  readonly onError?: (error: unknown) => void;
  /**
   * The interval between heartbeats, in milliseconds. Heartbeats are sent only while there are members.
   *
   * @default {500}
   */
  readonly heartbeatMs?: number;
  /**
   * How long a member may send nothing before it is forgotten, in milliseconds. The time is measured in
   * heartbeats of the authority, so an authority that was blocked itself forgets no members.
   *
   * @default {30000}
   */
  readonly memberTimeoutMs?: number;
  /** The maximum number of members at a time; further members get no reply. @default {1000} */
  readonly maxMembers?: number;
  /** The maximum number of forgotten members that can reconnect without losing messages. @default {1000} */
  readonly maxForgottenMembers?: number;
  /** The limits of the link to each member. */
  readonly limits?: Partial<LinkLimits>;
}

/** Thrown if two authorities in one process use the same channel name. */
export class ChannelConflictError extends Error {
  /** The name of the class. */
  override readonly name = "ChannelConflictError";
}

interface Member {
  readonly id: string;
  readonly session: string;
  readonly link: Link;
  silentTicks: number;
}

// A new authority announces itself for this many heartbeats, because another authority may be blocked or miss
// the first announcement.
const ANNOUNCEMENTS = 10;

// The channel names that have an authority in this isolate.
const openNames = new Set<string>();

/**
 * Checks that this isolate has no authority with the given channel name.
 *
 * @throws {ChannelConflictError} if the isolate has one
 */
export function checkChannelIsFree(name: string): void {
  if (!openNames.has(name)) return;
  throw new ChannelConflictError(
    `Cannot open channel "${name}": this isolate already has an authority of that name`,
  );
}

/** The authority's end of a channel. An open authority keeps the process alive. */
export class AuthorityChannel implements Disposable {
  /** A random id that distinguishes this authority from earlier and later ones of the same name. */
  readonly id: string = randomId();
  readonly #options: AuthorityChannelOptions;
  readonly #bus: ChannelBus;
  readonly #heartbeatMs: number;
  readonly #members = new Map<string, Member>();
  // Forgotten members, oldest first. The links of forgotten members hold no messages, only the sequence
  // numbers of both ends.
  readonly #forgotten = new Map<string, Member>();
  readonly #openedAt = Date.now();
  #announcements = ANNOUNCEMENTS;
  #seq = 0;
  #lost = 0;
  #timer: unknown;
  #closed = false;

  /**
   * Opens a channel and announces its authority.
   *
   * @throws {ChannelConflictError} if this isolate has an authority of this name
   * @throws {Error} if the runtime has no `BroadcastChannel`
   */
  constructor(options: AuthorityChannelOptions) {
    checkChannelIsFree(options.name);
    this.#options = options;
    this.#heartbeatMs = options.heartbeatMs ?? 500;
    this.#bus = new ChannelBus({
      name: options.name,
      id: this.id,
      receive: (frame) => this.#receive(frame),
    });
    openNames.add(options.name);
    this.#bus.open(() => this.#beat());
  }

  /** The number of connected members. */
  get memberCount(): number {
    return this.#members.size;
  }

  /** The number of packets from members that were lost and resent. */
  get lostPackets(): number {
    return this.#lost;
  }

  /** The number of messages on the channel that could not be parsed. */
  get malformedFrames(): number {
    return this.#bus.malformedFrames;
  }

  /**
   * Sends a message to one member.
   *
   * @returns whether a member with this id is connected
   * @throws {LimitError} if the member has too many unacknowledged messages; the message was not queued
   */
  send(memberId: string, message: string): boolean {
    const member = this.#members.get(memberId);
    member?.link.send(writeLinkMessage({ kind: "message", text: message }));
    return member !== undefined;
  }

  /**
   * Publishes a text to all members, without delivery guarantee.
   *
   * @param seq the publication's sequence number, higher than all earlier sequence numbers; heartbeats repeat
   * the newest one
   * @param text the text to publish
   */
  publish(seq: number, text: string): void {
    this.#seq = seq;
    if (this.#members.size > 0) this.#post({ type: "publication", from: this.id, to: EVERYBODY, seq, text });
  }

  /** Closes the channel. Members keep their unacknowledged messages for the next authority. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#post({ type: "bye", from: this.id, to: EVERYBODY });
    this.#closed = true;
    openNames.delete(this.#options.name);
    channelTimers.clear(this.#timer);
    for (const member of this.#members.values()) member.link.close();
    this.#members.clear();
    this.#forgotten.clear();
    this.#bus.close();
  }

  /** The same as {@linkcode AuthorityChannel.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #post(frame: Frame): void {
    this.#bus.post(frame);
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case "hello":
        return this.#welcome(frame);
      case "packet":
        return this.#takePacket(frame);
      case "bye":
        return this.#forget(frame.from, false);
      case "heartbeat":
        return this.#meetAuthority(frame.from, frame.openedAt);
    }
  }

  #welcome(hello: HelloFrame): void {
    let member = this.#members.get(hello.from);
    const isNew = member === undefined;
    if (member === undefined) {
      if (this.#members.size >= (this.#options.maxMembers ?? 1_000)) return;
      member = this.#forgotten.get(hello.from) ?? this.#createMember(hello.from);
      this.#forgotten.delete(member.id);
      this.#members.set(member.id, member);
    }
    member.silentTicks = 0;
    const { id, link, session } = member;
    // `hello.oldest` is higher than `link.next` only if another authority received messages in between.
    const next = Math.max(link.next, hello.oldest);
    const welcome = { from: this.id, to: id, epoch: this.#options.epoch, openedAt: this.#openedAt, session };
    this.#post({ type: "welcome", ...welcome, next, oldest: link.oldest, seq: this.#seq });
    if (isNew || next > link.next) link.connect(link.oldest, next);
    this.#timer ??= this.#scheduleBeat();
    if (isNew) this.#call(() => this.#options.onMember?.(id));
  }

  #createMember(id: string): Member {
    const session = randomId();
    const link = new Link({
      transmit: (packet) => this.#post({ type: "packet", from: this.id, to: id, session, packet }),
      deliver: (message) => this.#deliver(id, link, message),
      onError: (error) => callSafely(() => this.#options.onError?.(error), undefined),
      timers: channelTimers,
      ...(this.#options.limits !== undefined && { limits: this.#options.limits }),
    });
    return { id, session, link, silentTicks: 0 };
  }

  #takePacket(frame: PacketFrame): void {
    if (frame.to !== this.id) return;
    const member = this.#members.get(frame.from);
    if (member === undefined || member.session !== frame.session) {
      return this.#post({ type: "unknown", from: this.id, to: frame.from });
    }
    member.silentTicks = 0;
    const lostBefore = member.link.lost;
    member.link.receive(frame.packet);
    this.#lost += member.link.lost - lostBefore;
  }

  #deliver(memberId: string, link: Link, message: string): void {
    const received = readLinkMessage(message);
    if (received?.kind === "message") this.#options.onMessage(memberId, received.text);
    if (received?.kind !== "request") return;
    const { requestId, text } = received;
    const answer = () => this.#options.onRequest(memberId, text);
    sendAnswer(requestId, answer, (message) => {
      // The member may have disconnected while the request was answered; it resends the request when it
      // reconnects.
      const isHere = this.#members.get(memberId)?.link === link;
      if (!this.#closed && isHere) link.send(message);
    });
  }

  #beat(): void {
    this.#timer = undefined;
    for (const member of this.#members.values()) {
      member.silentTicks++;
      const timeoutMs = this.#options.memberTimeoutMs ?? 30_000;
      if (member.silentTicks * this.#heartbeatMs > timeoutMs) this.#forget(member.id, true);
    }
    if (this.#closed || (this.#members.size === 0 && this.#announcements === 0)) return;
    this.#announcements = Math.max(0, this.#announcements - 1);
    this.#announce();
    this.#timer = this.#scheduleBeat();
  }

  #scheduleBeat(): unknown {
    return channelTimers.set(() => this.#beat(), this.#heartbeatMs);
  }

  #announce(): void {
    const { epoch } = this.#options;
    const frame = { from: this.id, to: EVERYBODY, epoch, openedAt: this.#openedAt, seq: this.#seq };
    this.#post({ type: "heartbeat", ...frame });
  }

  #forget(memberId: string, mayComeBack: boolean): void {
    const member = this.#members.get(memberId);
    if (member === undefined) return;
    this.#members.delete(memberId);
    member.link.disconnect();
    member.link.clear();
    if (mayComeBack) this.#forgotten.set(memberId, member);
    const [oldest] = this.#forgotten.keys();
    const most = this.#options.maxForgottenMembers ?? 1_000;
    if (oldest !== undefined && this.#forgotten.size > most) this.#forgotten.delete(oldest);
    this.#call(() => this.#options.onMemberGone?.(memberId));
  }

  // Handles a frame from another authority of the same name: the older authority stays open and replies, so
  // that the younger authority closes.
  #meetAuthority(id: string, openedAt: number): void {
    const isOlder = openedAt < this.#openedAt || (openedAt === this.#openedAt && id < this.id);
    if (!isOlder) return this.#announce();
    const { name, onConflict } = this.#options;
    this.close();
    const message =
      `Cannot keep channel "${name}" open: another isolate of this process has an authority of that name`;
    this.#call(() => onConflict(new ChannelConflictError(message)));
  }

  #call(callback: () => void): void {
    callSafely(callback, this.#options.onError);
  }
}
