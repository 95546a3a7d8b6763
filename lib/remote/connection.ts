/**
 * Connects to a server that receives reports: chooses the transport, and reconnects automatically.
 *
 * @module
 */

import { netPermissionFor, unrefTimer } from "../environment.ts";
import { HttpTransport } from "./http_transport.ts";
import type { ReportReply } from "./messages.ts";
import type { Refusal, RemoteAddress, Transport, TransportEvents } from "./remote_transport.ts";
import { SocketTransport } from "./socket_transport.ts";

/** Callbacks of a {@linkcode RemoteConnection}. */
export interface RemoteConnectionEvents {
  /** Called when the connection is established, before any batch is in flight. */
  readonly onUp: () => void;
  /** Called when the connection is lost or an attempt to connect has failed. */
  readonly onDown: () => void;
  /** Called before `onDown` if the connection was ended because a batch is too large. */
  readonly onTooLarge: () => void;
  /** Called with each reply of the server. */
  readonly onReply: (reply: ReportReply) => void;
  /** Called when the server rejects all reports; no further attempt is made. */
  readonly onRefused: (reason: string) => void;
}

/**
 * The state of a connection. `waiting`: the last attempt failed and a retry is scheduled. `refused`: no
 * further attempt is made.
 */
type State = "stopped" | "connecting" | "up" | "waiting" | "refused";

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 5_000;
/**
 * The maximum delay before a retry if the server was never reached, in milliseconds; long, because each
 * failed attempt of a page whose origin the server does not allow adds an error to the browser's console.
 */
const MAX_RETRY_NEVER_CONNECTED_MS = 30_000;
/**
 * The number of failed attempts after which attempts to reach a server that was never reached become less
 * frequent.
 */
const FAST_ATTEMPTS = 10;

/**
 * The delay before a connection over plain HTTP first tries a WebSocket again, in milliseconds. The last attempt may
 * have failed only because the server was busy, or because the tasks were moving to another node. The delay doubles
 * after each failed attempt.
 */
const FIRST_UPGRADE_MS = 10_000;
/** The maximum delay before such an attempt, in milliseconds: networks that block WebSockets usually always do. */
const MAX_UPGRADE_MS = 600_000;

/** A connection that reconnects with exponential backoff, and whose timers are unref'd. */
export class RemoteConnection {
  readonly #address: RemoteAddress;
  readonly #events: RemoteConnectionEvents;
  readonly #open: ((events: TransportEvents) => Transport) | null;
  #state: State = "stopped";
  #transport: Transport | null = null;
  /** A WebSocket that is being opened while plain HTTP is in use; otherwise `null`. */
  #candidate: Transport | null = null;
  /** The timer of the next attempt to connect, or to replace plain HTTP. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The number of failed attempts since the server's last reply. */
  #failures = 0;
  #hasBeenUp = false;

  /**
   * @param address the server, the key and the identity of the reporter
   * @param events the callbacks
   * @param connect opens a transport; `null` to use a WebSocket, or plain HTTP if WebSockets are blocked
   */
  constructor(
    address: RemoteAddress,
    events: RemoteConnectionEvents,
    connect: ((events: TransportEvents) => Transport) | null = null,
  ) {
    this.#address = address;
    this.#events = events;
    this.#open = connect;
  }

  /** Whether the connection is established. */
  get isUp(): boolean {
    return this.#state === "up";
  }

  /**
   * Whether the connection is down: it was stopped, or the last attempt to connect failed and no attempt has
   * succeeded since.
   */
  get isDown(): boolean {
    return this.#state === "connecting" ? this.#failures > 0 : this.#state !== "up";
  }

  /** The maximum number of batches in flight. */
  get window(): number {
    return this.#transport?.window ?? 0;
  }

  /** Whether the connection was ever established. */
  get hasBeenUp(): boolean {
    return this.#hasBeenUp;
  }

