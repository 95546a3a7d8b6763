/**
 * Describes the data of a page, which the server renders and the browser keeps up to date.
 *
 * @module
 */

import type { PageContext, StartableTask } from "../../lib/page_renderer.ts";
import type { LogLine, ProgressPoint, Task } from "../../lib/task/task.ts";
import type { Relations } from "./relations.ts";
import type { TaskSlice } from "./list_slice.ts";
import type { Step } from "./steps.ts";

/** A shell command, and a text that explains what the command does. */
export interface TerminalCommand {
  readonly purpose: string;
  readonly command: string;
}

/** The data that all pages of a client have in common. */
export interface PageFrame extends PageContext {
  /** The server's version, and the name of the node in a cluster. */
  readonly version: string;
  /** The URLs of the page's static files. */
  readonly assets: {
    readonly script: string;
    readonly style: string;
    /** The URL of the script for the controls of a list, which loads after the first rendering. */
    readonly controls?: string;
    /** The URL of the script for windowed rendering, which only long lists load. */
    readonly windowing?: string;
    /** The URL of the script that receives updates if the page can't use a WebSocket. */
    readonly fallback?: string;
    /** The URL of the script of the log, which only task pages with a log load. */
    readonly log?: string;
    /** The URL of the script of the values, which only pages of tasks with values load. */
    readonly values?: string;
  };
}

/** The data of the list page. */
export interface ClientPageModel extends PageFrame, TaskSlice {
  /** The shell commands that the page suggests. */
  readonly commands: readonly TerminalCommand[];
  /** Examples of how to create a first task. */
  readonly gettingStarted: readonly TerminalCommand[];
  /** Sentences about invalid parameters in the page's URL. */
  readonly problems: readonly string[];
  readonly startable: readonly StartableTask[];
}

/** The loaded part of a task's log. */
export interface TaskLog {
  /** The loaded lines, oldest first. */
  readonly lines: readonly LogLine[];
  /** The number of lines before the first loaded line. */
  readonly dropped: number;
  /** The number of lines at the start of the log that the server no longer keeps. */
  readonly gone: number;
}

/** The data of a task page. */
export interface TaskPageModel extends PageFrame, Relations {
  readonly task: Task;
  /** When the task was removed, in epoch seconds; `null` if it was not removed. */
  readonly removedAt: number | null;
  readonly steps: readonly Step[];
  readonly progressHistory: readonly ProgressPoint[];
  readonly log: TaskLog;
}

/** The data of a page about past runs, whose content is rendered on the server only. */
export interface StatsPageModel extends PageFrame {
  readonly title: string;
  /** The task name of the runs; `null` for runs of all names. */
  readonly name: string | null;
}

/** The page data embedded in the HTML for the browser. */
export type PageData =
  | { readonly page: "client"; readonly model: ClientPageModel }
  | { readonly page: "task"; readonly model: TaskPageModel }
  | { readonly page: "stats"; readonly model: StatsPageModel };

/** How long a cancellation can be undone before the page sends it, in seconds. */
export const CANCEL_UNDO_SECONDS = 2;
