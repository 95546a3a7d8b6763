/**
 * Stops all processes of a command: with SIGTERM, and with SIGKILL after a grace period.
 *
 * @module
 */

import { monotonicMs } from "../../clock.ts";
import { descendantsOf, listProcesses, type ProcessInfo, runsAmong, signalProcess } from "./processes.ts";

/** Options of a {@linkcode Stopper}. */
export interface StopperOptions {
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /**
   * Whether the root process is only a wrapper of the command, such as script(1), that exits with the command. A
   * wrapper gets a signal only if it does not exit by itself.
   */
  readonly isWrapper: boolean;
  /**
   * A unique text in the environment of the root process, which its descendants inherit. The text identifies orphaned
   * processes, which are no longer descendants of the root.
   */
  readonly mark: string;
}

/** The time between two checks whether stopped processes have exited, in milliseconds. */
const CHECK_MS = 200;
/** How much earlier than other processes nested runs of taskscope get SIGTERM, in milliseconds. */
const HEAD_START_MS = 500;
/** The number of times that SIGKILL is sent: a process may start others while the processes are being listed. */
const KILL_ROUNDS = 5;
/** How long runs of taskscope have to report that their commands were killed, in milliseconds. */
const REPORT_MS = 10_000;
/** How long a wrapper has to exit after the command was killed, in milliseconds. */
const WRAPPER_EXIT_MS = 3_000;

/**
 * Sends SIGTERM to a process and to all processes that it started, and SIGKILL to those that still run after the
 * grace period. If only a shell script got the signal, the program that the script waits for would keep running. A
 * process whose parent has exited is no longer a descendant, so such a process is found by its environment.
 *
 * Nested runs of taskscope get SIGTERM first and SIGKILL last, so that they know that they were cancelled when their
 * commands end, and can report the cancellation.
 *
 * Out of reach are processes of other users, and processes that lost both their parents and their environment.
 */
export class Stopper implements Disposable {
  readonly #root: number;
  readonly #options: StopperOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Functions that end the current pauses early. */
  readonly #pauses: Set<() => void> = new Set();
  #signalled: readonly ProcessInfo[] = [];
  /** The pids of the runs of taskscope. */
  #runs: ReadonlySet<number> = new Set();
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
    const processes = await listProcesses(this.#options.mark);
    const signalled = this.#members(processes);
    if (this.#isDisposed || this.#hasRootEnded) return;
    this.#hasSignalled = true;
    this.#signalled = signalled;
    const pids = signalled.map(({ pid }) => pid);
    // The root is signalled first: otherwise, a script would continue with its next command after the current one is
    // killed.
    const sparesRoot = this.#options.isWrapper && pids.length > 0;
    const all = sparesRoot ? pids : [this.#root, ...pids];
    this.#runs = runsAmong(processes).intersection(new Set([this.#root, ...pids]));
    const others = this.#runs.size === 0 ? [] : pids.filter((pid) => !this.#runs.has(pid));
    for (const pid of all) if (!others.includes(pid)) signalProcess(pid, "SIGTERM");
    this.#timer = setTimeout(() => {
      this.#killed = this.#kill();
      this.#endPauses();
    }, this.#options.graceMs);
    if (others.length === 0) return;
    await this.#pause(HEAD_START_MS);
    if (!this.#isDisposed) { for (const pid of others) signalProcess(pid, "SIGTERM"); }
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
    this.#endPauses();
  }

  async #kill(): Promise<void> {
    const deadlineMs = monotonicMs() + REPORT_MS;
    while (await this.#killAll((pid) => this.#runs.has(pid)) > 0 && monotonicMs() < deadlineMs) {
      await this.#pause(CHECK_MS);
    }
    for (let round = 0; round < KILL_ROUNDS; round++) await this.#killAll(() => false);
    if (this.#options.isWrapper) await this.#killWrapper();
  }

  /** Kills the wrapper, unless it exits by itself: only then does script(1) restore the mode of the user's terminal. */
  async #killWrapper(): Promise<void> {
    const deadlineMs = monotonicMs() + WRAPPER_EXIT_MS;
    while (!this.#hasRootEnded && !this.#isDisposed) {
      if (monotonicMs() >= deadlineMs) return signalProcess(this.#root, "SIGKILL");
      await this.#pause(CHECK_MS);
      // The command may have started processes while it was being killed.
      await this.#killAll(() => false);
    }
  }

  /** Kills all processes except a wrapper and the spared ones; returns the number of spared processes. */
  async #killAll(isSpared: (pid: number) => boolean): Promise<number> {
    const processes = await listProcesses(this.#options.mark);
    if (this.#isDisposed) return 0;
    this.#runs = this.#runs.union(runsAmong(processes));
    const pids = this.#members(processes).map(({ pid }) => pid);
    // The root's pid may have been reused once it has exited.
    if (!this.#hasRootEnded && !this.#options.isWrapper) pids.push(this.#root);
    const spared = pids.filter(isSpared);
    for (const pid of pids) if (!spared.includes(pid)) signalProcess(pid, "SIGKILL");
    return spared.length;
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
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      clearTimeout(timer);
      this.#pauses.delete(end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    this.#pauses.add(end);
    return promise;
  }

  #endPauses(): void {
    for (const end of this.#pauses) end();
  }
}
