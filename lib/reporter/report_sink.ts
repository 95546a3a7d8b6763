/**
 * The interface between the tasks that report and the destination of their reports.
 *
 * @module
 */

import type { Report } from "../task/protocol.ts";
import type { LogLine } from "../task/task.ts";

/** A reporting task, as its sink sees it. */
export interface ReportedTask {
  readonly client: string;
  readonly id: string;
  /** Whether the task's code has ended, even if that is not yet reported. */
  readonly ended: boolean;
  /**
   * Reports the state changes that were held back, such as the task's creation. A sink calls this on all
   * tasks before {@linkcode ReportedTask.flush}: a parent's progress is that of its subtasks, which must
   * exist first.
   */
  announce(): void;
  /** Reports everything that was held back. Called when the sink becomes ready. */
  flush(): void;
  /** A watcher has requested cancellation. */
  cancelRequested(): void;
  /** The server's process is about to end, and with it the task. */
  interrupted(): void;
  /**
   * Reports the whole task again, because the receiver has lost it or never had it.
   *
   * @param lines the log lines that were reported but are not committed anywhere
   */
  restate(lines: readonly LogLine[]): void;
  /**
   * The receiver accepts no more reports; the task's code goes on without being monitored.
   *
   * @param message the reason to warn about; `null` for none, for example if the task was ended by somebody
   * else
   */
  refused(message: string | null): void;
}

/** The destination of reports: a monitor in this isolate, in another isolate, or on a server. */
export interface ReportSink {
  /** Whether reports are accepted now. While they are not, tasks coalesce their updates. */
  readonly ready: boolean;
  /** Registers a task before its first report. */
  open(task: ReportedTask): void;
  /** Accepts a report of an opened task. Must not throw. */
  report(task: ReportedTask, report: Report): void;
  /** Unregisters a task after its last report. */
  close(task: ReportedTask): void;
  /** Resolves when all reports so far are committed, or at once if the destination can't confirm that. */
  settled(): Promise<void>;
}
