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
  readonly #share: string | null;
  #counted = 0;

  /**
   * @param socket the socket
   * @param budget the limit of what waits to be sent over all connections
   * @param share whose share of the limit the bytes count towards; `null` for a peer that may use it up
   */
  constructor(socket: WebSocket, budget: ByteBudget, share: string | null) {
    this.#socket = socket;
    this.#budget = budget;
    this.#share = share;
  }

  /** The number of bytes that are counted. */
  get counted(): number {
    return this.#counted;
  }

  /** Counts another number of bytes, and returns `true`, unless that exceeds the budget. */
  count(bytes: number): boolean {
    const isCounted = this.#budget.change(this.#counted, bytes, this.#share);
    if (isCounted) this.#counted = bytes;
    return isCounted;
  }

  /** Stops counting what has been sent. */
  measure(): void {
    // The size is unknown of a socket that is closing: it reports 0, but what its peer has not read is still there.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.count(Math.min(this.#counted, this.#socket.bufferedAmount));
  }
}
