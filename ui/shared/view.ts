/**
 * The interface between pages and components. Values that may change are {@linkcode Readable}: constants on the
 * server, signals in the browser, where reading one subscribes the component to it.
 *
 * @module
 */

import type { ProgressPoint, Task } from "../../lib/task/task.ts";
import type { LogPage } from "../../lib/task/wire.ts";
import type { Neighbour, RunLink } from "./relations.ts";
import type { ListQuery } from "./list_query.ts";
import type { PageFrame, TaskLog, TerminalCommand } from "./model.ts";

import type { Step } from "./steps.ts";

/** How a page receives updates, best first. */
export type UpdateSourceName = "socket" | "events" | "polling";

/** A value that may change. */
export interface Readable<T> {
  readonly value: T;
}

/**
 * The state of the connection. While `closing`, the page is still live, but the server has announced its
 * shutdown.
 */
export interface ConnectionState {
  readonly kind: "snapshot" | "connecting" | "live" | "closing" | "reconnecting" | "stopped";
  /** When the page was last known to be current, in epoch seconds. */
  readonly asOf: number;
  /** How the page receives updates, or did last; `null` before the first connection. */
  readonly over: UpdateSourceName | null;
  /** Why the page is not live, for the user; `null` if there is nothing to add. */
  readonly reason: string | null;
}

/**
 * The actions available with JavaScript. Each rejects with an error whose message can be shown to the user.
 */
export interface PageActions {
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Undoes a removal, possible for a few seconds. */
  restore(id: string): Promise<void>;
  /** Starts a new attempt and navigates to it. */
  retry(id: string): Promise<void>;
  /** Fetches up to `limit` log lines that precede line `before`. */
  logBefore(id: string, before: number, limit: number): Promise<LogPage>;
  copy(text: string): Promise<void>;
}

/** What every page provides to its components. */
export interface FrameView {
  readonly frame: PageFrame;
  readonly connection: Readable<ConnectionState>;
  /** The server's clock in epoch seconds. Stops while the page is not live. */
  readonly now: Readable<number>;
  /** The same clock, updated every ten seconds only, for relative times. */
  readonly coarseNow: Readable<number>;
  /** Whether the page's script runs: if so, times are local and there are copy buttons. */
  readonly scripted: Readable<boolean>;
  /** Why the server can't store changes; `null` if it can. */
  readonly degradation: Readable<string | null>;
  /** A message shown for a few seconds; usually empty. */
  readonly toast: Readable<string>;
  /** The text of the live region for screen readers. */
  readonly announcement: Readable<string>;
  /** `null` without JavaScript: forms are then submitted to the server. */
  readonly actions: PageActions | null;
}

/** The number of tasks of a client. */
export interface TaskCounts {
  readonly active: number;
  readonly ended: number;
  /** Tasks created since the page was loaded that belong on an earlier page. */
  readonly newer: number;
}

/** A row or a section heading of a list. */
export interface ListItem {
  /** The key of the section. */
  readonly section: string;
  /** The row's task; `null` for a heading. */
  readonly id: string | null;
}

/** Which subtask of a list is being loaded, or why loading failed. */
export type ListLoading =
  | { readonly kind: "no" | "list" | "more" }
  | { readonly kind: "failed"; readonly reason: string };

/** An action on several tasks. */
export type BulkAction = "cancel" | "retry" | "remove" | "restore";

/** The state of a bulk action. */
export type BulkState =
  | { readonly kind: "idle" }
  | { readonly kind: "busy"; readonly text: string }
  /** `undo` is the number of removed tasks that can be restored. */
  | { readonly kind: "done"; readonly text: string; readonly isProblem: boolean; readonly undo: number };

/** The rendered items of a list, and the height of the items before and after them, in pixels. */
export interface ListRange {
  readonly start: number;
  readonly end: number;
  readonly before: number;
  readonly after: number;
}

