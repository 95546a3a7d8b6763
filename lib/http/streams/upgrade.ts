/**
 * Upgrades requests to WebSockets.
 *
 * @module
 */

import { byteLength } from "../../task/byte_length.ts";
import { SUBPROTOCOL } from "../../remote/credentials.ts";
import { elementsOf, headerOf } from "../headers.ts";
import { Problem } from "../problem.ts";
import { hasLeft, originalOf } from "../waiting_handshakes.ts";

/** The codes for closing a WebSocket (RFC 6455, section 7.4.1, and the IANA registry). */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  policy: 1008,
  tooBig: 1009,
  serverError: 1011,
  tryAgainLater: 1013,
} as const;

/** The reason for closing the socket of a visitor whose grant has expired. */
export const EXPIRED = "The key or token has expired";

/** The sockets that are open, or whose close the peer has not confirmed yet. */
export class OpenSockets {
  readonly #sockets: Set<WebSocket> = new Set();
  #onAllClosed: () => void = () => {};

  /** Adds a socket. */
  add(socket: WebSocket): void {
    this.#sockets.add(socket);
  }

  /** Removes a socket that is closed. Idempotent. */
  delete(socket: WebSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onAllClosed();
  }

  /** Resolves when every socket is closed. */
  whenClosed(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onAllClosed = resolve);
  }
}

/** Options of {@linkcode upgrade}. */
export interface UpgradeOptions {
  /**
   * Sets the handlers of the socket, which opens later. The request must not be used here, because its
   * headers can't be read after the upgrade.
   */
  readonly attach: (socket: WebSocket) => void;
  /** Called with an error that `attach` throws; the socket is closed afterwards. */
  readonly reportError: (error: unknown) => void;
}

/**
 * Completes a WebSocket handshake. Nothing is thrown after the upgrade, because `Deno.serve` stops listening if a
 * handler fails to return the response of an upgrade.
 *
 * @param request the request
 * @param options the callbacks for the socket and for errors
 * @returns the response
 * @throws {Problem} 426 if the request is not a handshake, 400 if it is an invalid handshake or its peer has
 * disconnected
 */
export function upgrade(request: Request, { attach, reportError }: UpgradeOptions): Response {
  const { socket, response } = complete(request);
  try {
    attach(socket);
  } catch (error) {
    reportError(error);
    socket.onopen = () => socket.close(CLOSE.serverError, "The server failed; its log has the details");
  }
  // The last of the listeners, so that it runs after the handlers that it removes.
  socket.addEventListener("close", () => removeHandlers(socket), { once: true });
  return response;
}

/**
 * Removes the handlers of a closed socket. A timer of Deno holds a socket whose peer has disconnected for 15 s, half of
 * its idle timeout; handlers may hold much more memory than the socket itself, such as a whole state.
 */
function removeHandlers(socket: WebSocket): void {
  socket.onopen = null;
  socket.onmessage = null;
  socket.onerror = null;
  socket.onclose = null;
}

function complete(request: Request): Deno.WebSocketUpgrade {
  checkHandshake(request);
  if (hasLeft(request)) {
    throw new Problem("bad_handshake", "The client left before the WebSocket handshake was complete");
  }
  const offered = elementsOf(headerOf(request, "sec-websocket-protocol"));
  try {
    // Only Taskscope's own subprotocol is selected, because another offered subprotocol may carry a token,
    // which must not be repeated in the response.
    const protocol = offered.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {};
    return Deno.upgradeWebSocket(originalOf(request), protocol);
  } catch (error) {
    throw new Problem(
      "bad_handshake",
      `Cannot complete the WebSocket handshake: ${(error as Error).message}`,
    );
  }
}

/**
 * Checks what `Deno.upgradeWebSocket()` does not check (RFC 6455, section 4.2.1).
 *
 * @throws {Problem} 426 if the request is not a handshake, 400 if it is an invalid handshake
 */
export function checkHandshake(request: Request): void {
  const { headers, method } = request;
  if (method !== "GET") throw new Problem("bad_handshake", `A handshake must be a GET, received ${method}`);
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new Problem(
      "upgrade_needed",
      "This endpoint is a WebSocket; connect with a WebSocket client, such as wscat -c",
      {
        headers: { upgrade: "websocket" },
      },
    );
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new Problem("upgrade_needed", "Only version 13 of the WebSocket protocol is supported", {
      headers: { upgrade: "websocket", "sec-websocket-version": "13" },
    });
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    throw new Problem("bad_handshake", "Sec-WebSocket-Key must be 16 bytes in Base64");
  }
}

/** Returns the size of a WebSocket message in bytes. */
export function sizeOf(data: unknown): number {
  if (typeof data === "string") return byteLength(data);
  return data instanceof ArrayBuffer ? data.byteLength : Infinity;
}
