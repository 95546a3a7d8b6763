/**
 * The state of a page in the browser: signals, made by factories, so that nothing lives at module level. One signal a
 * task, so that only rows whose task changed are rendered again.
 *
 * @module
 */

import { batch, computed, type Signal, signal } from "@preact/signals";
import type { LogLine, Task } from "../lib/task.ts";
import { comparePlace, hasEnded } from "../lib/task_view.ts";
import type { LogPage } from "../lib/wire.ts";
import { milestoneBetween } from "./milestones.ts";
import type { Milestone } from "./milestones.ts";
import { type ClientPageModel, type PageFrame, TASKS_PER_PAGE } from "./model.ts";
import type { TaskLog, TaskPageModel } from "./model.ts";
import { TaskTally } from "./tally.ts";
import { clientTitle, taskTitle } from "./title.ts";
import type { ClientView, ConnectionState, FrameView, PageActions, TaskView } from "./view.ts";

/** Changes to apply at once. */
export interface PendingChanges {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly removed: ReadonlySet<string>;
}

/** The parts of a page's state that the browser entry writes. */
export interface LiveFrame extends FrameView {
  readonly connection: Signal<ConnectionState>;
  readonly now: Signal<number>;
  readonly scripted: Signal<boolean>;
  readonly trouble: Signal<string | null>;
  readonly news: Signal<string>;
  readonly announcement: Signal<string>;
}

/** A page whose tasks change. */
export interface LivePage {
  readonly frame: LiveFrame;
  /** Applies changes. Older versions of a task than the page has are left out. */
  apply(changes: PendingChanges): void;
  /** Forgets what it had and shows these tasks: all of the client's. */
  replace(tasks: readonly Task[]): void;
  /** What the title of the document should be. */
  title(): string;
}

/** The live page of a client. */
export interface LiveClientPage extends LivePage {
  readonly view: ClientView;
}

/** The live page of a task. */
export interface LiveTaskPage extends LivePage {
  readonly view: TaskView;
  /** Adds lines that were asked for with {@linkcode LiveTaskPage.nextLogLine}. */
  addLog(page: LogPage): void;
  /** The number of the first line that the page lacks; `null` where it lacks none. */
  nextLogLine(): number | null;
}

/** What the factories need besides the model. */
export interface LivePageOptions {
  readonly actions: PageActions;
  /** Hears every milestone that a task passes. */
  readonly onMilestone: (milestone: Milestone) => void;
}

/** How many lines of a log the page keeps. */
const MOST_LOG_LINES = 1_000;
/** How many children the page of a task lists. */
const MOST_CHILDREN = 200;

/** Makes the live state of a client's page. */
export function createClientPage(model: ClientPageModel, options: LivePageOptions): LiveClientPage {
  const frame = createFrame(model, options.actions);
  const tasks = new Map<string, Signal<Task>>(model.tasks.map((task) => [task.id, signal(task)]));
  const active = signal<readonly string[]>([]);
  const ended = signal<readonly string[]>([]);
  const tally = new TaskTally(model);
  const counts = signal(tally.counts);
  const isFirst = model.page === 1;

  /** Sorts the page again and cuts it; what falls off is forgotten, and comes back with its next change. */
  function settle(): void {
    const placed = [...tasks.values()].map((each) => each.peek()).sort(comparePlace);
    for (const task of placed.slice(TASKS_PER_PAGE)) tasks.delete(task.id);
    const shown = placed.slice(0, TASKS_PER_PAGE);
    setList(active, shown.filter((task) => !hasEnded(task)).map((task) => task.id));
    setList(ended, shown.filter(hasEnded).map((task) => task.id));
    counts.value = tally.counts;
  }

  /** Shows a record. A row keeps its signal, also where another task takes its id: nobody may look at an old one. */
  function show(task: Task): void {
    const known = tasks.get(task.id);
    if (known === undefined) tasks.set(task.id, signal(task));
    else known.value = task;
  }

  function applyTask(task: Task, isReturn: boolean): void {
    const known = tasks.get(task.id)?.peek();
    const before = isReturn ? undefined : known;
    if (before !== undefined && before.version > task.version) return;
    const milestone = milestoneBetween(before, task);
    if (milestone !== null && (before !== undefined || isFirst)) options.onMilestone(milestone);
    tally.note(task);
    if (known !== undefined || isFirst) show(task);
  }

  function apply(changes: PendingChanges): void {
    batch(() => {
      for (const id of changes.removed) {
        tally.remove(id);
        if (!changes.tasks.has(id)) tasks.delete(id);
      }
      changes.tasks.forEach((task, id) => applyTask(task, changes.removed.has(id)));
      settle();
    });
  }

  function replace(all: readonly Task[]): void {
    const start = (model.page - 1) * TASKS_PER_PAGE;
    const slice = [...all].sort(comparePlace).slice(start, start + TASKS_PER_PAGE);
    const wanted = new Set(slice.map((task) => task.id));
    batch(() => {
      for (const id of tasks.keys()) if (!wanted.has(id)) tasks.delete(id);
      slice.forEach(show);
      tally.replace(all);
      settle();
    });
  }

  settle();
  const { page, pages, startable } = model;
  const view = {
    ...frame,
    active,
    ended,
    counts,
    page,
    pages,
    startable,
    task: (id: string) => tasks.get(id),
  };
  return { view, frame, apply, replace, title: () => clientTitle(counts.value.active) };
}

