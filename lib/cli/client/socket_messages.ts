/**
 * Reads a WebSocket's messages as an async iterator that detects silence.
 *
 * @module
 */

/** Options of {@linkcode messagesOf}. */
export interface SocketOptions {
  /** The signal that closes the socket when it is aborted. */
  readonly signal: AbortSignal;
  /** The number of milliseconds without a message after which the iterator yields `null`. */
  readonly silenceMs: number;
  /** The subprotocols, one of which may carry the key. */
  readonly protocols: string[];
}

/**
 * Opens a WebSocket and yields its messages until the socket is closed or fails to open.
 *
 * @param url the URL of the WebSocket
 * @param options the subprotocols, the silence to detect and an abort signal
 * @returns the messages; `null` after `silenceMs` without a message, because the peer may be gone without having
 * closed the connection
 */
export async function* messagesOf(url: string, options: SocketOptions): AsyncGenerator<string | null> {
  const { signal, silenceMs, protocols } = options;
  if (signal.aborted) return;
  let queue: string[] = [];
  let isClosed = false;
  let wake = () => {};
  const socket = new WebSocket(url, protocols);
  socket.onmessage = ({ data }) => {
    queue.push(String(data));
    wake();
  };
  socket.onclose = () => {
    isClosed = true;
    wake();
  };
  // An error event is always followed by a close event, which is handled.
  socket.onerror = (event) => event.preventDefault();
  const abort = () => wake();
  signal.addEventListener("abort", abort);
  try {
    while (!signal.aborted) {
      // The whole queue is replaced, because removing messages from its front one by one would move all others each
      // time.
      const messages = queue;
      queue = [];
      for (const message of messages) {
        if (signal.aborted) return;
        yield message;
      }
      if (messages.length > 0) continue;
      if (isClosed) return;
      if (await isSilent((onEvent) => wake = onEvent, silenceMs)) yield null;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    if (socket.readyState < WebSocket.CLOSING) socket.close();
  }
}

/** Waits for an event of the socket; resolves with `true` if there was no event within `silenceMs`. */
async function isSilent(listen: (onEvent: () => void) => void, silenceMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), silenceMs);
  listen(() => resolve(false));
  return await promise.finally(() => clearTimeout(timer));
}
