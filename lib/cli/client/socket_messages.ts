/**
 * A WebSocket as a sequence of messages.
 *
 * @module
 */

/** Options of {@linkcode messagesOf}. */
export interface SocketOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** After so many milliseconds without a message, `null` is one. */
  readonly silenceMs: number;
  /** What it is to speak, and who asks. */
  readonly protocols: string[];
}

/**
 * Opens a socket and gives its messages, until it is closed, by whomever, or does not open at all.
 *
 * @param url the address
 * @param options when to end
 * @returns texts; `null` where nothing came for some time, as where the other side is gone without a word
 */
export async function* messagesOf(url: string, options: SocketOptions): AsyncGenerator<string | null> {
  const { signal, silenceMs, protocols } = options;
  if (signal.aborted) return;
  const queue: string[] = [];
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
  // An error is always followed by a close.
  socket.onerror = (event) => event.preventDefault();
  const abort = () => wake();
  signal.addEventListener("abort", abort);
  try {
    while (!signal.aborted) {
      const message = queue.shift();
      if (message !== undefined) yield message;
      else if (isClosed) return;
      else if (await isSilent((onSound) => wake = onSound, silenceMs)) yield null;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    if (socket.readyState < WebSocket.CLOSING) socket.close();
  }
}

/** Waits for a sound; resolves with whether none came in time. */
async function isSilent(listen: (onSound: () => void) => void, silenceMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), silenceMs);
  listen(() => resolve(false));
  return await promise.finally(() => clearTimeout(timer));
}
