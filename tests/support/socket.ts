/**
 * Opens a WebSocket to a server and records its messages.
 *
 * @module
 */

import type { JsonObject, Task } from "../../lib/task/task.ts";

/** A parsed message of any type; fields that its type does not have are absent. */
export interface SocketMessage {
  readonly type: string;
  readonly cursor?: string;
  readonly active_tasks?: readonly Task[];
  readonly all_tasks?: Readonly<Record<string, Task>>;
  readonly tasks?: readonly Task[];
  readonly removed?: readonly string[];
}

/** The code and the reason with which a socket was closed. */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/** How long a test waits for an expected message, in milliseconds. */
const DEADLINE_MS = 60_000;

/** A WebSocket to a server; disposal closes it. */
export class TestSocket implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #waiting: Set<() => void> = new Set();
  /** The text of all messages received so far. */
  readonly texts: string[] = [];
  /** All messages received so far, parsed. */
  readonly messages: SocketMessage[] = [];
  #close: SocketClose | undefined;

  /**
   * @param url the address; its scheme is `http`, `https`, `ws` or `wss`
   * @param protocols the subprotocols to offer
   */
  constructor(url: string, protocols: string[] = []) {
    this.#socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
    this.#socket.onmessage = ({ data }) => {
      this.texts.push(data);
      this.messages.push(JSON.parse(data));
      for (const look of this.#waiting) look();
    };
    this.#socket.onclose = ({ code, reason }) => {
      this.#close = { code, reason };
      for (const look of this.#waiting) look();
    };
    this.#socket.onerror = (event) => event.preventDefault();
  }

  /** Resolves when the socket is open; rejects if it cannot be opened. */
  async opened(): Promise<void> {
    await this.#until(() => this.#socket.readyState === WebSocket.OPEN || undefined, "It did not open");
  }

  /** Resolves with the first matching message, whether it was already received or is still to come. */
  find(fits: (message: SocketMessage) => boolean): Promise<SocketMessage> {
    return this.#until(() => this.messages.find(fits), "No message fits");
  }

  /** Resolves with the first record of a task that satisfies a condition. */
  async task(id: string, fits: (task: Task) => boolean): Promise<Task> {
    const found = await this.find((message) => {
      const task = taskIn(message, id);
      return task !== undefined && fits(task);
    });
    return taskIn(found, id)!;
  }

  /** Resolves with all messages received so far when there are at least `least`. */
  async count(least: number): Promise<readonly SocketMessage[]> {
    await this.#until(() => this.messages.length >= least || undefined, `There are no ${least} messages`);
    return this.messages;
  }

  /** Resolves when the socket is closed by either side. */
  closed(): Promise<SocketClose> {
    return this.#until(() => this.#close, "It was not closed");
  }

  /** Sends a message. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed();
  }

  async #until<T>(look: () => T | undefined, complaint: string): Promise<T> {
    const first = look();
    if (first !== undefined) return first;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (why: string) =>
      reject(new Error(`${complaint}: ${why} after ${this.texts.join("\n").slice(-2_000)}`));
    const timer = setTimeout(() => fail(`nothing in ${DEADLINE_MS} ms`), DEADLINE_MS);
    const again = () => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#close !== undefined) fail("closed");
    };
    this.#waiting.add(again);
    this.#socket.addEventListener("open", again);
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(again);
      this.#socket.removeEventListener("open", again);
    });
  }
}

/** Returns the record of a task in a message of any type; `undefined` if there is none. */
export function taskIn(message: SocketMessage, id: string): Task | undefined {
  const single = message as unknown as JsonObject;
  if (single.id === id) return message as unknown as Task;
  return message.all_tasks?.[id] ?? message.tasks?.find((task) => task.id === id);
}
