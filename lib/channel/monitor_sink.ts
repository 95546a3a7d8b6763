/**
 * Sends reports to a monitor in another isolate of the process.
 *
 * @module
 */

import { monotonicMs } from "../clock.ts";
import { parseJson, type Report } from "../task/protocol.ts";
import { parseCommand } from "../reporter/reporter_command.ts";
import { FlushInTurn } from "../reporter/flush_in_turn.ts";
import type { ReportedTask, ReportSink } from "../reporter/report_sink.ts";
import { serverHint } from "../reporter/server_address.ts";
import { isChannelAvailable } from "./bus.ts";
import { MemberChannel } from "./member.ts";
import { UnrefInterval } from "../unref_interval.ts";

/**
 * How long to look for a monitor, in milliseconds. For a worker, there most likely is a monitor, but its
 * isolate may be busy. For other isolates, there rarely is a monitor, so they should not wait long.
 */
const SEARCH_MS = { worker: 10_000, elsewhere: 200 } as const;
/** How long a worker that has a fallback looks for a monitor, in milliseconds. */
const SEARCH_WITH_FALLBACK_MS = 2_000;
/** The minimum time between an unsuccessful search and the next one, in milliseconds. */
const SEARCH_PAUSE_MS = 5_000;

/**
 * How long an unresponsive monitor is awaited once all tasks have ended, in milliseconds. Its isolate may only be busy,
 * but the open channel keeps this process alive. The time is checked at an interval.
 */
const AWAIT_MS = { longest: 30_000, interval: 1_000 } as const;

/** How long to wait for the monitor to confirm that everything is committed, in milliseconds. */
const COMMIT_WAIT_MS = 2_000;

/**
 * The texts of the warnings that were logged so far. All sinks of this isolate share this set, so that each
 * warning is logged once.
 */
const WARNED: Set<string> = new Set();

/**
 * Reports tasks over a channel, which is open only while there are tasks to report. If no monitor responds,
 * the tasks are moved to the fallback; without a fallback, they run unmonitored.
 */
export class MonitorSink implements ReportSink {
  readonly #name: string;
  readonly #fallback: () => ReportSink | null;
  readonly #onFallback: (sink: ReportSink, tasks: readonly ReportedTask[]) => void;
  readonly #tasks: Map<string, ReportedTask> = new Map();
  readonly #turns: FlushInTurn = new FlushInTurn(this);
  #member: MemberChannel | null = null;
  /** Whether a monitor has responded since the channel was opened. */
  #found = false;
  #searchFailedMs = -Infinity;
  /** Runs while a channel is open. */
  readonly #watch: UnrefInterval;
  readonly #awaitMs: number;
  /** Since when the monitor has not responded although all tasks have ended; `null` if that is not so. */
  #awaitedSinceMs: number | null = null;
  /** The number of tasks that have been opened so far. */
  #opened = 0;

  /**
   * @param name the name of the monitor's channel
   * @param fallback returns the sink to use if no monitor responds; `null` if there is no fallback
   * @param onFallback called when no monitor responded, with the fallback and the tasks to move to it
   * @param awaitMs how long an unresponsive monitor is awaited once all tasks have ended, and the interval at which
   * this time is checked, in milliseconds
   */
  constructor(
    name: string,
    fallback: () => ReportSink | null,
    onFallback: (sink: ReportSink, tasks: readonly ReportedTask[]) => void,
    { longest, interval }: Readonly<Record<"longest" | "interval", number>> = AWAIT_MS,
  ) {
    this.#watch = new UnrefInterval(() => this.#checkMonitor(), interval);
    this.#awaitMs = longest;
    this.#name = name;
    this.#fallback = fallback;
    this.#onFallback = onFallback;
  }

  get ready(): boolean {
    // If no channel is open, there is no connection to wait for, so tasks need not hold their reports back.
    return this.#member === null || (this.#member.connected && !this.#member.congested);
  }

