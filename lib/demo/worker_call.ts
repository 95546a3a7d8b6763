/**
 * Sends a worker one request and waits for its answer.
 *
 * @module
 */

/** A message from the worker: progress, or the final answer. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly done: number }
  | { readonly type: "answer"; readonly answer: number };

/** Options of {@linkcode callWorker}. */
export interface CallWorkerOptions {
  /** The signal that terminates the worker when it is aborted. */
  readonly signal: AbortSignal;
  /** Called with each progress message of the worker. */
  readonly onProgress: (done: number) => void;
}

/**
 * Sends a worker one message and waits for its {@linkcode WorkerMessage} of type `answer`. The worker is
 * terminated afterwards, also if it fails.
 *
 * @param worker a worker that is used for nothing else
 * @param request the message to send
 * @param options the signal that terminates the worker, and a callback for its progress
 * @returns the answer
 * @throws {Error} if the worker fails, with the worker's error message; the signal's reason if the signal is
 * aborted
 */
export async function callWorker(
  worker: Worker,
  request: unknown,
  options: CallWorkerOptions,
): Promise<number> {
  const { signal, onProgress } = options;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const onAbort = () => reject(signal.reason);
  worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    if (data.type === "answer") resolve(data.answer);
    else onProgress(data.done);
  };
  worker.onerror = (event) => {
    // Without `preventDefault()`, an error in the worker would end the whole process.
    event.preventDefault();
    reject(new Error(`The worker failed: ${event.message}`));
  };
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    worker.postMessage(request);
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    worker.terminate();
  }
}
