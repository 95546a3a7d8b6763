/**
 * The interface between pages and components. Values that may change are {@linkcode Readable}: constants on
 * the server, and signals in the browser, so that a component that reads one subscribes to it.
 *
 * @module
 */

import type { LogLine, ProgressPoint, Task } from "../../lib/task/task.ts";
import type { Concern } from "./attention.ts";
import type { Neighbour, RunLink } from "./relations.ts";
import type { LineRange } from "./line_range.ts";
import type { Lines, LogFolds } from "./log_groups.ts";
import type { LogFilter, LogFindings } from "./log_filter.ts";
import type { LineTimes } from "./log_look.ts";
import type { ListQuery } from "./list_query.ts";
import type { PageFrame, TaskLog, TerminalCommand } from "./model.ts";

import type { Step } from "./steps.ts";

/** The name of a source of updates, best source first. */
export type UpdateSourceName = "socket" | "events" | "polling";

/** A value that may change: a constant or a signal. */
export interface Readable<T> {
  readonly value: T;
}

/**
 * The state of the connection. In the state `closing`, the page is still live, but the server has announced its
 * shutdown.
 */
export interface ConnectionState {
  readonly kind: "snapshot" | "connecting" | "live" | "closing" | "reconnecting" | "stopped";
  /** When the page was last known to be current, in epoch seconds. */
  readonly asOf: number;
  /** The source of updates that the page uses, or used last; `null` before the first connection. */
  readonly over: UpdateSourceName | null;
  /** The reason why the page is not live, for the user; `null` if it needs no explanation. */
  readonly reason: string | null;
}

/**
 * The actions that a page offers with JavaScript. Each of them rejects with an error whose message can be
 * shown to the user.
 */
export interface PageActions {
  /** Cancels a task after a short delay, during which the cancellation can be undone. */
  cancel(id: string): Promise<void>;
  /** The ids of the tasks whose cancellation can still be undone. */
  readonly held: Readable<ReadonlySet<string>>;
  /** Undoes the cancellation of a task that has not been sent yet. */
  undoCancel(id: string): void;
  remove(id: string): Promise<void>;
  /** Undoes the removal of a task, which is possible for a few seconds. */
  restore(id: string): Promise<void>;
  /** Starts a new attempt of a task and navigates to its page. */
  retry(id: string): Promise<void>;
  copy(text: string): Promise<void>;
}

/** The values and actions that every page provides to its components. */
export interface FrameView {
  readonly frame: PageFrame;
  readonly connection: Readable<ConnectionState>;
  /** The server's clock in epoch seconds. Stops while the page is not live. */
  readonly now: Readable<number>;
  /** The server's clock, updated only every ten seconds, for relative times. */
  readonly coarseNow: Readable<number>;
  /** Whether the page's script runs; if so, times are in the local time zone and there are copy buttons. */
  readonly scripted: Readable<boolean>;
  /** The reason why the server cannot store changes; `null` if it can. */
  readonly degradation: Readable<string | null>;
  /** The text of the toast, which is shown for a few seconds; usually empty. */
  readonly toast: Readable<string>;
  /** The text of the live region for screen readers. */
  readonly announcement: Readable<string>;
  /** The actions of the page; `null` without JavaScript, where forms are submitted to the server instead. */
  readonly actions: PageActions | null;
}

/** The numbers of a client's active and ended tasks. */
export interface TaskCounts {
  readonly active: number;
  readonly ended: number;
  /** The number of tasks created since the page was loaded that belong on an earlier page of the list. */
  readonly newer: number;
}

/** A row or a section heading of a list. */
export interface ListItem {
  /** The key of the section to which the item belongs. */
  readonly section: string;
  /** The row's task; `null` for a heading. */
  readonly id: string | null;
}

/** The subtasks below a task in a list. */
export interface SubtaskGroup {
  /** The ids of the shown subtasks, oldest first. */
  readonly ids: readonly string[];
  readonly total: number;
  /** The number of all subtasks that have ended. */
  readonly ended: number;
}

