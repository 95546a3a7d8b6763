/**
 * The interface between the tasks that report and the destination of their reports.
 *
 * @module
 */

import type { Report } from "../task/protocol.ts";
import type { LogLine } from "../task/task.ts";

/** What the place where reports go needs to reach a task's own side. */
export interface ReportedTask {
  readonly client: string;
  readonly id: string;
  /** Whether it has ended for its own side. */
  readonly ended: boolean;
  /**
   * Hands on how it began, as far as that was held back. Where several tasks have something to say, all begin before
   * one of them says how far it is: the bar of a task is that of all its parts.
   */
  announce(): void;
  /** Hands on what was held back; called when the sink has become ready. */
  flush(): void;
  /** Somebody asks the task to stop. */
  cancelRequested(): void;
  /** The process is about to end, and the task with it. */
  interrupted(): void;
  /**
   * Says all that is known of the task once more: who takes the reports has lost them, or never got them.
   *
   * @param lines the lines that were handed over, and that nobody has kept
   */
  restate(lines: readonly LogLine[]): void;
  /**
   * Reports are not taken any more, and the task runs unmonitored.
   *
   * @param message why; `null` where there is nothing to say, as the task was ended by somebody else
   */
  refused(message: string | null): void;
}

/** Where reports go. */
export interface ReportSink {
  /** Whether reports are taken now. While they are not, tasks merge what they have to say. */
  readonly ready: boolean;
  /** Begins to send for a task. */
  open(task: ReportedTask): void;
  /** Takes a report of a task that was opened. Must not throw. */
  report(task: ReportedTask, report: Report): void;
  /** Ends what {@linkcode ReportSink.open} began; the task's last report has been handed over. */
  close(task: ReportedTask): void;
  /** Resolves when all reports so far are committed, or at once where that can't be had. */
  settled(): Promise<void>;
}
