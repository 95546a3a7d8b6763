/**
 * Keeps a connection to a server that takes reports, for as long as it is wanted: finds a way, notices when it is cut,
 * and tries again.
 *
 * @module
 */

import { type ReportReply, writeBatch } from "./report_message.ts";
import {
  HttpTransport,
  postBatch,
  type RemoteAddress,
  SocketTransport,
  type Transport,
  type TransportEvents,
} from "./remote_transport.ts";

/** What a {@linkcode RemoteLink} tells. */
export interface RemoteLinkEvents {
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
const LONGEST_RETRY_MS = 5_000;
/** Whoever has no business here, such as a page of a foreign origin, is not to fill its console. */
const LONGEST_RETRY_WITHOUT_SUCCESS_MS = 30_000;
/** How often a server that says nothing is asked for a sign of life, in milliseconds. */
const HEARTBEAT_MS = 10_000;

/** A connection to a server, again and again. Its timers are no reason for the process to live on. */
export class RemoteLink {
  readonly #address: RemoteAddress;
  readonly #events: RemoteLinkEvents;
  #state: State = "stopped";
  #transport: Transport | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #hasBeenUp = false;
  /** The server has been silent since it was asked for a sign of life. */
  #isSilent = false;

  /**
   * @param address where to, and who
   * @param events told what happens
   */
  constructor(address: RemoteAddress, events: RemoteLinkEvents) {
    this.#address = address;
    this.#events = events;
  }

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Whether it is known that there is none, because the last attempt failed. */
  get isDown(): boolean {
    return this.#state === "refused" || (this.#failures > 0 && this.#state !== "stopped");
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
    if (this.#state === "stopped") this.#connect();
  }

  /** Ends the connection, until it is started again. */
  stop(): void {
    if (this.#state !== "refused") this.#state = "stopped";
    this.#drop();
  }

  /** Sends a batch; only while it is up. */
  send(text: string): void {
    this.#transport?.send(text);
  }

  #connect(): void {
    this.#state = "connecting";
    if (typeof WebSocket === "undefined") return void this.#askOverHttp();
    this.#transport = this.#open(SocketTransport, () => void this.#askOverHttp());
  }

  /** No socket can be had: because nobody is there, because we are not wanted, or because sockets are blocked. */
  async #askOverHttp(): Promise<void> {
    this.#transport = null;
    const answer = await postBatch(this.#address, writeBatch(0, []));
    if (this.#state !== "connecting") return;
    if (answer.type === "refused") {
      this.#state = "refused";
      return this.#events.onRefused(answer.reason);
    }
    if (answer.type === "down") return this.#failed();
    this.#transport = this.#open(HttpTransport, () => this.#failed());
    this.#opened();
  }

  #open(
    Kind: new (address: RemoteAddress, events: TransportEvents) => Transport,
    onNeverOpened: () => void,
  ): Transport {
    return new Kind(this.#address, {
      onOpen: () => this.#opened(),
      onReply: (reply) => {
        this.#isSilent = false;
        this.#events.onReply(reply);
      },
      onClose: () => this.#state === "up" ? this.#failed() : onNeverOpened(),
    });
  }

  #opened(): void {
    this.#state = "up";
    this.#failures = 0;
    this.#hasBeenUp = true;
    this.#isSilent = false;
    this.#schedule(HEARTBEAT_MS, () => this.#beat());
    this.#events.onUp();
  }

  #failed(): void {
    this.#drop();
    this.#state = "waiting";
    const longestMs = this.#hasBeenUp || this.#failures < 10
      ? LONGEST_RETRY_MS
      : LONGEST_RETRY_WITHOUT_SUCCESS_MS;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, longestMs);
    // Not all at once, as after a restart of the server.
    this.#schedule(delayMs * (0.5 + Math.random() / 2), () => this.#connect());
    this.#events.onDown();
  }

  #beat(): void {
    if (this.#isSilent) return this.#failed();
    this.#isSilent = true;
    this.send(writeBatch(0, []));
    this.#schedule(HEARTBEAT_MS, () => this.#beat());
  }

  #schedule(delayMs: number, work: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, delayMs);
    if (typeof Deno !== "undefined") Deno.unrefTimer(this.#timer as unknown as number);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
  }
}
