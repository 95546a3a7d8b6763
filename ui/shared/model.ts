/**
 * What a page is made of. Pure, and shared by the server, which renders it, and the browser, which keeps it live.
 *
 * @module
 */

import type { PageContext, StartableTask } from "../../lib/page_renderer.ts";
import type { LogLine, ProgressPoint, Task } from "../../lib/task/task.ts";
import type { Relations } from "./relations.ts";
import type { TaskSlice } from "./list_slice.ts";
import type { Step } from "./steps.ts";

export type { RunStats } from "../../lib/task/run_stats.ts";

export { argumentsFromForm, type FormField, formFields, type FormValues } from "./arguments.ts";
export { pageOfTasks, TASKS_PER_PAGE, type TaskSlice } from "./list_slice.ts";

/** A line for the terminal and what it is for. */
export interface TerminalCommand {
  readonly purpose: string;
  readonly command: string;
}

/** What every page of a client needs. */
export interface PageFrame extends PageContext {
  /** The server's version. */
  readonly version: string;
  /** URLs of the page's own files. */
  readonly assets: {
    readonly script: string;
    readonly style: string;
    /** What long lists load in addition. */
    readonly windowing?: string;
  };
}

/** The page that lists a client's tasks. */
export interface ClientPageModel extends PageFrame, TaskSlice {
  /** The lines for the terminal. */
  readonly commands: readonly TerminalCommand[];
  /** The lines that bring a first task onto the page. */
  readonly ways: readonly TerminalCommand[];
  /** What of the page's address was not understood, in sentences. */
  readonly problems: readonly string[];
  readonly startable: readonly StartableTask[];
}

/** The part of a task's log that is known. */
export interface TaskLog {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** How many lines there were before the first of them. */
  readonly dropped: number;
  /** How many lines the server does not keep any more. */
  readonly gone: number;
}

/** The page that shows one task. */
export interface TaskPageModel extends PageFrame, Relations {
  readonly task: Task;
  /** Whether the task was removed a moment ago. */
  readonly isRemoved: boolean;
  /** How long a task that was removed can be had back, in seconds. */
  readonly undoSeconds: number;
  readonly steps: readonly Step[];
  readonly series: readonly ProgressPoint[];
  readonly log: TaskLog;
}

/** The state that a page carries for the browser. */
export type PageData =
  | { readonly page: "client"; readonly model: ClientPageModel }
  | { readonly page: "task"; readonly model: TaskPageModel };

/** How many lines of a log a page ever holds. */
export const MOST_LINES = 5_000;
