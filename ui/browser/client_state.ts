/**
 * The state of the list page in the browser: the loaded part of a possibly long list, kept up to date.
 *
 * @module
 */

import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import { possibleActions } from "../shared/bulk_actions.ts";
import { milestoneBetween } from "../shared/milestones.ts";
import type { ClientPageModel } from "../shared/model.ts";
import type { ListQuery } from "../shared/list_query.ts";
import { type ListRules, listRules } from "../shared/list_rules.ts";
import { headings, listedTasks, sliceOf, type TaskSlice } from "../shared/list_slice.ts";
import { AttentionBook } from "./attention_book.ts";
import { SectionTally } from "./section_tally.ts";
import { createFrame, type LivePage, type LivePageOptions } from "./state.ts";
import { TaskTally } from "./task_tally.ts";
import { clientTitle } from "../shared/title.ts";
import {
  type BulkState,
  type ClientView,
  type ListItem,
  listItems,
  type ListLoading,
} from "../shared/view.ts";

/** The changes that arrived while a request was in flight. */
export interface InterimChanges {
  readonly tasks: Map<string, Task>;
  readonly removed: Set<string>;
}

/** The live state of the list page. */
export interface LiveClientPage extends LivePage {
  readonly view: ClientView;
  readonly query: Signal<ListQuery>;
  readonly loading: Signal<ListLoading>;
  readonly selected: Signal<ReadonlySet<string>>;
  readonly bulk: Signal<BulkState>;
  readonly problems: Signal<readonly string[]>;
  /** The ids of the failed tasks that were opened in this browser. */
  readonly opened: Signal<ReadonlySet<string>>;
  /** The number of tasks in each state. */
  readonly states: Signal<ReadonlyMap<string, number>>;
  /** The ids of the loaded tasks in display order. */
  readonly order: Signal<readonly string[]>;
  /** Whether there are more tasks after the loaded ones. */
  readonly more: Signal<boolean>;
  /** The offset of the first loaded task in the whole list. */
  readonly from: number;
  /**
   * Starts recording changes. They are later merged into the response to the request that is about to be
   * sent.
   */
  recordChanges(): InterimChanges;
  /** Replaces the loaded tasks with a slice from the server. */
  show(slice: TaskSlice, interim: InterimChanges): void;
  /**
   * Appends a slice that continues the loaded part; the slice may overlap with the end of the loaded part.
   */
  extend(slice: TaskSlice, interim: InterimChanges): void;
  /** Takes over the totals from a slice. */
  count(slice: TaskSlice): void;
  /** Whether the totals may be wrong and should be fetched again. */
  isUncertain(): boolean;
}

/** Reconstructs how a task that has just ended was before: running. */
function running(task: Task): Task {
  return { ...task, state: "PROCESSING", finished_at: null };
}

