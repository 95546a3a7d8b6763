/**
 * Counts the bytes that wait to be sent over one WebSocket against the limits of all sockets and of all connections.
 *
 * @module
 */

import type { ByteBudget } from "../byte_budget.ts";

/** The unsent bytes of one socket that are counted against the limit. */
export class WaitingBytes {
  readonly #socket: WebSocket;
  readonly #budget: ByteBudget;
  readonly #copies: ByteBudget;
  readonly #share: string | null;
  #counted = 0;

  /**
   * @param socket the socket
   * @param budget the limit on the bytes that wait to be sent, over all connections
   * @param copies the limit on the bytes that wait to be sent, over all sockets
   * @param share whose share of both limits the bytes use; `null` for a peer that may use the whole limits
   */
  constructor(socket: WebSocket, budget: ByteBudget, copies: ByteBudget, share: string | null) {
    this.#socket = socket;
    this.#budget = budget;
    this.#copies = copies;
    this.#share = share;
  }

  /** The number of counted bytes. */
  get counted(): number {
    return this.#counted;
  }

  /** Sets the number of counted bytes and returns `true`; returns `false` if that would exceed a limit. */
  count(bytes: number): boolean {
    const before = this.#counted;
    if (!this.#copies.change(before, bytes, this.#share)) return false;
    if (!this.#budget.change(before, bytes, this.#share)) {
      this.#copies.change(bytes, before, this.#share);
      return false;
    }
    this.#counted = bytes;
    return true;
  }

  /** Subtracts the bytes that have been sent since they were counted. */
  measure(): void {
    // The number of unsent bytes of a closing socket is unknown: the socket reports 0, but the data that its
    // peer has not read is still in memory.
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.count(Math.min(this.#counted, this.#socket.bufferedAmount));
  }
}
