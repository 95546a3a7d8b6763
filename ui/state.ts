/**
 * The state of a page in the browser: signals, made by factories, so that nothing lives at module level. One signal a
 * task, so that only rows whose task changed are rendered again.
 *
 * @module
 */

import { batch, computed, type Signal, signal } from "@preact/signals";
import type { LogLine, Task } from "../lib/task.ts";
import { milestoneBetween } from "./milestones.ts";
import type { Milestone } from "./milestones.ts";
import { type ClientPageModel, comparePlace, hasEnded, type PageFrame, TASKS_PER_PAGE } from "./model.ts";
import type { TaskLog, TaskPageModel } from "./model.ts";
import { clientTitle, taskTitle } from "./title.ts";
import type { ClientView, ConnectionState, FrameView, PageActions, TaskView } from "./view.ts";
import type { LogPage } from "./wire.ts";

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
  /** The number of the first line that the page does not have; `null` where it has all of them. */
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
  const counts = signal({ active: model.activeTotal, ended: model.endedTotal, newer: 0 });
  /** Tasks that were seen off this page, and whether they had ended: to keep the counts right. */
  const elsewhere = new Map<string, boolean>();
  const isFirst = model.page === 1;

  /** Sorts the page again and cuts it; what falls off is forgotten, and comes back with its next change. */
  function settle(): void {
    const placed = [...tasks.values()].map((each) => each.peek()).sort(comparePlace);
    for (const task of placed.slice(TASKS_PER_PAGE)) {
      tasks.delete(task.id);
      elsewhere.set(task.id, hasEnded(task));
    }
    const shown = placed.slice(0, TASKS_PER_PAGE);
    setList(active, shown.filter((task) => !hasEnded(task)).map((task) => task.id));
    setList(ended, shown.filter(hasEnded).map((task) => task.id));
  }

  /** What a change that was not expected here does to the counts. */
  function count(task: Task, before: boolean | undefined): void {
    const now = hasEnded(task);
    const wasCounted = before !== undefined || task.created_at <= model.now;
    // Of a task that was counted but never seen, an end later than the page tells that it was still active.
    const had = before ?? (wasCounted && now && (task.finished_at ?? 0) <= model.now);
    const { active, ended, newer } = counts.peek();
    counts.value = {
      active: active + (now ? 0 : 1) - (wasCounted && !had ? 1 : 0),
      ended: ended + (now ? 1 : 0) - (wasCounted && had ? 1 : 0),
      newer: newer + (wasCounted || isFirst ? 0 : 1),
    };
  }

  function applyTask(task: Task): void {
    const known = tasks.get(task.id);
    const before = known?.peek();
    if (before !== undefined && before.version > task.version) return;
    const milestone = milestoneBetween(before, task);
    if (milestone !== null && (before !== undefined || isFirst)) options.onMilestone(milestone);
    count(task, before === undefined ? elsewhere.get(task.id) : hasEnded(before));
    if (known !== undefined) known.value = task;
    else if (isFirst) {
      tasks.set(task.id, signal(task));
      elsewhere.delete(task.id);
    } else elsewhere.set(task.id, hasEnded(task));
  }

  function removeTask(id: string): void {
    const task = tasks.get(id)?.peek();
    const wasEnded = task === undefined ? elsewhere.get(id) ?? true : hasEnded(task);
    tasks.delete(id);
    elsewhere.delete(id);
    const { active, ended, newer } = counts.peek();
    counts.value = wasEnded
      ? { active, ended: Math.max(0, ended - 1), newer }
      : { active: Math.max(0, active - 1), ended, newer };
  }

  function apply(changes: PendingChanges): void {
    batch(() => {
      changes.removed.forEach(removeTask);
      changes.tasks.forEach(applyTask);
      settle();
    });
  }

  function replace(all: readonly Task[]): void {
    const sorted = [...all].sort(comparePlace);
    const endedTotal = all.filter(hasEnded).length;
    const start = (model.page - 1) * TASKS_PER_PAGE;
    const slice = sorted.slice(start, start + TASKS_PER_PAGE);
    const wanted = new Set(slice.map((task) => task.id));
    batch(() => {
      elsewhere.clear();
      for (const id of tasks.keys()) if (!wanted.has(id)) tasks.delete(id);
      for (const task of slice) {
        const known = tasks.get(task.id);
        if (known === undefined) tasks.set(task.id, signal(task));
        else known.value = task;
      }
      for (const task of sorted) if (!wanted.has(task.id)) elsewhere.set(task.id, hasEnded(task));
      counts.value = { active: all.length - endedTotal, ended: endedTotal, newer: 0 };
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
  const task = signal(model.task);
  const removed = signal(false);
  const log = signal<TaskLog>(model.log);
  const children = new Map<string, Signal<Task>>(model.children.map((child) => [child.id, signal(child)]));
  const childIds = signal<readonly string[]>(model.children.map((child) => child.id));

  function applyTask(after: Task): void {
    if (after.id === model.task.id) {
      const before = task.peek();
      if (before.version > after.version) return;
      const milestone = milestoneBetween(before, after);
      if (milestone !== null) options.onMilestone(milestone);
      task.value = after;
      removed.value = false;
    } else if (after.parent_id === model.task.id) {
      const known = children.get(after.id);
      if (known === undefined) {
        if (children.size < MOST_CHILDREN) children.set(after.id, signal(after));
      } else if (known.peek().version <= after.version) known.value = after;
    }
  }

  function apply(changes: PendingChanges): void {
    batch(() => {
      for (const id of changes.removed) {
        children.delete(id);
        if (id === model.task.id) removed.value = true;
      }
      changes.tasks.forEach(applyTask);
      setList(childIds, [...children.keys()]);
    });
  }

  function replace(all: readonly Task[]): void {
    batch(() => {
      children.clear();
      removed.value = !all.some((each) => each.id === model.task.id);
      // Another numbering of versions may have begun, so what came counts, whatever its version.
      for (const each of all) if (each.id === model.task.id) task.value = each;
      all.filter((each) => each.id !== model.task.id).forEach(applyTask);
      setList(childIds, [...children.keys()]);
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
    return task.value.log_count > end ? end : null;
  }

  const view = { ...frame, task, removed, children: childIds, log, child: (id: string) => children.get(id) };
  return { view, frame, apply, replace, title: () => taskTitle(task.value), addLog, nextLogLine };
}

function createFrame(frame: PageFrame, actions: PageActions): LiveFrame {
  const now = signal(frame.now);
  return {
    frame,
    connection: signal<ConnectionState>({ kind: "snapshot", asOf: frame.now, reason: null }),
    now,
    // Starts at what the server rendered, and moves in steps from there.
    coarseNow: computed(() => frame.now + Math.floor((now.value - frame.now) / 10) * 10),
    scripted: signal(false),
    announcement: signal(""),
    actions,
  };
}

/** Gives a list signal a new list only where it is another one. */
function setList(list: Signal<readonly string[]>, ids: readonly string[]): void {
  const known = list.peek();
  if (known.length !== ids.length || known.some((id, index) => id !== ids[index])) list.value = ids;
}
