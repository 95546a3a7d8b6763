/**
 * What the components read. Every value that may change is a {@linkcode Readable}: a plain constant on the server, a
 * signal in the browser, where reading it subscribes the component. So the components know nothing of either.
 *
 * @module
 */

import type { ProgressPoint, Task } from "../../lib/task/task.ts";
import type { LogPage } from "../../lib/task/wire.ts";
import type { Neighbour, RunLink } from "./relations.ts";
import type { ListQuery } from "./list_query.ts";
import { listRules } from "./list_rules.ts";
import { headings } from "./list_slice.ts";
import type { ClientPageModel, PageFrame, TaskLog, TaskPageModel, TerminalCommand } from "./model.ts";

import type { Step } from "./steps.ts";

/** How a page hears of changes, best first. */
export type TransportName = "socket" | "events" | "polling";

/** A value that may change. */
export interface Readable<T> {
  readonly value: T;
}

/** How the page hears of changes. `closing` is live until the server ends. `asOf` is the last time at which what it shows was surely current, in epoch seconds. */
export interface ConnectionState {
  readonly kind: "snapshot" | "connecting" | "live" | "closing" | "reconnecting" | "stopped";
  readonly asOf: number;
  /** The way by which it is live, or was last; `null` before. */
  readonly over: TransportName | null;
  /** Why it is not live, where there is more to say. */
  readonly reason: string | null;
}

/** What people can do on the page with JavaScript. Each rejects with an error whose message is for them. */
export interface PageActions {
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Takes a removal back that is a few seconds old at most. */
  restore(id: string): Promise<void>;
  /** Starts a task once more and goes to the new one. */
  retry(id: string): Promise<void>;
  /** The lines of a task's log before one, so many at most. */
  logBefore(id: string, before: number, limit: number): Promise<LogPage>;
  copy(text: string): Promise<void>;
}

/** What every page reads. */
export interface FrameView {
  readonly frame: PageFrame;
  readonly connection: Readable<ConnectionState>;
  /** The server's clock in epoch seconds. Stands still while the page is not live. */
  readonly now: Readable<number>;
  /** The same, but moving only every ten seconds: for what is written coarsely anyway. */
  readonly coarseNow: Readable<number>;
  /** Whether the page's script runs: times are local then, and there are buttons to copy. */
  readonly scripted: Readable<boolean>;
  /** Why the server can't store anything at present; `null` where it can. */
  readonly degradation: Readable<string | null>;
  /** What is shown for a few seconds; empty most of the time. */
  readonly news: Readable<string>;
  /** What the live region says. */
  readonly announcement: Readable<string>;
  /** `null` without JavaScript: forms are then sent as forms. */
  readonly actions: PageActions | null;
}

/** How many tasks a client has. */
export interface TaskCounts {
  readonly active: number;
  readonly ended: number;
  /** Tasks that were created since and belong on an earlier page. */
  readonly newer: number;
}

/** A row of a list, or the heading of a section. */
export interface ListItem {
  /** The key of the section. */
  readonly section: string;
  /** The task of the row; `null` for the heading. */
  readonly id: string | null;
}

/** Whether something of a list is on its way. */
export type ListLoading =
  | { readonly kind: "no" | "list" | "more" }
  | { readonly kind: "failed"; readonly reason: string };

/** What can be done to many tasks at once. */
export type BulkAction = "cancel" | "retry" | "remove" | "restore";

/** What becomes of something that is done to many tasks. */
export type BulkState =
  | { readonly kind: "idle" }
  | { readonly kind: "busy"; readonly text: string }
  /** `undo` says for how many tasks it can be taken back at present. */
  | { readonly kind: "done"; readonly text: string; readonly isProblem: boolean; readonly undo: number };

/** Which items of a list are rendered, and how much room those before and behind them take, in pixels. */
export interface ListRange {
  readonly start: number;
  readonly end: number;
  readonly before: number;
  readonly after: number;
}

/** What people can do with a list with JavaScript. */
export interface ListActions {
  /** Shows another list; a little later where somebody is typing. */
  search(query: ListQuery, isTyping: boolean): void;
  /** Loads more of the list, where there is more. */
  more(): void;
  /** Loads again what could not be loaded. */
  again(): void;
  /** Selects a task, or lets it go; with `isRange` all from the last one that was selected. */
  select(id: string, isRange: boolean): void;
  /** Selects every task of the list, loaded or not. */
  selectAll(): void;
  clearSelection(): void;
  /** Does something to the selected tasks. */
  change(action: BulkAction): void;
  /** Takes the last removal back. */
  undo(): void;
  readonly range: Readable<ListRange>;
  /** Told after each rendering of the list. */
  rendered(root: HTMLElement, items: readonly ListItem[]): void;
}

