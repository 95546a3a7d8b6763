/**
 * From a request to a WebSocket.
 *
 * @module
 */

import { byteLength } from "../../task/protocol.ts";
import { SUBPROTOCOL } from "../../remote/credentials.ts";
import { Problem } from "../problem.ts";

/** Close codes (RFC 6455, section 7.4.1, and its registry). */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  policy: 1008,
  tooBig: 1009,
  serverError: 1011,
  tryAgainLater: 1013,
} as const;

/** Sockets whose end the peer has not confirmed yet. */
export class OpenSockets {
  readonly #sockets: Set<WebSocket> = new Set();
  #onAllClosed: () => void = () => {};

  /** Takes note of a socket. */
  add(socket: WebSocket): void {
    this.#sockets.add(socket);
  }

  /** The socket is closed. May be called more than once. */
  delete(socket: WebSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onAllClosed();
  }

  /** Resolves when none is open any more. */
  whenClosed(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onAllClosed = resolve);
  }
}

/**
 * Answers a handshake.
 *
 * @param request what came
 * @returns the socket, and the answer that completes it
 * @throws {Problem} 426 where it is no handshake, 400 where it is a broken one
 */
export function upgrade(request: Request): Deno.WebSocketUpgrade {
  checkHandshake(request);
  try {
    // Beside it a token may be offered, which no answer is to name.
    const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((text) =>
      text.trim()
    );
    return Deno.upgradeWebSocket(request, offered.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {});
  } catch (error) {
    throw new Problem("bad_handshake", `The handshake can't be completed: ${(error as Error).message}`);
  }
}

/** Checks what `Deno.upgradeWebSocket` does not (RFC 6455, section 4.2.1). */
function checkHandshake(request: Request): void {
  const { headers } = request;
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new Problem("upgrade_needed", "This is a WebSocket; try wscat -c", {
      headers: { upgrade: "websocket" },
    });
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new Problem("upgrade_needed", "Only version 13 of WebSocket is spoken here", {
      headers: { upgrade: "websocket", "sec-websocket-version": "13" },
    });
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    throw new Problem("bad_handshake", "Sec-WebSocket-Key must be 16 bytes in base64");
  }
}

/** The size of a message in bytes. */
export function sizeOf(data: unknown): number {
  if (typeof data === "string") return byteLength(data);
  return data instanceof ArrayBuffer ? data.byteLength : Infinity;
}