/** Creates the live state of the list page. */
export function createClientPage(model: ClientPageModel, options: LivePageOptions): LiveClientPage {
  const frame = createFrame(model, options.actions);
  const query = signal(model.query);
  const loading = signal<ListLoading>({ kind: "no" });
  const selected = signal<ReadonlySet<string>>(new Set());
  const bulk = signal<BulkState>({ kind: "idle" });
  const problems = signal(model.problems);
  const tasks = new Map<string, Signal<Task>>();
  const order = signal<readonly string[]>([]);
  const sections = signal<ReadonlyMap<string, number>>(new Map());
  const more = signal(false);
  const tally = new TaskTally(model);
  const counts = signal(tally.counts);
  const sums = new SectionTally();
  const stateSums = new SectionTally();
  const attention = new AttentionBook(frame.coarseNow);
  const states = signal<ReadonlyMap<string, number>>(new Map());
  let from = 0;
  let rules: ListRules = listRules(model.query, model.now);
  /**
   * The first and the last loaded task; tasks before or after them are not shown. `null`: the list has no
   * such tasks.
   */
  let first: Task | null = null;
  let last: Task | null = null;
  let interim: InterimChanges | null = null;

  const peek = (id: string) => tasks.get(id)?.peek();

  function belongs(task: Task): boolean {
    return rules.matches(task) && (first === null || rules.compare(first, task) <= 0) &&
      (last === null || rules.compare(task, last) <= 0);
  }

  /**
   * Stores a task's record. A task that reuses an id also reuses its signal, because a row subscribes to
   * that.
   */
  function put(task: Task): void {
    const known = tasks.get(task.id);
    if (known === undefined) tasks.set(task.id, signal(task));
    else known.value = task;
  }

  /** Merges new and moved tasks into the display order, and drops the ids of removed tasks. */
  function place(moved: ReadonlySet<string>): void {
    const fresh = [...moved].map(peek).filter((task) => task !== undefined).sort(rules.compare);
    const merged: string[] = [];
    for (const id of order.peek()) {
      if (moved.has(id)) continue;
      const task = peek(id);
      if (task === undefined) continue;
      while (fresh.length > 0 && rules.compare(fresh[0]!, task) < 0) merged.push(fresh.shift()!.id);
      merged.push(id);
    }
    // The array is always new: a task may move to another section without changing its position.
    order.value = [...merged, ...fresh.map((task) => task.id)];
  }

  /** Applies a task's record and returns whether the task's position in the list may have changed. */
  function applyTask(task: Task, isReplacement: boolean): boolean {
    const known = peek(task.id);
    const before = isReplacement ? undefined : known;
    if (before !== undefined && before.version > task.version) return false;
    const hasEndedNow = tally.note(task);
    // Announce a change only if the task's previous version is known: the task was loaded, has just ended, or
    // was created after the page was rendered.
    if (before !== undefined || hasEndedNow || (!sums.knows(task.id) && task.created_at >= model.now)) {
      const milestone = milestoneBetween(before ?? (hasEndedNow ? running(task) : undefined), task);
      if (milestone !== null) options.onMilestone(milestone);
    }
    attention.note(task);
    const isInAnyState = rules.matchesInAnyState(task);
    stateSums.note(task, isInAnyState ? task.state : null);
    sums.note(task, isInAnyState && rules.hasState(task) ? rules.sectionOf(task) : null);
    if (belongs(task)) {
      put(task);
      return known === undefined || rules.compare(known, task) !== 0;
    }
    return tasks.delete(task.id);
  }

  function unselect(ids: ReadonlySet<string>): void {
    const others = [...selected.peek()].filter((id) => !ids.has(id));
    if (others.length < selected.peek().size) selected.value = new Set(others);
  }

  function settle(): void {
    counts.value = tally.counts;
    sections.value = sums.totals;
    states.value = stateSums.totals;
  }

  function apply(changes: { tasks: ReadonlyMap<string, Task>; removed: ReadonlySet<string> }): void {
    batch(() => {
      const moved = new Set<string>();
      const gone = new Set<string>();
      for (const id of changes.removed) {
        interim?.removed.add(id);
        interim?.tasks.delete(id);
        tally.remove(id);
        sums.remove(id, frame.now.peek());
        stateSums.remove(id, frame.now.peek());
        attention.remove(id);
        if (changes.tasks.has(id)) continue;
        if (tasks.delete(id)) moved.add(id);
        gone.add(id);
      }
      unselect(gone);
      changes.tasks.forEach((task, id) => {
        if (applyTask(task, changes.removed.has(id))) moved.add(id);
        interim?.tasks.set(id, task);
      });
      if (moved.size > 0) place(moved);
      settle();
    });
  }

  function recordChanges(): InterimChanges {
    sums.mark();
    stateSums.mark();
    return interim = { tasks: new Map(), removed: new Set() };
  }

  /** Merges the tasks of a slice with the changes recorded since the request was sent. */
  function upToDate(slice: TaskSlice, since: InterimChanges): Task[] {
    const all = new Map<string, Task>();
    for (const task of slice.tasks) if (!since.removed.has(task.id)) all.set(task.id, task);
    since.tasks.forEach((task, id) => {
      const told = all.get(id);
      if (told === undefined || told.version <= task.version) all.set(id, task);
    });
    return [...all.values()];
  }

  function setEnd(slice: TaskSlice): void {
    const end = slice.from + slice.tasks.length;
    more.value = end < slice.matching;
    last = more.value ? slice.tasks.at(-1) ?? last : null;
  }

  function count(slice: TaskSlice): void {
    sums.count(slice.sections, frame.now.peek());
    stateSums.count(slice.states, frame.now.peek());
    attention.replace(slice.attention);
    interim?.tasks.forEach((task) => attention.note(task));
    settle();
    interim = null;
  }

  function show(slice: TaskSlice, since: InterimChanges): void {
    batch(() => {
      rules = listRules(slice.query, frame.now.peek());
      query.value = slice.query;
      from = slice.from;
      first = from > 0 ? slice.tasks[0] ?? null : null;
      setEnd(slice);
      const shown = upToDate(slice, since).filter(belongs).sort(rules.compare);
      const wanted = new Set(shown.map((task) => task.id));
      for (const id of [...tasks.keys()]) if (!wanted.has(id)) tasks.delete(id);
      shown.forEach(put);
      order.value = [...wanted];
      noteLoaded("begin", shown);
      count(slice);
    });
  }

  function noteLoaded(how: "begin" | "add", loaded: readonly Task[]): void {
    const knowsAll = from === 0 && !more.peek();
    sums[how](loaded, knowsAll, rules.sectionOf);
    stateSums[how](loaded, knowsAll && query.peek().state === "", (task) => task.state);
  }

  function extend(slice: TaskSlice, since: InterimChanges): void {
    batch(() => {
      setEnd(slice);
      const added = upToDate(slice, since).filter((task) =>
        belongs(task) && (peek(task.id)?.version ?? -1) < task.version
      );
      added.forEach(put);
      place(new Set(added.map((task) => task.id)));
      noteLoaded("add", added);
      count(slice);
    });
  }

  function replace(all: readonly Task[]): void {
    batch(() => {
      // After a restart of the server, versions may start again from 1, so these records apply whatever their
      // version.
      tally.replace(all);
      const slice = sliceOf(listedTasks(all), query.peek(), frame.now.peek(), { from, limit: all.length });
      show(slice, recordChanges());
    });
  }

  show(model, recordChanges());
  const items = computed<readonly ListItem[]>(() => {
    const titles = headings(query.value);
    return listItems(order.value.map((id) => [rules.sectionOf(peek(id)!), id] as const), titles);
  });
  const view: ClientView = {
    ...frame,
    counts,
    query,
    problems,
    items,
    sections,
    states,
    attention: attention.items,
    more,
    loading,
    selected,
    bulk,
    possible: computed(() => {
      // A task that starts or ends changes the counts.
      void counts.value;
      return possibleActions([...selected.value].map(peek).filter((task) => task !== undefined));
    }),
    page: model.page,
    pages: model.pages,
    commands: model.commands,
    gettingStarted: model.gettingStarted,
    hasStartForms: model.startable.length > 0,
    task: (id) => tasks.get(id),
    list: null,
  };
  return {
    view,
    frame,
    apply,
    replace,
    title: () => clientTitle(counts.value.active),
    query,
    loading,
    selected,
    bulk,
    problems,
    states,
    opened: attention.opened,
    order,
    more,
    get from() {
      return from;
    },
    recordChanges,
    show,
    extend,
    count,
    isUncertain: () => sums.isUncertain || stateSums.isUncertain,
  };
}
