/**
 * Stops everything that a command started: with SIGTERM, and with SIGKILL after a grace period.
 *
 * @module
 */

import { descendantsOf, listProcesses, type ProcessInfo, signalProcess } from "./processes.ts";

/** Options of a {@linkcode Stopper}. */
export interface StopperOptions {
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Whether the root process only wraps the command, as script(1) does, and exits with it. */
  readonly isWrapper: boolean;
  /**
   * A text in the environment of the root process that no other process has, and that its descendants inherit.
   * It identifies orphaned processes, which are no longer descendants of the root.
   */
  readonly mark: string;
}

/** The time between two checks whether stopped processes have exited, in milliseconds. */
const CHECK_MS = 200;
/** How often SIGKILL is sent: a process may start others while the processes are being listed. */
const KILL_ROUNDS = 5;

/**
 * Sends SIGTERM to a process and to all that it started, and SIGKILL to those that still run after the grace
 * period. If only a shell script were signalled, the program that it waits for would keep running; and a
 * process whose parent has exited is no longer a descendant, so it is found by its environment.
 *
 * Out of reach are processes of other users, and processes that lost both their parents and their environment.
 */
export class Stopper implements Disposable {
  readonly #root: number;
  readonly #options: StopperOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: () => void = () => {};
  #signalled: readonly ProcessInfo[] = [];
  #isStopping = false;
  #hasSignalled = false;
  /** Resolves once SIGKILL was sent; `undefined` during the grace period. */
  #killed: Promise<void> | undefined;
  #hasRootEnded = false;
  #isDisposed = false;

  /**
   * @param root the pid of the process
   * @param options the grace period, the mark, and whether the root process is a wrapper
   */
  constructor(root: number, options: StopperOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Whether SIGTERM has been sent. */
  get hasSignalled(): boolean {
    return this.#hasSignalled;
  }

  /** Begins to stop the processes; further calls do nothing. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const signalled = this.#members(await listProcesses(this.#options.mark));
    if (this.#isDisposed || this.#hasRootEnded) return;
    this.#hasSignalled = true;
    this.#signalled = signalled;
    const pids = signalled.map(({ pid }) => pid);
    // The root is signalled first: a script must not go on to its next command because the current one ended.
    const sparesRoot = this.#options.isWrapper && pids.length > 0;
    for (const pid of sparesRoot ? pids : [this.#root, ...pids]) signalProcess(pid, "SIGTERM");
    this.#timer = setTimeout(() => {
      this.#killed = this.#kill();
      this.#wake();
    }, this.#options.graceMs);
  }

  /** Records that the root process has exited; processes that it started may still run. */
  rootEnded(): void {
    this.#hasRootEnded = true;
  }

  /**
   * Waits for the processes after the root has exited.
   *
   * @returns a promise that resolves once all of them have exited, or SIGKILL was sent after the grace period
   */
  async finished(): Promise<void> {
    while (this.#killed === undefined && !this.#isDisposed) {
      if (this.#members(await listProcesses(this.#options.mark)).length === 0) return;
      await this.#pause(CHECK_MS);
    }
    await this.#killed;
  }

  /** Cancels the pending SIGKILL. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#wake();
  }

  async #kill(): Promise<void> {
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const left = this.#members(await listProcesses(this.#options.mark)).map(({ pid }) => pid);
      if (this.#isDisposed) return;
      // The root's pid may have been reused once it has exited.
      if (!this.#hasRootEnded) left.push(this.#root);
      if (left.length === 0) return;
      for (const pid of left) signalProcess(pid, "SIGKILL");
    }
  }

  /** Returns the processes that the root started and that still run, without the root. */
  #members(processes: readonly ProcessInfo[]): ProcessInfo[] {
    const tree = this.#hasRootEnded ? [] : descendantsOf(this.#root, processes);
    const known = new Set(tree.map(({ pid }) => pid));
    // If the environment can't be read, pid and group identify the orphans that were signalled.
    const signalled = new Set(this.#signalled.map(({ pid, group }) => `${pid} ${group}`));
    const orphans = processes.filter(({ pid, group, isMarked }) =>
      (isMarked || signalled.has(`${pid} ${group}`)) && !known.has(pid) && pid !== this.#root
    );
    return [...tree, ...orphans];
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
