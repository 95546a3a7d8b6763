/**
 * The interface of a transport, which sends reports to a server.
 *
 * @module
 */

import type { ReportReply } from "./messages.ts";
import type { ReporterIdentity } from "./reporter_identity.ts";

/** Callbacks of a {@linkcode Transport}. */
export interface TransportEvents {
  /** Called when batches can be sent. */
  readonly onOpen: () => void;
  /** Called with each reply of the server. */
  readonly onReply: (reply: ReportReply) => void;
  /**
   * Called once, when the connection is lost or fails to open, but not after {@linkcode Transport.close}.
   *
   * @param isTooLarge whether the server or a proxy ended the connection because a batch is too large
   */
  readonly onClose: (isTooLarge: boolean) => void;
  /** Called instead of `onClose` if the server rejects all reports. */
  readonly onRefused: (refusal: Refusal) => void;
}

/** Why a server rejects all reports. */
export interface Refusal {
  /** The reason for the rejection, to display. */
  readonly reason: string;
  /**
   * Whether a Taskscope server gave the reason; if `false`, something else, such as a proxy, responded at the
   * server's address.
   */
  readonly isFromServer: boolean;
}

/** One connection to a server. A transport detects by itself that its connection is lost. */
export interface Transport {
  /** The maximum number of batches in flight. */
  readonly window: number;
  /**
   * Sends a batch.
   *
   * @param batch the number of the batch
   * @param reports the reports as JSON
   */
  send(batch: number, reports: readonly string[]): void;
  /** Closes the transport. A closed transport calls no callback, and does not keep the process alive. */
  close(): void;
}

/** The server and the identity of the reporter. */
export interface RemoteAddress {
  /**
   * The server's address: `http://host:port`, plus the base path if there is one, without a trailing slash.
   */
  readonly server: string;
  readonly reporter: ReporterIdentity;
  /** The server's key or a token; `null` if there is none. */
  readonly key: string | null;
  /** The headers that authenticate the handshake in place of the key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates of authorities that Deno trusts in addition to public authorities, as PEM. */
  readonly caCerts?: string[];
}
