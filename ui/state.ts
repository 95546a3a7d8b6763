/**
 * The state of a page in the browser: signals, made by factories, so that nothing lives at module level. One signal a
 * task, so that only rows whose task changed are rendered again.
 *
 * @module
 */

import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Task } from "../lib/task.ts";
import { comparePlace, hasEnded } from "../lib/task_view.ts";
import { milestoneBetween } from "./milestones.ts";
import type { Milestone } from "./milestones.ts";
import { type ClientPageModel, type PageFrame, TASKS_PER_PAGE } from "./model.ts";
import { TaskTally } from "./tally.ts";
import { clientTitle } from "./title.ts";
import type { ClientView, ConnectionState, FrameView, PageActions } from "./view.ts";

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

/** What the factories need besides the model. */
export interface LivePageOptions {
  readonly actions: PageActions;
  /** Hears every milestone that a task passes. */
  readonly onMilestone: (milestone: Milestone) => void;
}

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

/** Makes the state that every page has. */
export function createFrame(frame: PageFrame, actions: PageActions): LiveFrame {
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
export function setList(list: Signal<readonly string[]>, ids: readonly string[]): void {
  const known = list.peek();
  if (known.length !== ids.length || known.some((id, index) => id !== ids[index])) list.value = ids;
}
