/**
 * Two ways to a server that takes reports: a WebSocket, and plain HTTP where sockets are blocked.
 *
 * @module
 */

import { object, parseJson } from "./protocol.ts";
import {
  parseReply,
  REPORT_PATH,
  REPORT_SOCKET_PATH,
  type ReportReply,
  writeBatch,
} from "./report_message.ts";

/** What becomes of a transport. */
export interface TransportEvents {
  /** It can send. */
  readonly onOpen: () => void;
  /** The server says something. */
  readonly onReply: (reply: ReportReply) => void;
  /** It is over, be it that it never opened. Called once, and not after {@linkcode Transport.close}. */
  readonly onClose: () => void;
}

/** A connection to a server. */
export interface Transport {
  /** How many batches may be on their way. */
  readonly window: number;
  /** Sends a batch. */
  send(text: string): void;
  /** Ends it. */
  close(): void;
}

/** The server, and who reports to it. */
export interface RemoteAddress {
  /** `http://host:port`, with a path where the server has one, without a slash at the end. */
  readonly server: string;
  /** The reporter's id. */
  readonly reporter: string;
}

/** Batches on their way over a socket. A commit takes the server a few milliseconds; that is long for a socket. */
const SOCKET_WINDOW = 32;
/** How long a socket may take to open, in milliseconds. */
const OPEN_TIMEOUT_MS = 5_000;
/** How long an answer may take, in milliseconds; longer than a server takes that can't commit at once. */
const ANSWER_TIMEOUT_MS = 20_000;
/** How often the server is asked whether it has something to say, in milliseconds: a request to stop is to arrive soon. */
const POLL_INTERVAL_MS = 500;

/** A WebSocket to the server. */
export class SocketTransport implements Transport {
  readonly window = SOCKET_WINDOW;
  readonly #events: TransportEvents;
  readonly #socket: WebSocket;
  readonly #timer: ReturnType<typeof setTimeout>;
  #isOver = false;

  /**
   * @param address where to, and who
   * @param events what becomes of it
   */
  constructor({ server, reporter }: RemoteAddress, events: TransportEvents) {
    this.#events = events;
    // "http" becomes "ws", "https" becomes "wss".
    this.#socket = new WebSocket(
      `${server.replace(/^http/, "ws")}/${REPORT_SOCKET_PATH}?reporter=${reporter}`,
    );
    this.#timer = setTimeout(() => this.#over(), OPEN_TIMEOUT_MS);
    this.#socket.onopen = () => {
      clearTimeout(this.#timer);
      if (!this.#isOver) events.onOpen();
    };
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = () => this.#over();
    this.#socket.onerror = () => this.#over();
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    try {
      this.#events.onReply(parseReply(parseJson(String(data))));
    } catch {
      // Whoever speaks like this is not the server that we know.
      this.#over();
    }
  }

  #over(): void {
    if (this.#isOver) return;
    this.close();
    this.#events.onClose();
  }
}

/** Requests to the server, one at a time; some of them empty, to hear what it has to say. */
export class HttpTransport implements Transport {
  readonly window = 1;
  readonly #address: RemoteAddress;
  readonly #events: TransportEvents;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBusy = false;
  #next: string | null = null;
  #isOver = false;

  /**
   * @param address where to, and who
   * @param events what becomes of it; it is open already, so `onOpen` is not called
   */
  constructor(address: RemoteAddress, events: TransportEvents) {
    this.#address = address;
    this.#events = events;
    this.#pollSoon();
  }

  send(text: string): void {
    if (this.#isBusy) this.#next = text;
    else void this.#request(text);
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #pollSoon(): void {
    this.#timer = setTimeout(() => void this.#request(writeBatch(0, [])), POLL_INTERVAL_MS);
  }

  async #request(text: string): Promise<void> {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const answer = await postBatch(this.#address, text);
    this.#isBusy = false;
    if (this.#isOver) return;
    if (answer.type !== "replies") {
      this.close();
      return this.#events.onClose();
    }
    for (const reply of answer.replies) this.#events.onReply(reply);
    const next = this.#next;
    this.#next = null;
    if (this.#isOver) return;
    if (next !== null) void this.#request(next);
    else if (!this.#isBusy) this.#pollSoon();
  }
}

/** What came of a request. */
export type BatchAnswer =
  | { readonly type: "replies"; readonly replies: readonly ReportReply[] }
  /** There is no use in asking again. */
  | { readonly type: "refused"; readonly reason: string }
  /** Nobody answers, or not at present. */
  | { readonly type: "down" };

/** Answers after which the same request may succeed later. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Sends a batch over plain HTTP.
 *
 * @param address where to, and who
 * @param text the batch
 * @returns what came of it; never rejects
 */
export async function postBatch({ server, reporter }: RemoteAddress, text: string): Promise<BatchAnswer> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(`${server}/${REPORT_PATH}?reporter=${reporter}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: text,
      signal: controller.signal,
    });
    const body = await response.text();
    if (response.ok) {
      const { replies } = object(parseJson(body), "answer");
      if (Array.isArray(replies)) return { type: "replies", replies: replies.map(parseReply) };
      return { type: "refused", reason: "it is no Taskscope" };
    }
    if (response.status >= 500 || PASSING.has(response.status)) return { type: "down" };
    return { type: "refused", reason: `it answers ${response.status}` };
  } catch (error) {
    const isForeign = error instanceof Error && error.name === "ProtocolError";
    return isForeign ? { type: "refused", reason: "it is no Taskscope" } : { type: "down" };
  } finally {
    clearTimeout(timer);
  }
}
