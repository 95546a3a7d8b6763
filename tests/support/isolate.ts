/**
 * Runs commands in another isolate of this process.
 *
 * @module
 */

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A worker that runs commands, see {@linkcode serveCommands}; disposal terminates it without notice. */
export class Isolate implements Disposable {
  readonly #worker: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #newestId = 0;

  /** @param module the URL of a module that calls {@linkcode serveCommands} */
  constructor(module: URL) {
    this.#worker = new Worker(module, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const call = this.#calls.get(data.id);
      this.#calls.delete(data.id);
      if (data.error === undefined) call?.resolve(data.result);
      else call?.reject(new Error(data.error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const call of this.#calls.values()) call.reject(new Error(event.message));
    };
  }

  /** Runs a command in the worker and returns its result. */
  call<T>(command: string, argument?: unknown): Promise<T> {
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(++this.#newestId, call);
    this.#worker.postMessage({ id: this.#newestId, command, argument });
    return call.promise as Promise<T>;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** Runs inside the worker, and serves the calls of its {@linkcode Isolate}. */
export function serveCommands(commands: { readonly [command: string]: (argument: never) => unknown }): void {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<{ id: number; command: string; argument: never }>) => void;
    postMessage(answer: Answer): void;
  };
  scope.onmessage = async ({ data: { id, command, argument } }) => {
    try {
      scope.postMessage({ id, result: await commands[command]!(argument) });
    } catch (error) {
      scope.postMessage({ id, error: String(error) });
    }
  };
}

/** Blocks this isolate for a time. */
export function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Creates a flag in shared memory, which even blocked isolates see. */
export function createFlag(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Raises a flag, for which other isolates may wait. */
export function raise(flag: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(flag, 0, 1);
}

/** Blocks this isolate until a flag is raised. */
export function blockUntil(flag: Int32Array<SharedArrayBuffer>): void {
  while (Atomics.load(flag, 0) === 0) block(1);
}

/** Waits for a flag without blocking this isolate. */
export async function raised(flag: Int32Array<SharedArrayBuffer>): Promise<void> {
  while (Atomics.load(flag, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Waits until posted BroadcastChannel messages have been sent, which the runtime does when it runs timers. */
export async function posted(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 5));
}