/** Makes the live state of a task's page. */
export function createTaskPage(model: TaskPageModel, options: LivePageOptions): LiveTaskPage {
  const frame = createFrame(model, options.actions);
  const { id } = model.task;
  const task = signal(model.task);
  const removed = signal(false);
  const log = signal<TaskLog>(model.log);
  const children = new Map<string, Signal<Task>>(model.children.map((child) => [child.id, signal(child)]));
  const childIds = signal<readonly string[]>(model.children.map((child) => child.id));

  function showTask(after: Task): void {
    const { lines, dropped } = log.peek();
    // Lines go where another task has the id now, and where the server lost those that it had not stored.
    const kept = after.created_at !== task.peek().created_at
      ? 0
      : hasEnded(after)
      ? after.log_count
      : Infinity;
    if (kept < dropped) log.value = { lines: [], dropped: kept };
    else if (kept < dropped + lines.length) log.value = { lines: lines.slice(0, kept - dropped), dropped };
    task.value = after;
    removed.value = false;
  }

  function applyTask(after: Task, isReturn: boolean): void {
    if (after.id === id) {
      const before = isReturn ? undefined : task.peek();
      if (before !== undefined && before.version > after.version) return;
      const milestone = milestoneBetween(before, after);
      if (milestone !== null) options.onMilestone(milestone);
      showTask(after);
    } else if (after.parent_id !== id) {
      // What had the id may have been a part.
      children.delete(after.id);
    } else {
      const known = children.get(after.id);
      if (known === undefined) {
        if (children.size < MOST_CHILDREN) children.set(after.id, signal(after));
      } else if (isReturn || known.peek().version <= after.version) known.value = after;
    }
  }

  /** Lists the parts in the order of their creation, as the server does. */
  function settle(): void {
    const placed = [...children.values()].map((child) => child.peek());
    placed.sort((left, right) => left.created_at - right.created_at);
    setList(childIds, placed.map((child) => child.id));
  }

  function apply(changes: PendingChanges): void {
    batch(() => {
      for (const gone of changes.removed) {
        if (changes.tasks.has(gone)) continue;
        children.delete(gone);
        if (gone === id) removed.value = true;
      }
      changes.tasks.forEach((after) => applyTask(after, changes.removed.has(after.id)));
      settle();
    });
  }

  function replace(all: readonly Task[]): void {
    const wanted = new Set(all.map((each) => each.id));
    batch(() => {
      for (const gone of children.keys()) if (!wanted.has(gone)) children.delete(gone);
      removed.value = !wanted.has(id);
      // Another numbering of versions may have begun, so what came counts, whatever its version.
      for (const each of all) {
        if (each.id === id) showTask(each);
        else applyTask(each, true);
      }
      settle();
    });
  }

  function addLog(page: LogPage): void {
    const known = log.peek();
    const end = known.dropped + known.lines.length;
    const fresh: readonly LogLine[] = page.lines.slice(Math.max(0, end - page.first));
    // Where the server has dropped lines that were never seen here, what was seen before them would mislead.
    const kept = page.first > end ? [] : known.lines;
    const lines = [...kept, ...fresh].slice(-MOST_LOG_LINES);
    log.value = { lines, dropped: Math.max(end, page.first) + fresh.length - lines.length };
  }

  function nextLogLine(): number | null {
    const end = log.value.dropped + log.value.lines.length;
    const count = task.value.log_count;
    // Of what is missing, no more than is kept.
    return count > end ? Math.max(end, count - MOST_LOG_LINES) : null;
  }

  const view = { ...frame, task, removed, children: childIds, log, child: (id: string) => children.get(id) };
  return { view, frame, apply, replace, title: () => taskTitle(task.value), addLog, nextLogLine };
}

function createFrame(frame: PageFrame, actions: PageActions): LiveFrame {
  const now = signal(frame.now);
  return {
    frame,
    connection: signal<ConnectionState>({ kind: "snapshot", asOf: frame.now, over: null, reason: null }),
    now,
    // Starts at what the server rendered, and moves in steps from there.
    coarseNow: computed(() => frame.now + Math.floor((now.value - frame.now) / 10) * 10),
    scripted: signal(false),
    trouble: signal(frame.trouble),
    news: signal(""),
    announcement: signal(""),
    actions,
  };
}

/** Gives a list signal a new list only where it is another one. */
function setList(list: Signal<readonly string[]>, ids: readonly string[]): void {
  const known = list.peek();
  if (known.length !== ids.length || known.some((id, index) => id !== ids[index])) list.value = ids;
}
