/**
 * One question to a worker and its one answer.
 *
 * @module
 */

/** What a worker says on its way, and last. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly done: number }
  | { readonly type: "answer"; readonly answer: number };

/** Options of {@linkcode callWorker}. */
export interface CallWorkerOptions {
  /** Its abort ends the worker at once. */
  readonly signal: AbortSignal;
  /** Called with how much the worker has done. */
  readonly onProgress: (done: number) => void;
}

/**
 * Sends a worker one message and waits for its {@linkcode WorkerMessage} of type `answer`. The worker is ended in any case.
 *
 * @param worker a worker that nobody else uses
 * @param request what to send
 * @param options how to stop it, and who hears of its progress
 * @returns the answer
 * @throws {Error} where the worker failed, with its message; the signal's reason where that was aborted
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
    // Not prevented, an error in a worker ends the whole process.
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
