/**
 * A connection to a server for reports, with a choice of transport and automatic reconnects.
 *
 * @module
 */

import { netPermissionFor, unrefTimer } from "../environment.ts";
import { HttpTransport } from "./http_transport.ts";
import type { ReportReply } from "./messages.ts";
import type { Refusal, RemoteAddress, Transport, TransportConstructor } from "./remote_transport.ts";
import { SocketTransport } from "./socket_transport.ts";

/** Callbacks of a {@linkcode RemoteConnection}. */
export interface RemoteConnectionEvents {
  /** Called when the connection is established; no batch is in flight yet. */
  readonly onUp: () => void;
  /** Called when the connection is lost or an attempt to connect has failed. */
  readonly onDown: () => void;
  /** Called with each reply of the server. */
  readonly onReply: (reply: ReportReply) => void;
  /** Called when the server rejects all reports; there will be no further attempt. */
  readonly onRefused: (reason: string) => void;
}

/** `waiting`: the last attempt failed and a retry is scheduled. `refused`: there will be no retry. */
type State = "stopped" | "connecting" | "up" | "waiting" | "refused";

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 5_000;
/** Longer, so that a page whose origin the server does not allow does not flood the browser's console. */
const MAX_RETRY_NEVER_CONNECTED_MS = 30_000;
/** After this many failed attempts, a server that was never reached is retried less often. */
const FAST_ATTEMPTS = 10;

/** A connection that reconnects with exponential backoff. Its timers are unref'd. */
export class RemoteConnection {
  readonly #address: RemoteAddress;
  readonly #events: RemoteConnectionEvents;
  #state: State = "stopped";
  #transport: Transport | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Failed attempts since the server's last reply. */
  #failures = 0;
  #hasBeenUp = false;

  /**
   * @param address the server, the key and the reporter's id
   * @param events the callbacks
   */
  constructor(address: RemoteAddress, events: RemoteConnectionEvents) {
    this.#address = address;
    this.#events = events;
  }

  /** Whether the connection is established. */
  get isUp(): boolean {
    return this.#state === "up";
  }

  /**
   * Whether there is no connection and none is imminent: the last attempt failed, or the connection is
   * stopped.
   */
  get isDown(): boolean {
    return this.#state === "connecting" ? this.#failures > 0 : this.#state !== "up";
  }

  /** How many batches may be in flight. */
  get window(): number {
    return this.#transport?.window ?? 0;
  }

  /** Whether the connection was ever established. */
  get hasBeenUp(): boolean {
    return this.#hasBeenUp;
  }

  /** Starts connecting, unless it has started already or was refused. */
  start(): void {
    if (this.#state !== "stopped") return;
    const missing = netPermissionFor(this.#address.server);
    if (missing === null) return this.#connect();
    this.#state = "refused";
    this.#events.onRefused(`it can't be reached without --allow-net=${missing}`);
  }

  /** Disconnects, until it is started again. */
  stop(): void {
    if (this.#state !== "refused") this.#state = "stopped";
    this.#drop();
  }

  /** Disconnects and retries after the backoff, as if the connection had failed. */
  pause(): void {
    if (this.#state === "up" || this.#state === "connecting") this.#failed();
  }

  /** Sends a batch. The connection must be established. */
  send(text: string): void {
    this.#transport?.send(text);
  }

  #connect(): void {
    this.#state = "connecting";
    this.#try(SocketTransport, () => {
      // The server is down, it refuses the connection, or WebSockets are blocked; plain HTTP can tell which.
      this.#try(HttpTransport, () => this.#failed());
    });
  }

  #try(Kind: TransportConstructor, onNeverOpened: () => void): void {
    this.#transport = new Kind(this.#address, {
      onOpen: () => this.#opened(),
      onReply: (reply) => {
        // Only a reply resets the backoff: a connection that opens and stays silent counts as a failure.
        this.#failures = 0;
        this.#events.onReply(reply);
      },
      onClose: () => this.#state === "up" ? this.#failed() : onNeverOpened(),
      onRefused: (refusal) => this.#refused(refusal),
    });
  }

  #opened(): void {
    this.#state = "up";
    this.#hasBeenUp = true;
    this.#events.onUp();
  }

  #refused({ reason, isFromServer }: Refusal): void {
    // While a known server restarts, a proxy may answer in its place; only the server itself can refuse for
    // good.
    if (this.#hasBeenUp && !isFromServer) return this.#failed();
    this.#drop();
    this.#state = "refused";
    this.#events.onRefused(reason);
  }

  #failed(): void {
    this.#drop();
    this.#state = "waiting";
    const maxMs = this.#hasBeenUp || this.#failures < FAST_ATTEMPTS
      ? MAX_RETRY_MS
      : MAX_RETRY_NEVER_CONNECTED_MS;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, maxMs);
    // Jitter, so that reporters do not all reconnect at once after a restart of the server.
    this.#timer = unrefTimer(setTimeout(() => this.#connect(), delayMs * (0.5 + Math.random() / 2)));
    this.#events.onDown();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
  }
}