  open(task: ReportedTask): void {
    const key = keyOf(task);
    if (this.#tasks.has(key)) {
      // The task is refused, because the monitor could not distinguish two tasks with the same id.
      task.refused(`Cannot create task "${task.id}": the id is already taken`);
      return;
    }
    this.#tasks.set(key, task);
    this.#opened++;
    if (!isChannelAvailable()) return this.#warnOnce();
    const maySearch = monotonicMs() - this.#searchFailedMs > SEARCH_PAUSE_MS;
    if (this.#member === null && maySearch) void this.#search();
  }

  report(task: ReportedTask, report: Report): void {
    try {
      this.#member?.send(JSON.stringify(report));
    } catch (error) {
      task.refused(error instanceof Error ? error.message : String(error));
    }
  }

  close(task: ReportedTask): void {
    if (this.#tasks.get(keyOf(task)) === task) this.#tasks.delete(keyOf(task));
    if (this.#tasks.size === 0 && this.#member !== null) void this.#closeWhenCommitted(this.#member);
  }

  async settled(): Promise<void> {
    const member = this.#member;
    // A monitor that has disconnected can no longer commit, so do not wait for it.
    if (member === null || (this.#found && !member.connected)) return;
    if (!await member.whenConnected(SEARCH_MS.worker)) return;
    let isCongested: boolean;
    do {
      // Tasks hold reports back while the sink is not connected or is congested.
      this.#flush();
      isCongested = member.congested;
      await whenCommitted(member).catch(() => {});
    } while (isCongested && member.connected);
  }

  async #search(): Promise<void> {
    const member = new MemberChannel({
      name: this.#name,
      onMessage: (message) => this.#execute(message),
      onConnect: () => {
        this.#found = true;
        // The flush runs in a microtask, because the member accepts no messages before this callback returns.
        queueMicrotask(() => this.#flush());
      },
      onDrain: () => this.#flush(),
    });
    this.#member = member;
    this.#watch.start();
    this.#awaitedSinceMs = null;
    this.#found = false;
    const fallback = this.#fallback();
    const isWorker = "WorkerGlobalScope" in globalThis;
    const workerMs = fallback === null ? SEARCH_MS.worker : SEARCH_WITH_FALLBACK_MS;
    if (await member.whenConnected(isWorker ? workerMs : SEARCH_MS.elsewhere)) return;
    if (this.#member !== member) return;
    this.#close(member);
    this.#searchFailedMs = monotonicMs();
    if (fallback !== null) {
      const tasks = [...this.#tasks.values()];
      this.#tasks.clear();
      this.#onFallback(fallback, tasks);
      return;
    }
    this.#warnOnce();
    // The flush makes the tasks discard the reports that they held back.
    this.#flush();
  }

  async #closeWhenCommitted(member: MemberChannel): Promise<void> {
    const opened = this.#opened;
    // The channel is kept open until the commit, because a task that has just ended may be waiting for it.
    const isCommitted = await whenCommitted(member).then(() => true, () => false);
    // A task that started during the wait, even if it has already ended, waits for its own commit.
    if (isCommitted && this.#opened === opened && this.#member === member) {
      this.#close(member);
    }
  }

  /** Closes the channel if nothing is left to do but to wait for a monitor that is gone. */
  #checkMonitor(): void {
    const member = this.#member;
    if (member === null || !this.#found) return;
    const hasEnded = [...this.#tasks.values()].every(({ ended }) => ended);
    if (member.connected || !hasEnded) {
      this.#awaitedSinceMs = null;
      return;
    }
    this.#awaitedSinceMs ??= monotonicMs();
    if (monotonicMs() - this.#awaitedSinceMs < this.#awaitMs) return;
    this.#close(member);
    // The flush makes the tasks discard the reports that they held back.
    this.#flush();
  }

  #close(member: MemberChannel): void {
    this.#member = null;
    this.#watch.stop();
    member.close();
  }

  #flush(): void {
    this.#turns.flush(this.#tasks.values());
  }

  #execute(message: string): void {
    const command = parseCommand(parseJson(message));
    const task = this.#tasks.get(keyOf(command));
    switch (command.type) {
      case "cancel":
        return task?.cancelRequested();
      case "interrupt":
        return task?.interrupted();
      case "unknown":
        return task?.restate([]);
      case "refused":
        return task?.refused(command.reason);
    }
  }

  #warnOnce(): void {
    const missing = isChannelAvailable()
      ? `No monitor answered on channel "${this.#name}"`
      : "No server is known";
    if (WARNED.has(missing)) return;
    WARNED.add(missing);
    const hint = serverHint();
    // No caller would receive an error, so this warning is the only hint why the tasks do not appear.
    // deno-lint-ignore no-console
    console.warn(`[taskscope] ${missing}, so tasks run unmonitored${hint === null ? "" : `; ${hint}`}`);
  }
}

/**
 * Resolves when the monitor has committed everything that was sent, or after {@linkcode COMMIT_WAIT_MS}
 * without a confirmation.
 *
 * @throws {LinkClosedError} if the member is closed before the monitor has acknowledged its messages
 */
async function whenCommitted(member: MemberChannel): Promise<void> {
  await member.drained();
  const signal = AbortSignal.timeout(COMMIT_WAIT_MS);
  await member.request('{"type":"committed"}', { signal }).catch(() => {});
}

function keyOf(task: { readonly client: string; readonly id: string }): string {
  return `${task.client}/${task.id}`;
}
