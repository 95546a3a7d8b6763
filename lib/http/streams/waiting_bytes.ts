/**
 * Counts the bytes that wait to be sent over one WebSocket against the limit of all connections.
 *
 * @module
 */

import type { ByteBudget } from "../byte_budget.ts";

/** The unsent bytes of one socket that are counted against the limit. */
export class WaitingBytes {
  readonly #socket: WebSocket;
  readonly #budget: ByteBudget;
  readonly #share: string | null;
  #counted = 0;

  /**
   * @param socket the socket
   * @param budget the limit on the bytes that wait to be sent, over all connections
   * @param share whose share of the limit the bytes use; `null` for a peer that may use the whole limit
   */
  constructor(socket: WebSocket, budget: ByteBudget, share: string | null) {
    this.#socket = socket;
    this.#budget = budget;
    this.#share = share;
  }

  /** The number of counted bytes. */
  get counted(): number {
    return this.#counted;
  }

  /** Sets the number of counted bytes and returns `true`; returns `false` if that would exceed the limit. */
  count(bytes: number): boolean {
    const isCounted = this.#budget.change(this.#counted, bytes, this.#share);
    if (isCounted) this.#counted = bytes;
    return isCounted;
  }

  /** Subtracts the bytes that have been sent since they were counted. */
  measure(): void {
    // The number of unsent bytes of a closing socket is unknown: the socket reports 0, but the data that its
    // peer has not read is still in memory.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.count(Math.min(this.#counted, this.#socket.bufferedAmount));
  }
}
