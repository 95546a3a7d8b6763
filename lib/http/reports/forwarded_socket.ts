/**
 * The socket of a reporter whose messages are passed to the nodes that own its tasks.
 *
 * @module
 */

import { UnrefSocket } from "../../remote/unref_socket.ts";
import { ProtocolError } from "../../errors.ts";
import { byteLength } from "../../task/byte_length.ts";
import { keyOfOwner } from "../cluster/split.ts";
import type { HandlerContext } from "../context.ts";
import { CLOSE, sizeOf } from "../streams/upgrade.ts";
import type { Relay } from "./relays.ts";

/** The part of a WebSocket that a session of a reporter uses. */
export type ReporterSocket = Pick<WebSocket, "readyState" | "bufferedAmount" | "send" | "close">;

/** A session on this node. */
export interface LocalSession {
  open(): void;
  receive(data: unknown): void;
  /** Ends the session. */
  end(): void;
}

/** A node that owns tasks of the reporter, as this node reaches it. */
interface OwnerEnd {
  /** Resolves when the message is no longer in the memory of this node. */
  send(text: string): Promise<void>;
  close(): void;
}

/** Options of a {@linkcode ForwardedSocket}. */
export interface ForwardedSocketOptions {
  readonly context: HandlerContext;
  /** Decides which owner gets what, and what the reporter gets. */
  readonly relay: Relay;
  /** Whose share of the limits its messages count towards; `null` for one who may use them up. */
  readonly share: string | null;
}

/** The socket of a reporter, and the ones to the owners that its messages are passed to. */
export class ForwardedSocket {
  readonly #context: HandlerContext;
  readonly #relay: Relay;
  readonly #share: string | null;
  readonly #owners: Map<string, OwnerEnd> = new Map();
  /** For each owner, resolves to `true` once its socket is open, and to `false` if it will not open. */
  readonly #opened: PromiseWithResolvers<boolean>[] = [];
  /** The socket of the reporter; `null` until its handshake is complete. */
  #reporter: WebSocket | null = null;
  /** The messages for the reporter that wait until its socket is open. */
  #early: string[] = [];
  #earlyBytes = 0;
  /** The number of bytes that wait to be sent to the owners. */
  #queuedBytes = 0;
  #isClosed = false;

  /** @param options the limits of the monitor, and what is passed on */
  constructor({ context, relay, share }: ForwardedSocketOptions) {
    this.#context = context;
    this.#relay = relay;
    this.#share = share;
  }

  /**
   * Opens a socket to another node that owns tasks.
   *
   * @param address the address of the node
   * @param url the address of the socket there
   * @param headers the headers of its handshake
   */
  connect(address: string, url: string, headers: Readonly<Record<string, string>>): void {
    const opened = Promise.withResolvers<boolean>();
    this.#opened.push(opened);
    const socket = new UnrefSocket(
      url,
      {
        onOpen: () => opened.resolve(true),
        onText: (text) => this.#received(address, text),
        onClose: (code = CLOSE.goingAway, reason = "The connection to the owner of the tasks is lost") => {
          opened.resolve(false);
          this.close(code, reason);
        },
      },
      headers,
      this.#context.cluster!.forwarder.caCerts,
    );
    this.#owners.set(address, socket);
  }

  /** Begins a session on this node, which owns tasks, too. */
  serve(sessionOf: (socket: ReporterSocket) => LocalSession): void {
    const session = sessionOf({
      readyState: WebSocket.OPEN,
      bufferedAmount: 0,
      send: (text) => this.#received(keyOfOwner(null), String(text)),
      close: (code, reason) => this.close(code, reason),
    });
    this.#owners.set(keyOfOwner(null), {
      send: (text) => Promise.resolve(session.receive(text)),
      close: () => session.end(),
    });
    session.open();
  }

  /** Resolves to whether all sockets to owners are open, after `forwardTimeoutMs` at the latest. */
  async open(): Promise<boolean> {
    const giveUp = () => this.#opened.forEach(({ resolve }) => resolve(false));
    const timer = setTimeout(giveUp, this.#context.limits.forwardTimeoutMs);
    const all = await Promise.all(this.#opened.map(({ promise }) => promise));
    clearTimeout(timer);
    return all.every((isOpen) => isOpen) && !this.#isClosed;
  }

  /** Connects the reporter, whose socket opens later. */
  attach(reporter: WebSocket, onEnd: () => void): void {
    this.#reporter = reporter;
    reporter.onopen = () => {
      if (this.#isClosed) return reporter.close(CLOSE.goingAway);
      const early = this.#early;
      this.#early = [];
      for (const text of early) this.reply(text);
    };
    reporter.onmessage = ({ data }) => this.#receive(data);
    reporter.onerror = () => this.close();
    reporter.onclose = () => {
      this.close();
      onEnd();
    };
  }

  /** Sends a message to the reporter. */
  reply(text: string): void {
    if (this.#isClosed) return;
    const { forwardQueueBytes } = this.#context.limits;
    const reporter = this.#reporter;
    if (reporter === null || reporter.readyState === WebSocket.CONNECTING) {
      this.#earlyBytes += byteLength(text);
      if (this.#earlyBytes > forwardQueueBytes) return this.close();
      this.#early.push(text);
      return;
    }
    if (reporter.readyState !== WebSocket.OPEN) return;
    if (reporter.bufferedAmount > forwardQueueBytes) {
      this.close(CLOSE.tryAgainLater, "Reading too slowly");
    } else reporter.send(text);
  }

  /** Closes all sockets. Idempotent. */
  close(code: number = CLOSE.goingAway, reason = ""): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#early = [];
    for (const owner of this.#owners.values()) owner.close();
    // A socket that opens later is closed by its handler.
    if (this.#reporter?.readyState === WebSocket.OPEN) this.#reporter.close(code, reason);
  }

  #received(owner: string, text: string): void {
    const reply = this.#relay.toReporter(owner, text);
    if (reply !== null) this.reply(reply);
  }

  #receive(data: unknown): void {
    if (this.#isClosed) return;
    const { limits, unsent } = this.#context;
    if (typeof data !== "string") return this.close(CLOSE.policy, "Messages must be text");
    const bytes = sizeOf(data);
    if (bytes > limits.reportBytes) {
      return this.close(CLOSE.tooBig, `Messages must have at most ${limits.reportBytes} bytes`);
    }
    // Received messages know no backpressure: whatever an owner does not read yet, waits here.
    if (this.#queuedBytes + bytes > limits.forwardQueueBytes || !unsent.take(bytes, this.#share)) {
      return this.close(CLOSE.tryAgainLater, "Too many reports wait for the owner of the tasks");
    }
    this.#queuedBytes += bytes;
    Promise.all(this.#passOn(data)).then(() => {
      this.#queuedBytes -= bytes;
      unsent.release(bytes, this.#share);
    });
  }

  /** Sends a message, or its parts, to owners. */
  #passOn(text: string): Promise<void>[] {
    try {
      return Array.from(this.#relay.toOwners(text), ([owner, part]) => this.#owners.get(owner)!.send(part));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(CLOSE.policy, error.message.replace(/[^\x20-\x7e]/g, "?").slice(0, 120));
      return [];
    }
  }
}