/** The actions on a list available with JavaScript. */
export interface ListActions {
  /** Loads another list; debounced while the user is typing. */
  search(query: ListQuery, isTyping: boolean): void;
  /** Loads the next page, if there is one. */
  more(): void;
  /** Retries after loading failed. */
  retry(): void;
  /** Toggles the selection of a task; with `isRange`, selects everything from the last selected one. */
  select(id: string, isRange: boolean): void;
  /** Selects all tasks of the list, loading the rest of it first. */
  selectAll(): void;
  clearSelection(): void;
  /** Performs an action on the selected tasks. */
  change(action: BulkAction): void;
  /** Undoes the last removal. */
  undo(): void;
  readonly range: Readable<ListRange>;
  /** Called after each rendering of the list. */
  rendered(root: HTMLElement, items: readonly ListItem[]): void;
}

/** What the list page provides to its components. */
export interface ClientView extends FrameView {
  readonly counts: Readable<TaskCounts>;
  readonly query: Readable<ListQuery>;
  /** Sentences about invalid query parameters. */
  readonly problems: Readable<readonly string[]>;
  readonly items: Readable<readonly ListItem[]>;
  /** The number of tasks in each section, whether loaded or not. */
  readonly sections: Readable<ReadonlyMap<string, number>>;
  /** Whether there are more tasks after the loaded ones. */
  readonly more: Readable<boolean>;
  readonly loading: Readable<ListLoading>;
  /** The ids of the selected tasks. */
  readonly selected: Readable<ReadonlySet<string>>;
  readonly bulk: Readable<BulkState>;
  readonly page: number;
  readonly pages: number;
  readonly commands: readonly TerminalCommand[];
  readonly gettingStarted: readonly TerminalCommand[];
  /** Whether the page has forms that start tasks. */
  readonly hasStartForms: boolean;
  /** `null` without JavaScript. */
  readonly list: ListActions | null;
  task(id: string): Readable<Task> | undefined;
}

/** What the task page provides to its components. */
export interface TaskView extends FrameView {
  readonly task: Readable<Task>;
  /** When the task was removed, in epoch seconds; `null` if it was not. */
  readonly removedAt: Readable<number | null>;
  /** How long a removal can be undone, in seconds. */
  readonly undoSeconds: number;
  readonly steps: Readable<readonly Step[]>;
  readonly progressHistory: Readable<readonly ProgressPoint[]>;
  readonly log: Readable<TaskLog>;
  readonly attempts: Readable<readonly RunLink[]>;
  readonly previous: Readable<Neighbour | null>;
  readonly next: Readable<Neighbour | null>;
  /** The number of subtasks that are left out. */
  readonly omitted: number;
  /** The ids of the direct subtasks of this task or of one of its subtasks. */
  subtasksOf(id: string): Readable<readonly string[]>;
  subtask(id: string): Readable<Task> | undefined;
  /** Adds older lines to the log; `null` without JavaScript. */
  readonly loadOlder: (() => Promise<void>) | null;
}

/**
 * Inserts section headings between the rows of a list.
 *
 * @param placed the section key and the id of each task, in the order of the list
 * @param headings the keys of the sections that are shown even if empty, in order
 * @returns the headings and rows in display order
 */
export function listItems(
  placed: readonly (readonly [section: string, id: string])[],
  headings: readonly string[],
): ListItem[] {
  const items: ListItem[] = [];
  const waiting = [...headings];
  let current: string | undefined;
  function open(section: string): void {
    // Sections before this one that have no rows still get their heading.
    const due = waiting.includes(section) ? waiting.splice(0, waiting.indexOf(section) + 1) : [section];
    for (const each of due) items.push({ section: each, id: null });
    current = section;
  }
  for (const [section, id] of placed) {
    if (section !== current) open(section);
    items.push({ section, id });
  }
  for (const section of waiting) items.push({ section, id: null });
  return items;
}
