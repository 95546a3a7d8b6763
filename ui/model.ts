/**
 * What a page is made of. Pure, and shared by the server, which renders it, and the browser, which keeps it live.
 *
 * @module
 */

import type { JsonObject, LogLine, Task, TaskSummary } from "../lib/task.ts";
import { comparePlace, hasEnded } from "../lib/task_view.ts";
import type { Kin } from "./kin.ts";
import type { SeriesPoint } from "./series.ts";
import type { Step } from "./timeline.ts";

export { argumentsFromForm, type FormField, formFields, type FormValues } from "./arguments.ts";

/** A registered task that the page offers to start. */
export interface StartableTask {
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  /**
   * JSON Schema of the arguments: of all of them (`type: "array"` with `prefixItems`), or of the only one, an object.
   * `null` asks for them as one field of JSON.
   */
  readonly input: JsonObject | null;
}

/** A sentence above the page, after a form was sent without JavaScript. */
export interface Notice {
  readonly kind: "info" | "error";
  readonly text: string;
}

/** What every page of a client needs. */
export interface PageFrame {
  /** What stands before every path of this server: empty, or `/x` without a slash at its end. */
  readonly basePath: string;
  /** Scheme, host and port as the user sees them, for the command lines. */
  readonly origin: string;
  /** The server's version. */
  readonly version: string;
  /** The client token. */
  readonly client: string;
  /** The position in the order of all changes that the page shows. */
  readonly cursor: string;
  /** The server's clock when it rendered the page, in epoch seconds. */
  readonly now: number;
  /** URLs of the page's own files. */
  readonly assets: { readonly script: string; readonly style: string };
  /** Why the server could not store anything when it rendered the page; `null` where it could. */
  readonly trouble: string | null;
  readonly notice: Notice | null;
}

/** A part of a client's tasks, as {@linkcode pageOfTasks} cuts it. */
export interface TaskSlice<Listed = Task> {
  /** First those that have not ended, newest first; then the ended ones, latest end first. */
  readonly tasks: readonly Listed[];
  /** How many of the client's tasks have not ended. */
  readonly activeTotal: number;
  /** How many have. */
  readonly endedTotal: number;
  /** This page's number, from 1. */
  readonly page: number;
  /** How many pages there are; at least 1. */
  readonly pages: number;
}

/** The page that lists a client's tasks. */
export interface ClientPageModel extends PageFrame, TaskSlice {
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
export interface TaskPageModel extends PageFrame, Kin {
  readonly task: Task;
  /** Whether the task was removed a moment ago. */
  readonly isRemoved: boolean;
  /** How long a task that was removed can be had back, in seconds. */
  readonly undoSeconds: number;
  readonly steps: readonly Step[];
  readonly series: readonly SeriesPoint[];
  readonly log: TaskLog;
}

/** The state that a page carries for the browser. */
export type PageData =
  | { readonly page: "client"; readonly model: ClientPageModel }
  | { readonly page: "task"; readonly model: TaskPageModel };

/** How many lines of a log a page ever holds. */
export const MOST_LINES = 5_000;

/** How many tasks a page lists. */
export const TASKS_PER_PAGE = 100;

/**
 * Cuts one page out of a client's tasks.
 *
 * @param tasks all tasks of the client, in any order
 * @param page the wanted page, from 1; a page that does not exist becomes the nearest that does
 * @returns the page
 */
export function pageOfTasks<Listed extends TaskSummary>(
  tasks: Iterable<Listed>,
  page: number,
): TaskSlice<Listed> {
  const sorted = [...tasks].sort(comparePlace);
  const pages = Math.max(1, Math.ceil(sorted.length / TASKS_PER_PAGE));
  const wanted = Number.isFinite(page) ? Math.min(pages, Math.max(1, Math.trunc(page))) : 1;
  const activeTotal = sorted.filter((task) => !hasEnded(task)).length;
  return {
    tasks: sorted.slice((wanted - 1) * TASKS_PER_PAGE, wanted * TASKS_PER_PAGE),
    activeTotal,
    endedTotal: sorted.length - activeTotal,
    page: wanted,
    pages,
  };
}
