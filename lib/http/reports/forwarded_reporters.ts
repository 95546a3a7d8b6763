/**
 * Passes the messages between reporters and the node that owns the tasks.
 *
 * @module
 */

import { ClosedError } from "../../errors.ts";
import { UnrefSocket } from "../../remote/unref_socket.ts";
import { byteLength } from "../../task/protocol.ts";
import { type Owner, OwnerUnreachableError } from "../cluster/forwarder.ts";
import type { HandlerContext } from "../context.ts";
import { Slots } from "../slots.ts";
import { checkHandshake, CLOSE, type OpenSockets, sizeOf, upgrade } from "../streams/upgrade.ts";
import { reporterFrom } from "./session.ts";

/** The socket of a reporter, and the one to the owner that its messages are passed to. */
class ForwardedSocket {
  readonly #context: HandlerContext;
  readonly #share: string | null;
  readonly #opened = Promise.withResolvers<boolean>();
  readonly #owner: UnrefSocket;
  /** The socket of the reporter; `null` until its handshake is complete. */
  #reporter: WebSocket | null = null;
  /** The messages of the owner that wait until the reporter's socket is open. */
  #early: string[] = [];
  #earlyBytes = 0;
  /** The number of bytes that wait to be sent to the owner. */
  #queuedBytes = 0;
  #isClosed = false;

  /**
   * @param context the limits of the monitor
   * @param url the address of the socket at the owner
   * @param headers the headers of its handshake
   * @param share whose share of the limits its messages count towards; `null` for one who may use them up
   */
  constructor(
    context: HandlerContext,
    url: string,
    headers: Readonly<Record<string, string>>,
    share: string | null,
  ) {
    this.#context = context;
    this.#share = share;
    this.#owner = new UnrefSocket(
      url,
      {
        onOpen: () => this.#opened.resolve(true),
        onText: (text) => this.reply(text),
        onClose: (code = CLOSE.goingAway, reason = "The connection to the owner of the tasks is lost") => {
          this.#opened.resolve(false);
          this.close(code, reason);
        },
      },
      headers,
      context.cluster!.forwarder.caCerts,
    );
  }

  /** Resolves to whether the socket to the owner is open, after `forwardTimeoutMs` at the latest. */
  async open(): Promise<boolean> {
    const timer = setTimeout(() => this.#opened.resolve(false), this.#context.limits.forwardTimeoutMs);
    const isOpen = await this.#opened.promise;
    clearTimeout(timer);
    return isOpen && !this.#isClosed;
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

  #receive(data: unknown): void {
    if (this.#isClosed) return;
    const { limits, unsent } = this.#context;
    if (typeof data !== "string") return this.close(CLOSE.policy, "Messages must be text");
    const bytes = sizeOf(data);
    if (bytes > limits.reportBytes) {
      return this.close(CLOSE.tooBig, `Messages must have at most ${limits.reportBytes} bytes`);
    }
    // Received messages know no backpressure: whatever the owner does not read yet, waits here.
    if (this.#queuedBytes + bytes > limits.forwardQueueBytes || !unsent.take(bytes, this.#share)) {
      return this.close(CLOSE.tryAgainLater, "Too many reports wait for the owner of the tasks");
    }
    this.#queuedBytes += bytes;
    this.#owner.send(data).then(() => {
      this.#queuedBytes -= bytes;
      unsent.release(bytes, this.#share);
    });
  }

  /** Closes both sockets. Idempotent. */
  close(code: number = CLOSE.goingAway, reason = ""): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#early = [];
    this.#owner.close();
    // A socket that opens later is closed by its handler.
    if (this.#reporter?.readyState === WebSocket.OPEN) this.#reporter.close(code, reason);
  }
}

/** Forwards requests to `/ws/report`. */
export class ForwardedReporters {
  readonly #context: HandlerContext;
  readonly #open: OpenSockets;
  readonly #slots: Slots;
  readonly #sockets: Set<ForwardedSocket> = new Set();
  #isClosed = false;

  /**
   * @param context the parts of the monitor to use
   * @param open the sockets that are not closed yet
   */
  constructor(context: HandlerContext, open: OpenSockets) {
    this.#context = context;
    this.#open = open;
    this.#slots = new Slots(context.limits.reporters, "reporters");
  }

  /** Announces to reporters that this node is about to shut down. */
  beginClosing(): void {
    for (const socket of this.#sockets) socket.reply('{"type":"closing"}');
  }

  /** Closes every socket. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.close(CLOSE.goingAway, "The server is shutting down");
  }

  /**
   * `WS /ws/report?reporter={id}`: opens a socket to the owner, then completes the handshake of the reporter.
   *
   * @param request the request
   * @param peer the address at the other end of its connection
   * @param owner the node that owns the tasks
   * @param share whose share of the limits the reporter counts towards; `null` for one who may use them up
   * @returns the response of the handshake
   * @throws {OwnerUnreachableError} if the owner can't be reached, or refuses the socket
   * @throws {Problem} 400 or 426 if the request is not a valid handshake, 503 if too many reporters are connected
   */
  async upgrade(request: Request, peer: string, owner: Owner, share: string | null): Promise<Response> {
    checkHandshake(request);
    reporterFrom(request);
    const release = this.#slots.take(share);
    const { forwarder } = this.#context.cluster!;
    const { url, headers } = forwarder.prepare(request, peer, owner);
    const socket = new ForwardedSocket(this.#context, url, Object.fromEntries(headers), share);
    this.#sockets.add(socket);
    const unregister = forwarder.socketTo(
      owner,
      () => socket.close(CLOSE.goingAway, "Another node owns the tasks now"),
    );
    const end = () => {
      unregister();
      socket.close();
      this.#sockets.delete(socket);
      release();
    };
    try {
      if (!await socket.open()) {
        throw new OwnerUnreachableError("The node that owns the tasks can't be reached");
      }
      if (this.#isClosed) throw new ClosedError("The server is shutting down");
      return upgrade(request, {
        attach: (reporter) => {
          this.#open.add(reporter);
          socket.attach(reporter, () => {
            this.#open.delete(reporter);
            end();
          });
        },
        reportError: this.#context.reportError,
      });
    } catch (error) {
      end();
      throw error;
    }
  }
}
