/**
 * Ends a command that somebody asked to stop.
 *
 * @module
 */

import { descendantsOf, listProcesses, type ProcessInfo, signalProcess } from "./processes.ts";

/** Options of a {@linkcode Stopper}. */
export interface StopperOptions {
  /** How long it may take to end, in milliseconds. */
  readonly graceMs: number;
  /** Whether the process only wraps the one that is meant, and ends with it. */
  readonly isWrapper: boolean;
}

/**
 * Asks a process and all that it has started to end, and after some time does not ask any more. A script that is asked
 * alone would end, and what it is waiting for would go on unseen.
 */
export class Stopper implements Disposable {
  readonly #root: number;
  readonly #options: StopperOptions;
  readonly #overdue = Promise.withResolvers<void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: readonly ProcessInfo[] = [];
  #isStopping = false;
  #hasAsked = false;
  #hasRootEnded = false;
  #isDisposed = false;

  /**
   * @param root the process
   * @param options how to end it
   */
  constructor(root: number, options: StopperOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Whether it was asked to stop. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** Resolves when nothing is asked any more, and everything was killed. */
  get overdue(): Promise<void> {
    return this.#overdue.promise;
  }

  /** Asks it to stop; once is enough. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const asked = descendantsOf(this.#root, await listProcesses());
    if (this.#isDisposed || this.#hasRootEnded) return;
    this.#hasAsked = true;
    this.#asked = asked;
    // The first one first: it must not begin with something else because a part of it has ended.
    const pids = this.#options.isWrapper && asked.length > 0
      ? asked.map(({ pid }) => pid)
      : this.#pids(asked);
    for (const pid of pids) signalProcess(pid, "SIGTERM");
    this.#timer = setTimeout(() => void this.#kill(), this.#options.graceMs);
  }

  /** The process itself has ended; what it had started may not. */
  rootEnded(): void {
    this.#hasRootEnded = true;
  }

  /** Lets it be. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #kill(): Promise<void> {
    const processes = await listProcesses();
    if (this.#isDisposed) return;
    // A number may belong to another process by now.
    const tree = this.#hasRootEnded ? [] : this.#pids(descendantsOf(this.#root, processes));
    const known = new Set(processes.map(({ pid, group }) => `${pid} ${group}`));
    // Those whose parent has ended are nobody's descendants any more.
    const left = this.#asked.filter(({ pid, group }) => known.has(`${pid} ${group}`));
    for (const pid of new Set([...tree, ...left.map(({ pid }) => pid)])) signalProcess(pid, "SIGKILL");
    this.#overdue.resolve();
  }

  #pids(processes: readonly ProcessInfo[]): number[] {
    return [this.#root, ...processes.map(({ pid }) => pid)];
  }
}