  /** Connects, unless the connection was already started or was refused. */
  start(): void {
    if (this.#state !== "stopped") return;
    const missing = this.#open === null ? netPermissionFor(this.#address.server) : null;
    if (missing === null) return this.#connect();
    this.#state = "refused";
    this.#events.onRefused(`it can't be reached without --allow-net=${missing}`);
  }

  /** Retries now if the last attempt failed, and resets the backoff, so that further retries follow soon. */
  retryNow(): void {
    if (this.#state !== "waiting") return;
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#connect();
  }

  /** Disconnects until {@linkcode RemoteConnection.start} is called again. */
  stop(): void {
    if (this.#state !== "refused") this.#state = "stopped";
    this.#drop();
  }

  /** Disconnects and retries after the backoff, as if the connection had failed. */
  pause(): void {
    if (this.#state === "up" || this.#state === "connecting") this.#failed();
  }

  /**
   * Sends a batch. The connection must be established.
   *
   * @param batch the number of the batch
   * @param reports the reports as JSON
   */
  send(batch: number, reports: readonly string[]): void {
    this.#transport?.send(batch, reports);
  }

  #connect(): void {
    this.#state = "connecting";
    if (this.#open !== null) return this.#try(this.#open, () => this.#failed());
    this.#try((events) => new SocketTransport(this.#address, events), () => {
      // The server may be down, it may refuse the connection, or WebSockets may be blocked; an attempt over
      // plain HTTP shows which it is.
      this.#try(
        (events) => new HttpTransport(this.#address, events),
        () => this.#failed(),
        () => this.#scheduleUpgrade(FIRST_UPGRADE_MS),
      );
    });
  }

  #try(open: (events: TransportEvents) => Transport, onNeverOpened: () => void, onOpened = () => {}): void {
    this.#transport = open(this.#eventsOf(() => {
      this.#opened();
      onOpened();
    }, () => this.#state === "up" ? this.#failed() : onNeverOpened()));
  }

  #eventsOf(onOpen: () => void, onClose: () => void): TransportEvents {
    return {
      onOpen,
      onReply: (reply) => {
        // Only a reply resets the backoff: a connection that opens but receives no reply counts as a failure.
        this.#failures = 0;
        this.#events.onReply(reply);
      },
      onClose: (isTooLarge) => {
        if (isTooLarge && this.#state === "up") {
          // The next attempt sends less, so it does not wait as if the server had failed again.
          this.#failures = 0;
          this.#events.onTooLarge();
        }
        onClose();
      },
      onRefused: (refusal) => this.#refused(refusal),
    };
  }

  #scheduleUpgrade(delayMs: number): void {
    this.#timer = unrefTimer(setTimeout(() => this.#upgrade(delayMs), jittered(delayMs)));
  }

  /** Opens a WebSocket, which replaces plain HTTP as soon as it is open. */
  #upgrade(waitedMs: number): void {
    const candidate = new SocketTransport(
      this.#address,
      this.#eventsOf(() => {
        this.#candidate = null;
        this.#transport?.close();
        this.#transport = candidate;
        this.#opened();
      }, () => {
        if (this.#transport === candidate) return this.#failed();
        this.#candidate = null;
        this.#scheduleUpgrade(Math.min(2 * waitedMs, MAX_UPGRADE_MS));
      }),
    );
    this.#candidate = candidate;
  }

  #opened(): void {
    this.#state = "up";
    this.#hasBeenUp = true;
    this.#events.onUp();
  }

  #refused({ reason, isFromServer }: Refusal): void {
    // While a known server restarts, a proxy may respond in its place, so only a refusal by the server itself
    // is final.
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
    this.#timer = unrefTimer(setTimeout(() => this.#connect(), jittered(delayMs)));
    this.#events.onDown();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
    this.#candidate?.close();
    this.#candidate = null;
  }
}

/** Returns a shorter delay at random, so that not all reporters reconnect at once after a restart of the server. */
function jittered(delayMs: number): number {
  return delayMs * (0.5 + Math.random() / 2);
}
