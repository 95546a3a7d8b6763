/**
 * The authority's side of a channel: one per name in a process, with any number of members in other isolates (or in
 * the same one).
 *
 * What is guaranteed: a member's messages arrive once and in order, also when the member was forgotten in between
 * because its isolate was blocked for long, as long as it is among the last `maxForgottenMembers` that were. Messages
 * to a member arrive once and in order until it is forgotten; those that it had not acknowledged then are dropped,
 * and `onMemberGone` says so. Across a change of the authority, messages that the old one took without being able to
 * acknowledge them arrive again at the new one. Publications may be lost: their numbers show it.
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

/** What an authority's side is made of. None of the callbacks can break it: what they throw goes to `onError`. */
export interface AuthorityChannelOptions {
  /** The name that the authority and its members share; one authority per name in a process. */
  readonly name: string;
  /** Names the numbering of the publications, 1 to 128 characters; members are told. */
  readonly epoch: string;
  /** Takes a member's message. */
  readonly onMessage: (memberId: string, message: string) => void;
  /**
   * Answers a member's request; what it throws is the member's rejection, by its message. Called again for the same
   * request where the answer may have been lost with a connection, so it should only read.
   */
  readonly onRequest: (memberId: string, payload: string) => string | Promise<string>;
  /** A member came, or came back after it was forgotten. */
  readonly onMember?: (memberId: string) => void;
  /** A member left or fell silent; what it had not acknowledged is dropped. */
  readonly onMemberGone?: (memberId: string) => void;
  /** An older authority has the same name, in another isolate; this one is closed already. */
  readonly onConflict: (error: ChannelConflictError) => void;
  /** Told what the other callbacks threw. */
  readonly onError?: (error: unknown) => void;
  /**
   * The time between two heartbeats in milliseconds, sent while there are members.
   *
   * @default {500}
   */
  readonly heartbeatMs?: number;
  /**
   * How long a member may be silent before it is forgotten, in milliseconds, counted in heartbeats, so that an
   * authority that was itself blocked forgets nobody.
   *
   * @default {30000}
   */
  readonly memberTimeoutMs?: number;
  /** The most members at a time; others are not answered. @default {1000} */
  readonly maxMembers?: number;
  /** How many forgotten members may come back without a loss. @default {1000} */
  readonly maxForgottenMembers?: number;
  /** The bounds of the link to each member. */
  readonly limits?: Partial<LinkLimits>;
}

/** Two authorities share a name in one process. */
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

// The announcement of an authority is repeated for this many heartbeats: another one may be blocked, or miss the first.
const ANNOUNCEMENTS = 10;

// The names of this isolate's authorities.
const openNames = new Set<string>();

/**
 * Checks that this isolate has no authority of a name.
 *
 * @throws {ChannelConflictError} where it has
 */
export function checkChannelIsFree(name: string): void {
  if (!openNames.has(name)) return;
  throw new ChannelConflictError(`Cannot open channel "${name}": this isolate has its authority`);
}

/** The authority's side of a channel. It keeps the process alive until it is closed. */
export class AuthorityChannel implements Disposable {
  /** Random; members tell one authority from the next by it. */
  readonly id: string = randomId();
  readonly #options: AuthorityChannelOptions;
  readonly #bus: ChannelBus;
  readonly #heartbeatMs: number;
  readonly #members = new Map<string, Member>();
  // Oldest first. Their links are empty, but know how far each side was.
  readonly #forgotten = new Map<string, Member>();
  readonly #openedAt = Date.now();
  #announcements = ANNOUNCEMENTS;
  #seq = 0;
  #lost = 0;
  #timer: unknown;
  #closed = false;

  /**
   * Opens the channel and announces the authority.
   *
   * @throws {ChannelConflictError} where this isolate has an authority of this name
   * @throws {Error} where the runtime has no BroadcastChannel
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

  /** How many members are connected. */
  get memberCount(): number {
    return this.#members.size;
  }

  /** How many packets of members were lost on the way, and sent again. */
  get lostPackets(): number {
    return this.#lost;
  }

  /** How many messages on the channel had a wrong shape. */
  get malformedFrames(): number {
    return this.#bus.malformedFrames;
  }

  /**
   * Sends a message to one member.
   *
   * @returns whether there is such a member
   * @throws {LimitError} where the member has too many unacknowledged messages; the message was not taken
   */
  send(memberId: string, message: string): boolean {
    const member = this.#members.get(memberId);
    member?.link.send(writeLinkMessage({ kind: "message", text: message }));
    return member !== undefined;
  }

  /**
   * Sends something to all members. It may be lost at any of them.
   *
   * @param seq its number, higher than that of every earlier one; heartbeats repeat the newest
   * @param text what to send
   */
  publish(seq: number, text: string): void {
    this.#seq = seq;
    if (this.#members.size > 0) this.#post({ type: "publication", from: this.id, to: EVERYBODY, seq, text });
  }

  /** Closes the channel. Members keep what they have for the next authority. Closing twice is fine. */
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
    // Ahead of what arrived here only where another authority took some in between.
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
      // The member may have gone while the answer was waited for; it asks again when it is back.
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

  // Two authorities of one name hear each other: the older one stays and answers, so that the younger learns of it.
  #meetAuthority(id: string, openedAt: number): void {
    const isOlder = openedAt < this.#openedAt || (openedAt === this.#openedAt && id < this.id);
    if (!isOlder) return this.#announce();
    const { name, onConflict } = this.#options;
    this.close();
    const message = `Cannot keep channel "${name}" open: another isolate of this process has its authority`;
    this.#call(() => onConflict(new ChannelConflictError(message)));
  }

  #call(callback: () => void): void {
    callSafely(callback, this.#options.onError);
  }
}