/** Whether nothing, a whole list or the next part of a list is being loaded, or why loading failed. */
export type ListLoading =
  | { readonly kind: "no" | "list" | "more" }
  | { readonly kind: "failed"; readonly reason: string };

/** An action that can be performed on several tasks at once. */
export type BulkAction = "cancel" | "retry" | "remove" | "restore";

/** The state of a bulk action. */
export type BulkState =
  | { readonly kind: "idle" }
  | { readonly kind: "busy"; readonly text: string }
  /** In this state, `undo` is the number of tasks whose cancellation can be undone. */
  | { readonly kind: "held"; readonly text: string; readonly undo: number }
  /** In this state, `undo` is the number of removed tasks that can be restored. */
  | { readonly kind: "done"; readonly text: string; readonly isProblem: boolean; readonly undo: number };

/** The rendered items of a list, and the height of the items before and after them, in pixels. */
export interface ListRange {
  readonly start: number;
  readonly end: number;
  readonly before: number;
  readonly after: number;
}

/** A task that needs attention. */
export interface AttentionItem {
  readonly task: Task;
  readonly concern: Concern;
}

/** The actions on a list that are available with JavaScript. */
export interface ListActions {
  /** Loads another list. Debounced while the user is typing. */
  search(query: ListQuery, isTyping: boolean): void;
  /** Loads more tasks of the list, if there are any. */
  more(): void;
  /** Loads tasks again if loading them has failed. */
  retry(): void;
  /**
   * Toggles the selection of a task; if `isRange` is set, selects all tasks from the last selected task to this one.
   */
  select(id: string, isRange: boolean): void;
  /** Selects all tasks of the list, loading the rest of it first. */
  selectAll(): void;
  clearSelection(): void;
  /** Performs an action on the selected tasks. */
  change(action: BulkAction): void;
  /** Performs an action on one task, and shows its outcome in the bulk bar. */
  changeOne(action: BulkAction, id: string): Promise<void>;
  /** Stores in this browser that the user has opened failed tasks. */
  markOpened(failed: readonly Task[]): void;
  /** Undoes the removals or the cancellation that the bulk bar offers to undo. */
  undo(): void;
  readonly range: Readable<ListRange>;
  /** Must be called after each rendering of the list. */
  rendered(root: HTMLElement, items: readonly ListItem[]): void;
}

/** The values and actions that the list page provides to its components. */
export interface ClientView extends FrameView {
  readonly counts: Readable<TaskCounts>;
  readonly query: Readable<ListQuery>;
  /** Sentences about invalid parameters in the page's URL. */
  readonly problems: Readable<readonly string[]>;
  readonly items: Readable<readonly ListItem[]>;
  /** The number of tasks in each section, whether loaded or not. */
  readonly sections: Readable<ReadonlyMap<string, number>>;
  /** The tasks that need attention, the most urgent first. */
  readonly attention: Readable<readonly AttentionItem[]>;
  /** The number of tasks in each state, by the state's name, whichever states the query selects. */
  readonly states: Readable<ReadonlyMap<string, number>>;
  /** Whether there are more tasks after the loaded ones. */
  readonly more: Readable<boolean>;
  readonly loading: Readable<ListLoading>;
  /** The ids of the selected tasks. */
  readonly selected: Readable<ReadonlySet<string>>;
  readonly bulk: Readable<BulkState>;
  /** The bulk actions that can change at least one selected task or, without JavaScript, at least one listed task. */
  readonly possible: Readable<ReadonlySet<BulkAction>>;
  readonly page: number;
  readonly pages: number;
  readonly commands: readonly TerminalCommand[];
  readonly gettingStarted: readonly TerminalCommand[];
  /** Whether the page has forms that start tasks. */
  readonly hasStartForms: boolean;
  /** The actions on the list; `null` without JavaScript. */
  readonly list: ListActions | null;
  task(id: string): Readable<Task> | undefined;
  /** Returns the subtasks below a task in the list. */
  subtasksOf(id: string): Readable<SubtaskGroup>;
  /**
   * Whether the user has expanded or collapsed the subtasks of a task, by the task's id. Kept here, because rows are
   * removed while they are out of view.
   */
  readonly folds: Map<string, boolean>;
  /**
   * Returns the name of the parent of a task that is listed alone; `null` if the task has no parent, or the name is
   * unknown.
   */
  parentName(task: Task): string | null;
}

