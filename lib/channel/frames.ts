/**
 * The wire format of a channel. Frames are validated on arrival, because any code in the process can post
 * them.
 *
 * @module
 */

import type { Packet } from "./packet.ts";

/** The protocol version. Frames of other versions are ignored. */
const CHANNEL_PROTOCOL = 1;

/** The value of `to` in frames for every receiver. */
export const EVERYBODY = "*";

/**
 * The frame with which a member looks for an authority. The member repeats this frame until an authority
 * answers.
 */
export interface HelloFrame {
  readonly type: "hello";
  readonly from: string;
  readonly to: string;
  /** The number of the member's oldest unacknowledged message. */
  readonly oldest: number;
}

/** An authority's answer to `hello`: it accepts the member, or knows the member already. */
export interface WelcomeFrame {
  readonly type: "welcome";
  readonly from: string;
  readonly to: string;
  readonly epoch: string;
  /** When the authority was opened, in epoch milliseconds. */
  readonly openedAt: number;
  /** Identifies the numbering of the authority's messages to this member. */
  readonly session: string;
  /** The number of the next message that the authority expects from the member. */
  readonly next: number;
  /** The number of the authority's oldest message that the member has not acknowledged. */
  readonly oldest: number;
  /** The sequence number of the newest publication. */
  readonly seq: number;
}

/** An authority's answer to a member that it does not know; the member must then send `hello` again. */
export interface UnknownFrame {
  readonly type: "unknown";
  readonly from: string;
  readonly to: string;
}

/** A packet of a link, with messages and acknowledgements, in either direction. */
export interface PacketFrame {
  readonly type: "packet";
  readonly from: string;
  readonly to: string;
  readonly session: string;
  readonly packet: Packet;
}

/** A publication: a text for all members, without delivery guarantee. */
export interface PublicationFrame {
  readonly type: "publication";
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  readonly text: string;
}

/** The frame that tells members that the authority is alive. */
export interface HeartbeatFrame {
  readonly type: "heartbeat";
  readonly from: string;
  readonly to: string;
  readonly epoch: string;
  readonly openedAt: number;
  readonly seq: number;
}

/** The frame that a member or the authority sends when it disconnects; like any frame, it may be lost. */
export interface ByeFrame {
  readonly type: "bye";
  readonly from: string;
  readonly to: string;
}

/** Any frame on a channel; `from` and `to` are the random ids of members and authorities. */
export type Frame =
  | HelloFrame
  | WelcomeFrame
  | UnknownFrame
  | PacketFrame
  | PublicationFrame
  | HeartbeatFrame
  | ByeFrame;

/** Adds the protocol version to a frame. */
export function toWire(frame: Frame): unknown {
  return { taskscope: CHANNEL_PROTOCOL, ...frame };
}

/**
 * Returns whether a frame is for the given receiver. Call this before anything else, because most frames are
 * for other receivers.
 */
export function isFor(data: unknown, id: string): boolean {
  if (typeof data !== "object" || data === null) return true;
  const { to } = data as Fields;
  return to === id || to === EVERYBODY || typeof to !== "string";
}

/**
 * Parses a frame.
 *
 * @param data the message as received from the channel
 * @returns the frame, with every field checked; `undefined` if the data is not a frame of this protocol
 * version
 */
export function parseFrame(data: unknown): Frame | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const fields = data as Fields;
  const { type, from, to } = fields;
  if (fields.taskscope !== CHANNEL_PROTOCOL || !isId(from) || !isId(to)) return undefined;
  switch (type) {
    case "hello": {
      const { oldest } = fields;
      return isNumber(oldest, 1) ? { type, from, to, oldest } : undefined;
    }
    case "welcome": {
      const { epoch, openedAt, session, next, oldest, seq } = fields;
      if (!isId(epoch) || !isTime(openedAt) || !isId(session)) return undefined;
      if (!isNumber(next, 1) || !isNumber(oldest, 1) || !isNumber(seq, 0)) return undefined;
      return { type, from, to, epoch, openedAt, session, next, oldest, seq };
    }
    case "packet": {
      const { session } = fields;
      const packet = parsePacket(fields.packet);
      return isId(session) && packet !== undefined ? { type, from, to, session, packet } : undefined;
    }
    case "publication": {
      const { seq, text } = fields;
      return isNumber(seq, 0) && typeof text === "string" ? { type, from, to, seq, text } : undefined;
    }
    case "heartbeat": {
      const { epoch, openedAt, seq } = fields;
      if (!isId(epoch) || !isTime(openedAt) || !isNumber(seq, 0)) return undefined;
      return { type, from, to, epoch, openedAt, seq };
    }
    case "unknown":
    case "bye":
      return { type, from, to };
    default:
      return undefined;
  }
}

/** A message of a link: a plain message, a request, or a response. */
export type LinkMessage =
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "request" | "response" | "failure"; readonly requestId: number; readonly text: string };

const MARKS = { message: "m", request: "q", response: "r", failure: "f" } as const;
const REQUEST_GRAMMAR = /^([qrf])(\d{1,15}) /;

/**
 * Encodes a link message as a prefix followed by its text. JSON is avoided because it would escape the large
 * texts a second time.
 */
export function writeLinkMessage(message: LinkMessage): string {
  const mark = MARKS[message.kind];
  return message.kind === "message" ? mark + message.text : `${mark}${message.requestId} ${message.text}`;
}

/** Decodes a link message; `undefined` if it is malformed. */
export function readLinkMessage(message: string): LinkMessage | undefined {
  if (message.startsWith(MARKS.message)) return { kind: "message", text: message.slice(1) };
  const match = REQUEST_GRAMMAR.exec(message);
  if (match === null) return undefined;
  const kind = match[1] === MARKS.request ? "request" : match[1] === MARKS.response ? "response" : "failure";
  return { kind, requestId: Number(match[2]), text: message.slice(match[0].length) };
}

type Fields = { readonly [key: string]: unknown };

// The maximum number of messages in a packet: far more than a Link sends, but it bounds the cost of a
// malicious packet.
const MAX_MESSAGES = 100_000;
const MAX_HELD = 1_000;

function parsePacket(value: unknown): Packet | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { transmission, first, messages, next, seen, held } = value as Fields;
  if (!isNumber(transmission, 1) || !isNumber(next, 1) || !isNumber(seen, 0)) return undefined;
  if (!Array.isArray(messages) || messages.length > MAX_MESSAGES) return undefined;
  if (!isNumber(first, messages.length === 0 ? 0 : 1)) return undefined;
  if (!Array.isArray(held) || held.length > MAX_HELD) return undefined;
  // A loop is used because `every()` skips the holes of sparse arrays, which structured clone preserves.
  for (const message of messages) if (typeof message !== "string") return undefined;
  for (const number of held) if (!isNumber(number, 1)) return undefined;
  return { transmission, first, messages, next, seen, held };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 128;
}

function isNumber(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
