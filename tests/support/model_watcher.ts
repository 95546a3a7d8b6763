/**
 * Watches a server during a test, validates every message, and reconnects after a disconnect.
 *
 * @module
 */

import { WatcherModel } from "./watcher_model.ts";

/** Checks every change that a server sends for consistency with the earlier ones. */
export class ModelWatcher implements AsyncDisposable {
  readonly model: WatcherModel = new WatcherModel("the watcher");
  readonly #url: string;
  readonly #socketClosed: Set<Promise<void>> = new Set();
  #socket: WebSocket | null = null;
  #isOver = false;
  #failure: unknown = null;
  /** The number of frames received so far. */
  frames = 0;

  /**
   * @param url the address of the server
   * @param client the client whose tasks it watches
   */
  constructor(url: string, client: string) {
    this.#url = `${url.replace(/^http/, "ws")}/ws/tasks/${client}?mode=delta`;
    this.#connect();
  }

  /** Throws the error of the first inconsistent message, if there was one. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#socket?.close();
    await Promise.all(this.#socketClosed);
  }

  #connect(): void {
    const { cursor } = this.model;
    const socket = new WebSocket(
      `${this.#url}${cursor === null ? "" : `&after=${encodeURIComponent(cursor)}`}`,
    );
    this.#socket = socket;
    this.model.connect("delta");
    socket.onmessage = ({ data }) => {
      if (this.#failure !== null) return;
      try {
        this.frames++;
        this.model.receive(JSON.parse(data));
      } catch (error) {
        this.#failure = error;
      }
    };
    socket.onerror = (event) => event.preventDefault();
    const closed = new Promise<void>((resolve) => {
      socket.onclose = () => {
        resolve();
        if (!this.#isOver && this.#failure === null) this.#connect();
      };
    });
    this.#socketClosed.add(closed);
    closed.finally(() => this.#socketClosed.delete(closed));
  }
}
