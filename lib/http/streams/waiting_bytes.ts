/**
 * Counts the bytes that wait to be sent over one WebSocket against a budget.
 *
 * @module
 */

import type { ByteBudget } from "../byte_budget.ts";

/** The bytes of a socket that are counted. */
export class WaitingBytes {
  readonly #socket: WebSocket;
  readonly #budget: ByteBudget;
  #counted = 0;

  /**
   * @param socket the socket
   * @param budget the limit of what waits to be sent over all connections
   */
  constructor(socket: WebSocket, budget: ByteBudget) {
    this.#socket = socket;
    this.#budget = budget;
  }

  /** The number of bytes that are counted. */
  get counted(): number {
    return this.#counted;
  }

  /** Counts another number of bytes, and returns `true`, unless that exceeds the budget. */
  count(bytes: number): boolean {
    this.#budget.release(this.#counted);
    const isCounted = this.#budget.take(bytes);
    if (isCounted) this.#counted = bytes;
    else this.#budget.take(this.#counted);
    return isCounted;
  }

  /** Stops counting what has been sent. */
  measure(): void {
    // The size is unknown of a socket that is closing: it reports 0, but what its peer has not read is still there.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.count(Math.min(this.#counted, this.#socket.bufferedAmount));
  }
}
