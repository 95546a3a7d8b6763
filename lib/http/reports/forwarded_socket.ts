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

/** A session of the reporter on this node, which owns some of its tasks. */
export interface LocalSession {
  open(): void;
  receive(data: unknown): void;
  /** Ends the session. */
  end(): void;
}

/** The connection of this node to a node that owns tasks of the reporter. */
interface OwnerEnd {
  /** Sends a message; resolves when the message is no longer in the memory of this node. */
  send(text: string): Promise<void>;
  close(): void;
}

/** Options of a {@linkcode ForwardedSocket}. */
export interface ForwardedSocketOptions {
  readonly context: HandlerContext;
  /** Decides which owners get the reporter's messages, and which of their messages the reporter gets. */
  readonly relay: Relay;
  /**
   * Whose share of the limits the reporter's messages use; `null` for a reporter that may use the whole
   * limits.
   */
  readonly share: string | null;
}

/** Passes messages between the socket of a reporter and the sockets to the owners of its tasks. */
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

  /**
   * @param options the limits of the monitor, the relay that decides which messages are passed on, and the
   * share
   */
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

  /** Begins a session on this node, because this node owns some of the tasks, too. */
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

  /**
   * Waits until all sockets to owners are open, for `forwardTimeoutMs` at most; resolves to whether they are.
   */
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
    // A socket that opens later is closed by the handler of its `open` event.
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
    // A WebSocket has no backpressure for received messages, so the messages that an owner has not read yet
    // wait here.
    if (this.#queuedBytes + bytes > limits.forwardQueueBytes || !unsent.take(bytes, this.#share)) {
      return this.close(CLOSE.tryAgainLater, "Too many reports wait for the owner of the tasks");
    }
    this.#queuedBytes += bytes;
    Promise.all(this.#passOn(data)).then(() => {
      this.#queuedBytes -= bytes;
      unsent.release(bytes, this.#share);
    });
  }

  /** Sends a message, or the parts of a batch, to the owners of its tasks. */
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
