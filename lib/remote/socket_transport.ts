/**
 * Reports over a WebSocket.
 *
 * @module
 */

import { DenoSocket, type SocketEvents } from "./deno_socket.ts";
import { unrefTimer } from "../environment.ts";
import { parseJson } from "../task/protocol.ts";
import type { RemoteAddress, Transport, TransportEvents } from "./remote_transport.ts";
import { keyHeaders, keyProtocols } from "./credentials.ts";
import { parseReply, REPORT_SOCKET_PATH, writeBatch } from "./messages.ts";

/** Batches on their way over a socket. A commit takes the server a few milliseconds; that is long for a socket. */
const SOCKET_WINDOW = 32;
/** How long a socket may take to open, in milliseconds. */
const OPEN_TIMEOUT_MS = 5_000;
/** How often a server that says nothing is asked for a sign of life, in milliseconds. */
const HEARTBEAT_MS = 10_000;

/** A socket, of whichever kind. */
interface MessageSocket {
  send(text: string): void;
  close(): void;
}

/** A WebSocket to the server. */
export class SocketTransport implements Transport {
  readonly window = SOCKET_WINDOW;
  readonly #events: TransportEvents;
  readonly #socket: MessageSocket;
  #timer: ReturnType<typeof setTimeout>;
  /** The server has been silent since it was asked for a sign of life. */
  #isSilent = false;
  #isClosed = false;

  /**
   * @param address where to, and who
   * @param events what becomes of it
   */
  constructor(address: RemoteAddress, events: TransportEvents) {
    const { server, reporter } = address;
    this.#events = events;
    this.#timer = unrefTimer(setTimeout(() => this.#lost(), OPEN_TIMEOUT_MS));
    this.#socket = openSocket(address, `${server}/${REPORT_SOCKET_PATH}?reporter=${reporter}`, {
      onOpen: () => this.#opened(),
      onText: (text) => this.#receive(text),
      onClose: () => this.#lost(),
    });
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #opened(): void {
    if (this.#isClosed) return;
    this.#scheduleCheck();
    this.#events.onOpen();
  }

  #receive(text: string): void {
    if (this.#isClosed) return;
    this.#isSilent = false;
    try {
      this.#events.onReply(parseReply(parseJson(text)));
    } catch {
      // Whoever speaks like this is not the server that we know.
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
    this.send(writeBatch(0, []));
    this.#scheduleCheck();
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onClose();
  }
}

function openSocket(address: RemoteAddress, url: string, events: SocketEvents): MessageSocket {
  if (typeof Deno !== "undefined") return new DenoSocket(url, events, keyHeaders(address.key));
  try {
    return platformSocket(url, keyProtocols(address.key), events);
  } catch {
    // There are none, or a page that came over TLS may not open one that does without.
    queueMicrotask(events.onClose);
    return { send() {}, close() {} };
  }
}

function platformSocket(url: string, protocols: string[], events: SocketEvents): MessageSocket {
  // "http" becomes "ws", "https" becomes "wss".
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
  socket.onopen = events.onOpen;
  socket.onmessage = ({ data }) => events.onText(String(data));
  socket.onclose = events.onClose;
  socket.onerror = events.onClose;
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
}
