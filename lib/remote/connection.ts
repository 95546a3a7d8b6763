/**
 * Keeps a connection to a server that takes reports, for as long as it is wanted: finds a way, notices when it is cut,
 * and tries again.
 *
 * @module
 */

import { netPermissionFor, unrefTimer } from "../environment.ts";
import { HttpTransport } from "./http_transport.ts";
import type { ReportReply } from "./messages.ts";
import type { Refusal, RemoteAddress, Transport, TransportConstructor } from "./remote_transport.ts";
import { SocketTransport } from "./socket_transport.ts";

/** What a {@linkcode RemoteConnection} tells. */
export interface RemoteConnectionEvents {
  /** There is a connection, and nothing is on its way over it. */
  readonly onUp: () => void;
  /** There is none any more, or an attempt at one has failed. */
  readonly onDown: () => void;
  /** The server says something. */
  readonly onReply: (reply: ReportReply) => void;
  /** The server wants no reports, and is not asked again. */
  readonly onRefused: (reason: string) => void;
}

/** Where a link is. `waiting`: the last attempt failed, and there will be another one. `refused`: there will be none. */
type State = "stopped" | "connecting" | "up" | "waiting" | "refused";

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 5_000;
/** Whoever has no business here, such as a page of a foreign origin, is not to fill its console. */
const MAX_RETRY_NEVER_CONNECTED_MS = 30_000;
/** Attempts in vain after which there is less hope. */
const FAST_ATTEMPTS = 10;

/** A connection to a server, again and again. It is no reason for the process to live on. */
export class RemoteConnection {
  readonly #address: RemoteAddress;
  readonly #events: RemoteConnectionEvents;
  #state: State = "stopped";
  #transport: Transport | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Attempts since the server last said something. */
  #failures = 0;
  #hasBeenUp = false;

  /**
   * @param address where to, and who
   * @param events told what happens
   */
  constructor(address: RemoteAddress, events: RemoteConnectionEvents) {
    this.#address = address;
    this.#events = events;
  }

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Whether there is none, and nothing to hope for at once: the last attempt failed, or nobody wants one. */
  get isDown(): boolean {
    return this.#state === "connecting" ? this.#failures > 0 : this.#state !== "up";
  }

  /** How many batches may be on their way. */
  get window(): number {
    return this.#transport?.window ?? 0;
  }

  /** Whether there ever was a connection. */
  get hasBeenUp(): boolean {
    return this.#hasBeenUp;
  }

  /** Begins to connect, unless it has begun, or was refused. */
  start(): void {
    if (this.#state !== "stopped") return;
    const missing = netPermissionFor(this.#address.server);
    if (missing === null) return this.#connect();
    this.#state = "refused";
    this.#events.onRefused(`it can't be reached without --allow-net=${missing}`);
  }

  /** Ends the connection, until it is started again. */
  stop(): void {
    if (this.#state !== "refused") this.#state = "stopped";
    this.#drop();
  }

  /** Ends the connection for a while: it has led to nothing. */
  pause(): void {
    if (this.#state === "up" || this.#state === "connecting") this.#failed();
  }

  /** Sends a batch; only while it is up. */
  send(text: string): void {
    this.#transport?.send(text);
  }

  #connect(): void {
    this.#state = "connecting";
    this.#try(SocketTransport, () => {
      // Because nobody is there, because we are not wanted, or because sockets are blocked: this one can tell.
      this.#try(HttpTransport, () => this.#failed());
    });
  }

  #try(Kind: TransportConstructor, onNeverOpened: () => void): void {
    this.#transport = new Kind(this.#address, {
      onOpen: () => this.#opened(),
      onReply: (reply) => {
        // Who opens and then says nothing is no better than who does not open.
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
    // Somebody else may stand in for a server that took reports, while it is started anew.
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
    // Not all at once, as after a restart of the server.
    this.#timer = unrefTimer(setTimeout(() => this.#connect(), delayMs * (0.5 + Math.random() / 2)));
    this.#events.onDown();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
  }
}
