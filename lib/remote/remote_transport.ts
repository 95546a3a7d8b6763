/**
 * The interface of a transport to a server for reports.
 *
 * @module
 */

import type { ReportReply } from "./messages.ts";

/** Callbacks of a {@linkcode Transport}. */
export interface TransportEvents {
  /** Called when batches can be sent. */
  readonly onOpen: () => void;
  /** Called with each reply of the server. */
  readonly onReply: (reply: ReportReply) => void;
  /** Called once, when the transport is closed or failed to open; not after {@linkcode Transport.close}. */
  readonly onClose: () => void;
  /** Called instead of `onClose` if the server rejects all reports. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** Why a server rejects all reports. */
export interface Refusal {
  /** The reason to display. */
  readonly reason: string;
  /**
   * Whether the reason came from a Taskscope server; otherwise from something else that answered at its
   * address.
   */
  readonly isFromServer: boolean;
}

/** One connection to a server. It detects by itself when the connection is lost. */
export interface Transport {
  /** How many batches may be in flight. */
  readonly window: number;
  /** Sends a batch. */
  send(text: string): void;
  /** Closes the transport. No callback is called afterwards, and the process is not kept alive. */
  close(): void;
}

/** The constructor of a transport. */
export type TransportConstructor = new (address: RemoteAddress, events: TransportEvents) => Transport;

/** The server and the identity of the reporter. */
export interface RemoteAddress {
  /** `http://host:port`, plus the base path if there is one, without a trailing slash. */
  readonly server: string;
  /** The reporter's id. */
  readonly reporter: string;
  /** The server's key or a token; `null` if there is none. */
  readonly key: string | null;
}
