/**
 * Limits how long to wait for a promise or a request.
 *
 * @module
 */

/**
 * Waits for a promise, but no longer than a timeout. The timeout does not cancel the operation that settles
 * the promise.
 *
 * @typeParam Value the value that the promise resolves to
 * @param promise the promise to wait for
 * @param timeoutMs the maximum wait, in milliseconds
 * @param signal ends the wait early, like the timeout, when it is aborted
 * @returns the value, or `undefined` after the timeout
 * @throws the reason of the promise if it rejects before the timeout
 */
export async function withTimeout<Value>(
  promise: Promise<Value>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // `Promise.withResolvers()` would be shorter, but Node 20 lacks it.
  let end = () => {};
  const timedOut = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
    timer = setTimeout(end, timeoutMs);
  });
  signal?.addEventListener("abort", end);
  if (signal?.aborted) end();
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

/**
 * A signal for one request that is aborted by a longer-lived signal, or after a timeout. Call
 * {@linkcode Deadline.clear} after the request.
 */
export class Deadline {
  readonly #controller: AbortController = new AbortController();
  readonly #parent: AbortSignal;
  readonly #abort = () => this.#controller.abort();
  readonly #timer: ReturnType<typeof setTimeout>;
  #hasTimedOut = false;

  /**
   * Starts the timeout.
   *
   * @param parent a longer-lived signal that also aborts the request
   * @param timeoutMs the maximum duration of the request, in milliseconds
   */
  constructor(parent: AbortSignal, timeoutMs: number) {
    this.#parent = parent;
    this.#timer = setTimeout(() => {
      this.#hasTimedOut = true;
      this.#abort();
    }, timeoutMs);
    parent.addEventListener("abort", this.#abort);
    if (parent.aborted) this.#abort();
  }

  /** The signal to pass to the request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the timeout aborted the request. */
  get hasTimedOut(): boolean {
    return this.#hasTimedOut;
  }

  /** Releases the timer and the listener on the parent signal. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener("abort", this.#abort);
  }
}
