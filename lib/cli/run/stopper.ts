/**
 * Stops a process tree with SIGTERM, and with SIGKILL after a grace period.
 *
 * @module
 */

import { descendantsOf, listProcesses, type ProcessInfo, signalProcess } from "./processes.ts";

/** Options of a {@linkcode Stopper}. */
export interface StopperOptions {
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Whether the root process only wraps the command, as script(1) does, and exits when the command exits. */
  readonly isWrapper: boolean;
}

/**
 * Sends SIGTERM to a process and all its descendants, and SIGKILL to those that still run after the grace
 * period. If only a shell script were signalled, the program that it waits for would keep running.
 */
export class Stopper implements Disposable {
  readonly #root: number;
  readonly #options: StopperOptions;
  readonly #overdue = Promise.withResolvers<void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #signalled: readonly ProcessInfo[] = [];
  #isStopping = false;
  #hasSignalled = false;
  #hasRootEnded = false;
  #isDisposed = false;

  /**
   * @param root the pid of the process
   * @param options the grace period, and whether the root process is a wrapper
   */
  constructor(root: number, options: StopperOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Whether SIGTERM has been sent. */
  get hasSignalled(): boolean {
    return this.#hasSignalled;
  }

  /** Resolves once the grace period is over and SIGKILL was sent. */
  get overdue(): Promise<void> {
    return this.#overdue.promise;
  }

  /** Begins to stop the process tree; further calls do nothing. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const signalled = descendantsOf(this.#root, await listProcesses());
    if (this.#isDisposed || this.#hasRootEnded) return;
    this.#hasSignalled = true;
    this.#signalled = signalled;
    // The root is signalled first: a script must not go on to its next command because the current one ended.
    const pids = this.#options.isWrapper && signalled.length > 0
      ? signalled.map(({ pid }) => pid)
      : this.#pids(signalled);
    for (const pid of pids) signalProcess(pid, "SIGTERM");
    this.#timer = setTimeout(() => void this.#kill(), this.#options.graceMs);
  }

  /** Records that the root process has exited; its descendants may still run. */
  rootEnded(): void {
    this.#hasRootEnded = true;
  }

  /** Cancels the pending SIGKILL. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #kill(): Promise<void> {
    const processes = await listProcesses();
    if (this.#isDisposed) return;
    // The root's pid may have been reused once it has exited.
    const tree = this.#hasRootEnded ? [] : this.#pids(descendantsOf(this.#root, processes));
    const known = new Set(processes.map(({ pid, group }) => `${pid} ${group}`));
    // Orphans are no longer descendants of the root, so they are recognised by pid and group.
    const left = this.#signalled.filter(({ pid, group }) => known.has(`${pid} ${group}`));
    for (const pid of new Set([...tree, ...left.map(({ pid }) => pid)])) signalProcess(pid, "SIGKILL");
    this.#overdue.resolve();
  }

  #pids(processes: readonly ProcessInfo[]): number[] {
    return [this.#root, ...processes.map(({ pid }) => pid)];
  }
}