/** What the page of a client reads. */
export interface ClientView extends FrameView {
  readonly counts: Readable<TaskCounts>;
  readonly query: Readable<ListQuery>;
  /** What of the query was not understood. */
  readonly problems: Readable<readonly string[]>;
  readonly items: Readable<readonly ListItem[]>;
  /** How many tasks stand below each heading, loaded or not. */
  readonly sections: Readable<ReadonlyMap<string, number>>;
  /** Whether the list goes on behind what is loaded. */
  readonly more: Readable<boolean>;
  readonly loading: Readable<ListLoading>;
  /** The ids of the tasks that are selected. */
  readonly selected: Readable<ReadonlySet<string>>;
  readonly bulk: Readable<BulkState>;
  readonly page: number;
  readonly pages: number;
  readonly commands: readonly TerminalCommand[];
  readonly ways: readonly TerminalCommand[];
  /** Whether there are tasks to start on the page. */
  readonly hasStartable: boolean;
  /** `null` without JavaScript. */
  readonly list: ListActions | null;
  task(id: string): Readable<Task> | undefined;
}

/** What the page of one task reads. */
export interface TaskView extends FrameView {
  readonly task: Readable<Task>;
  /** When the task was removed, in epoch seconds; `null` while it is there. */
  readonly removedAt: Readable<number | null>;
  /** How long it can be had back from then on, in seconds. */
  readonly undoSeconds: number;
  readonly steps: Readable<readonly Step[]>;
  readonly series: Readable<readonly ProgressPoint[]>;
  readonly log: Readable<TaskLog>;
  readonly attempts: Readable<readonly RunLink[]>;
  readonly previous: Readable<Neighbour | null>;
  readonly next: Readable<Neighbour | null>;
  /** How many of its parts are left out. */
  readonly omitted: number;
  /** The ids of the parts of this task, or of one of its parts. */
  partsOf(id: string): Readable<readonly string[]>;
  part(id: string): Readable<Task> | undefined;
  /** Adds older lines to the log; `null` without JavaScript. */
  readonly loadOlder: (() => Promise<void>) | null;
}

/** A page of a client that never changes, for the server. */
export function snapshotClientView(model: ClientPageModel): ClientView {
  const { tasks, activeTotal, endedTotal, query } = model;
  const byId = new Map(tasks.map((task) => [task.id, { value: task }]));
  const { sectionOf } = listRules(query, model.now);
  const placed = tasks.map((task) => [sectionOf(task), task.id] as const);
  return {
    ...snapshotFrameView(model),
    counts: { value: { active: activeTotal, ended: endedTotal, newer: 0 } },
    query: { value: query },
    problems: { value: model.problems },
    items: { value: listItems(placed, headings(query)) },
    sections: { value: new Map(model.sections.map(({ key, total }) => [key, total])) },
    more: { value: model.from + tasks.length < model.matching },
    loading: { value: { kind: "no" } },
    selected: { value: new Set() },
    bulk: { value: { kind: "idle" } },
    page: model.page,
    pages: model.pages,
    commands: model.commands,
    ways: model.ways,
    hasStartable: model.startable.length > 0,
    list: null,
    task: (id) => byId.get(id),
  };
}

/**
 * Puts headings between the rows of a list.
 *
 * @param placed the key of each task's section, and its id, in the order of the list
 * @param headings the sections that are there in any case, in order
 * @returns the rows and the headings
 */
export function listItems(
  placed: readonly (readonly [section: string, id: string])[],
  headings: readonly string[],
): ListItem[] {
  const items: ListItem[] = [];
  const waiting = [...headings];
  let current: string | undefined;
  function open(section: string): void {
    // Those that stand before it, and have no rows.
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

/** A page of a task that never changes, for the server. */
export function snapshotTaskView(model: TaskPageModel): TaskView {
  const byId = new Map(model.parts.map((task) => [task.id, { value: task }]));
  return {
    ...snapshotFrameView(model),
    task: { value: model.task },
    removedAt: { value: model.isRemoved ? model.now : null },
    undoSeconds: model.undoSeconds,
    steps: { value: model.steps },
    series: { value: model.series },
    log: { value: model.log },
    attempts: { value: model.attempts },
    previous: { value: model.previous },
    next: { value: model.next },
    omitted: model.omitted,
    partsOf: (id) => ({
      value: model.parts.filter((task) => task.parent_id === id).map((task) => task.id),
    }),
    part: (id) => byId.get(id),
    loadOlder: null,
  };
}

/** What every page that never changes reads. */
export function snapshotFrameView(frame: PageFrame): FrameView {
  return {
    frame,
    connection: { value: { kind: "snapshot", asOf: frame.now, over: null, reason: null } },
    now: { value: frame.now },
    coarseNow: { value: frame.now },
    scripted: { value: false },
    degradation: { value: frame.degradation },
    news: { value: "" },
    announcement: { value: "" },
    actions: null,
  };
}