/** Reads lines of a log that are not on the page yet. */
export interface LogPages {
  /** Changes whenever lines have been loaded. */
  readonly version: Readable<number>;
  /** The reason why lines could not be loaded; usually empty. */
  readonly problem: Readable<string>;
  /** Returns a line; `undefined` if it is not loaded. */
  line(number: number): LogLine | undefined;
  /** Loads the lines of a range, except lines that are already loaded. */
  want(from: number, to: number): void;
}

/** Searches the whole log of a task. */
export interface LogFinder {
  /** The filter that the log is searched by. */
  readonly filter: Readable<LogFilter>;
  /** The result of the search; `null` until there is one. */
  readonly findings: Readable<LogFindings | null>;
  /** The number of the current matching line; `null` if there is none. */
  readonly current: Readable<number | null>;
  /** The reason why the log could not be searched; usually empty. */
  readonly problem: Readable<string>;
  /** Searches, and makes the first match at or after the line `from` the current match. */
  search(filter: LogFilter, from: number): void;
  /** Moves to the next or the previous match; wraps around at the end and the start of the log. */
  step(by: 1 | -1): void;
}

/** The values and actions that the task page provides to its components. */
export interface TaskView extends FrameView {
  readonly task: Readable<Task>;
  /** When the task was removed, in epoch seconds; `null` if it was not removed. */
  readonly removedAt: Readable<number | null>;
  readonly steps: Readable<readonly Step[]>;
  readonly progressHistory: Readable<readonly ProgressPoint[]>;
  readonly attempts: Readable<readonly RunLink[]>;
  /** The parent, while it exists. */
  readonly parent: Readable<Neighbour | null>;
  readonly previous: Readable<Neighbour | null>;
  readonly next: Readable<Neighbour | null>;
  /** The number of subtasks that the page leaves out. */
  readonly omitted: Readable<number>;
  /** Returns the ids of the direct subtasks of the page's task, or of one of its subtasks. */
  subtasksOf(id: string): Readable<readonly string[]>;
  subtask(id: string): Readable<Task> | undefined;
}

/** How a log is divided: into groups, which marked lines begin and end, or into the steps of the task. */
export type FoldKind = "groups" | "steps";

/** The parts of a log that can be collapsed. */
export interface LogFolding {
  readonly groups: Readable<LogFolds>;
  readonly steps: Readable<LogFolds>;
  /** The hidden lines: ranges in order that do not overlap. */
  readonly hidden: Readable<readonly Lines[]>;
  /** Turns the division of the log into the steps of the task on or off. */
  showSteps(isShown: boolean): void;
  /** Collapses or expands the group or step that begins with a line. */
  toggle(kind: FoldKind, from: number): void;
  /** Collapses or expands all groups and steps. */
  setAll(isCollapsed: boolean): void;
  /** Expands the groups and the step that contain a line. */
  reveal(number: number): void;
}

/** The values and actions that the log section provides to its components. */
export interface LogView extends TaskView {
  readonly log: Readable<TaskLog>;
  readonly logPages: LogPages;
  readonly logFinder: LogFinder;
  readonly logFolding: LogFolding;
  /** Returns lines as text, with their times in the given form. */
  logText(range: LineRange, times: LineTimes): Promise<string>;
}

/**
 * Inserts section headings between the rows of a list.
 *
 * @param placed the section key and the id of each task, in the order of the list
 * @param headings the keys of the sections that are shown even if they are empty, in order
 * @returns the headings and the rows in display order
 */
export function listItems(
  placed: readonly (readonly [section: string, id: string])[],
  headings: readonly string[],
): ListItem[] {
  const items: ListItem[] = [];
  const waiting = [...headings];
  let current: string | undefined;
  function open(section: string): void {
    // Sections before this one that have no rows get a heading, too.
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
