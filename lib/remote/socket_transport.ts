/**
 * Sends reports over a WebSocket.
 *
 * @module
 */

import { unrefTimer } from "../environment.ts";
import { parseJson } from "../task/protocol.ts";
import type { RemoteAddress, Transport, TransportEvents } from "./remote_transport.ts";
import { keyHeaders, keyProtocols } from "./credentials.ts";
import { parseReply, REPORT_SOCKET_PATH, writeBatch } from "./messages.ts";
import { hasTcp } from "./tcp_connection.ts";
import { type SocketEvents, UnrefSocket } from "./unref_socket.ts";

/**
 * The maximum number of batches in flight; large, because a socket can transfer many batches in the few
 * milliseconds that a commit takes.
 */
const SOCKET_WINDOW = 32;
/** The timeout for opening the socket, in milliseconds. */
const OPEN_TIMEOUT_MS = 5_000;
/**
 * The time without a message from the server after which the transport sends a keep-alive, in milliseconds.
 */
const HEARTBEAT_MS = 10_000;

/** The code with which a socket is closed because a message is too large (RFC 6455, section 7.4.1). */
const MESSAGE_TOO_BIG = 1009;

/** The methods of a WebSocket that the transport uses. */
interface MessageSocket {
  send(text: string): void;
  close(): void;
}

/** A transport over a WebSocket to the server. */
export class SocketTransport implements Transport {
  readonly window = SOCKET_WINDOW;
  readonly #events: TransportEvents;
  readonly #socket: MessageSocket;
  readonly #secret: string;
  #timer: ReturnType<typeof setTimeout>;
  /** Whether the server has sent nothing since the last keep-alive. */
  #isSilent = false;
  #isClosed = false;

  /**
   * @param address the server, the key and the identity of the reporter
   * @param events the callbacks
   */
  constructor(address: RemoteAddress, events: TransportEvents) {
    const { server, reporter } = address;
    this.#events = events;
    this.#secret = reporter.secret;
    this.#timer = unrefTimer(setTimeout(() => this.#lost(), OPEN_TIMEOUT_MS));
    this.#socket = openSocket(address, `${server}/${REPORT_SOCKET_PATH}?reporter=${reporter.id}`, {
      onOpen: () => this.#opened(),
      onText: (text) => this.#receive(text),
      onClose: (code) => this.#lost(code === MESSAGE_TOO_BIG),
    });
  }

  send(batch: number, reports: readonly string[]): void {
    this.#socket.send(writeBatch(batch, reports));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #opened(): void {
    if (this.#isClosed) return;
    this.#scheduleCheck();
    this.#socket.send(writeBatch(0, [], this.#secret));
    this.#events.onOpen();
  }

  #receive(text: string): void {
    if (this.#isClosed) return;
    this.#isSilent = false;
    try {
      this.#events.onReply(parseReply(parseJson(text)));
    } catch {
      // The server is not a Taskscope server, or uses another version of the protocol.
      this.#lost();
    }
  }

  #scheduleCheck(): void {
    clearTimeout(this.#timer);
    this.#timer = unrefTimer(setTimeout(() => this.#checkAlive(), HEARTBEAT_MS));
  }

  #checkAlive(): void {
    if (this.#isSilent) return this.#lost();
    this.#isSilent = true;
    this.send(0, []);
    this.#scheduleCheck();
  }

  #lost(isTooLarge = false): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onClose(isTooLarge);
  }
}

function openSocket(address: RemoteAddress, url: string, events: SocketEvents): MessageSocket {
  if (hasTcp()) {
    return new UnrefSocket(url, events, address.headers ?? keyHeaders(address.key), address.caCerts);
  }
  try {
    return platformSocket(url, keyProtocols(address.key), events);
  } catch {
    // The runtime has no WebSocket, or this page was loaded over TLS and must not open an unencrypted
    // WebSocket.
    queueMicrotask(() => events.onClose());
    return { send() {}, close() {} };
  }
}

function platformSocket(url: string, protocols: string[], events: SocketEvents): MessageSocket {
  // The scheme "http" becomes "ws", and "https" becomes "wss".
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
  socket.onopen = events.onOpen;
  socket.onmessage = ({ data }) => events.onText(String(data));
  socket.onclose = ({ code }) => events.onClose(code);
  socket.onerror = () => events.onClose();
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
}
