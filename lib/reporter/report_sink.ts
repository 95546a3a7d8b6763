/**
 * The interface between reporting tasks and the destination of their reports.
 *
 * @module
 */

import type { MaybePromise } from "../task/maybe_promise.ts";
import type { Report } from "../task/protocol.ts";
import type { LogLine } from "../task/task.ts";

/** The interface through which a sink controls a task that reports to it. */
export interface ReportedTask {
  readonly client: string;
  readonly id: string;
  /** Whether the task's code has ended, even if the end is not reported yet. */
  readonly ended: boolean;
  /**
   * Reports the state changes that were held back, such as the task's creation. A sink calls this on all
   * tasks, in the order in which they were opened, before {@linkcode ReportedTask.flushPart}, because a
   * parent's progress depends on which subtasks exist before the first subtask makes progress.
   */
  announce(): void;
  /** Sends all reports that were held back, as far as the sink has room. */
  flush(): void;
  /**
   * Sends the update that was held back, at most one report of log lines, and the end of the task if no more
   * lines wait. A sink that becomes ready calls this on its tasks in turn (`flush_in_turn.ts`).
   *
   * @returns whether more log lines wait
   */
  flushPart(): boolean;
  /** Called when a watcher has requested cancellation. */
  cancelRequested(): void;
  /** Called when the server's process is about to end, and the task with it. */
  interrupted(): void;
  /**
   * Reports the whole task again. Called when the receiver has lost the task, or never had it.
   *
   * @param lines the log lines that were reported but are not committed anywhere
   */
  restate(lines: readonly LogLine[]): void;
  /**
   * Called when the receiver accepts no more reports. The task's code continues unmonitored.
   *
   * @param message the reason to warn about; `null` if no warning is needed, for example because a watcher
   * ended the task
   */
  refused(message: string | null): void;
}

/** The destination of reports: a monitor in this isolate, in another isolate, or on a server. */
export interface ReportSink {
  /** Whether the sink accepts reports now. While the sink accepts none, tasks coalesce their updates. */
  readonly ready: boolean;
  /** Registers a task before its first report. */
  open(task: ReportedTask): void;
  /** Accepts a report of an opened task. Must not throw. */
  report(task: ReportedTask, report: Report): void;
  /** Unregisters a task after its last report. */
  close(task: ReportedTask): void;
  /**
   * Waits until all reports so far are committed. Does not wait if they are committed already, or if the destination
   * can't confirm the commit.
   *
   * @returns a promise, or `undefined` if there is nothing to wait for
   */
  settled(): MaybePromise<void>;
}
