/**
 * What a way to a server that takes reports has to be able to do.
 *
 * @module
 */

import type { ReportReply } from "./messages.ts";

/** What becomes of a transport. */
export interface TransportEvents {
  /** It can send. */
  readonly onOpen: () => void;
  /** The server says something. */
  readonly onReply: (reply: ReportReply) => void;
  /** It is over, be it that it never opened. Called once, and not after {@linkcode Transport.close}. */
  readonly onClose: () => void;
  /** It is over, as the server takes no reports. Called in the place of `onClose`. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** Why a server takes no reports. */
export interface Refusal {
  /** For people. */
  readonly reason: string;
  /** Whether the server itself has said so; else it is somebody who does not know what a report is. */
  readonly isFromServer: boolean;
}

/** A connection to a server. It notices by itself when it is cut. */
export interface Transport {
  /** How many batches may be on their way. */
  readonly window: number;
  /** Sends a batch. */
  send(text: string): void;
  /** Ends it. Nothing is heard of it any more, and it keeps no process alive. */
  close(): void;
}

/** Makes a transport. */
export type TransportConstructor = new (address: RemoteAddress, events: TransportEvents) => Transport;

/** The server, and who reports to it. */
export interface RemoteAddress {
  /** `http://host:port`, with a path where the server has one, without a slash at the end. */
  readonly server: string;
  /** The reporter's id. */
  readonly reporter: string;
  /** The key of the server, or a token; `null` where there is none. */
  readonly key: string | null;
}
