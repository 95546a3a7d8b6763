/**
 * The state of the list page in the browser: the loaded part of a possibly long list, kept up to date.
 *
 * @module
 */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { possibleActions } from "../shared/bulk_actions.ts";
import { milestoneBetween } from "../shared/milestones.ts";
import type { ClientPageModel } from "../shared/model.ts";
import { isFiltered, type ListQuery } from "../shared/list_query.ts";
import { listRules } from "../shared/list_rules.ts";
import { headings, listedTasks, sliceOf, type TaskSlice } from "../shared/list_slice.ts";
import type { Parent } from "../shared/nesting.ts";
import { AttentionBook } from "./attention_book.ts";
import { type InterimChanges, LoadedList } from "./loaded_list.ts";
import { SectionTally } from "./section_tally.ts";
import { createFrame, type LivePage, type LivePageOptions } from "./state.ts";
import { TaskTally } from "./task_tally.ts";
import { clientTitle } from "../shared/title.ts";
import {
  type AttentionItem,
  type BulkState,
  type ClientView,
  type ListItem,
  listItems,
  type ListLoading,
} from "../shared/view.ts";

/** The live state of the list page. */
export interface LiveClientPage extends LivePage {
  readonly view: ClientView;
  readonly query: Signal<ListQuery>;
  readonly loading: Signal<ListLoading>;
  readonly selected: Signal<ReadonlySet<string>>;
  readonly bulk: Signal<BulkState>;
  readonly problems: Signal<readonly string[]>;
  /** The keys of the failures that were opened in this browser. */
  readonly opened: Signal<ReadonlySet<string>>;
  /** The tasks that need attention. */
  readonly attention: ReadonlySignal<readonly AttentionItem[]>;
  /** The number of tasks in each state. */
  readonly states: Signal<ReadonlyMap<string, number>>;
  /** The ids of the loaded tasks in display order. */
  readonly order: Signal<readonly string[]>;
  /** Whether there are more tasks after the loaded ones. */
  readonly more: Signal<boolean>;
  /** The offset of the first loaded task in the whole list. */
  readonly from: number;
  /** Returns the number of rows of a task: its own, and those of the subtasks that are shown below it. */
  rowsOf(this: void, id: string): number;
  /** The ids of parents of which the page does not know whether they exist. */
  readonly unknownParents: Signal<readonly string[]>;
  /** Notes the server's response about an unknown parent: the parent, or `null` if it does not exist. */
  resolveParent(id: string, parent: Parent | null): void;
  /**
   * Starts recording changes that arrive during a request. Call this method before the request; the changes are then
   * merged into its response.
   */
  recordChanges(): InterimChanges;
  /** Replaces the loaded tasks with a slice from the server. */
  show(slice: TaskSlice, interim: InterimChanges): void;
  /**
   * Appends a slice that continues the loaded part; the slice may overlap with the end of the loaded part.
   */
  extend(slice: TaskSlice, interim: InterimChanges): void;
  /** Takes the totals from a slice, and the subtasks that the page lacks. */
  count(slice: TaskSlice): void;
  /** Whether a task that has moved into the loaded part has subtasks that could be shown, but are not loaded. */
  lacksSubtasks(this: void, id: string): boolean;
  /** Whether the totals may be wrong and should be fetched again. */
  isUncertain(): boolean;
}

/** Guesses the previous record of a task whose end has just arrived: that it was running. */
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
  const sections = signal<ReadonlyMap<string, number>>(new Map());
  const tally = new TaskTally({ ...model, tasks: [...model.tasks, ...model.subtasks] });
  const counts = signal(tally.counts);
  const list = new LoadedList(listRules(model.query, model.now));
  const stateSums = new SectionTally();
  const attention = new AttentionBook(frame.coarseNow);
  const states = signal<ReadonlyMap<string, number>>(new Map());
  let interim: InterimChanges | null = null;

  /** Applies the newest record of a task. */
  function put(task: Task, moved: Set<string>): void {
    attention.note(task);
    stateSums.note(task, list.rules.matchesInAnyState(task) ? task.state : null);
    list.put(task, moved);
  }

  function applyTask(task: Task, isReplacement: boolean, moved: Set<string>): void {
    const before = isReplacement ? undefined : list.peek(task.id);
    if (before !== undefined && before.version > task.version) return;
    const hasEndedNow = tally.note(task);
    // Announce a change only if the task's previous version is known: the task was loaded, has just ended, or
    // was created after the page was rendered.
    if (before !== undefined || hasEndedNow || (!list.sums.knows(task.id) && task.created_at >= model.now)) {
      // A slice of the list that was loaded in the meantime may have shown the end of the task before the event
      // arrived.
      const isAhead = before === undefined || hasEnded(before);
      const milestone = milestoneBetween(isAhead && hasEndedNow ? running(task) : before, task);
      if (milestone !== null) options.onMilestone(milestone);
    }
    put(task, moved);
  }

  function unselect(ids: ReadonlySet<string>): void {
    const others = [...selected.peek()].filter((id) => !ids.has(id));
    if (others.length < selected.peek().size) selected.value = new Set(others);
  }

  function settle(): void {
    counts.value = tally.counts;
    sections.value = list.sums.totals;
    states.value = stateSums.totals;
  }

  function apply(changes: { tasks: ReadonlyMap<string, Task>; removed: ReadonlySet<string> }): void {
    batch(() => {
      const now = frame.now.peek();
      const moved = new Set<string>();
      const gone = new Set<string>();
      for (const id of changes.removed) {
        interim?.removed.add(id);
        interim?.tasks.delete(id);
        tally.remove(id);
        list.uncount(id, now);
        stateSums.remove(id, now);
        attention.remove(id);
        if (changes.tasks.has(id)) continue;
        list.remove(id, moved);
        gone.add(id);
      }
      unselect(gone);
      changes.tasks.forEach((task, id) => {
        applyTask(task, changes.removed.has(id), moved);
        interim?.tasks.set(id, task);
      });
      list.place(moved);
      settle();
    });
  }

  function recordChanges(): InterimChanges {
    list.sums.mark();
    stateSums.mark();
    return interim = { tasks: new Map(), removed: new Set() };
  }

  function count(slice: TaskSlice): void {
    const now = frame.now.peek();
    list.count(slice, interim?.removed ?? new Set(), now);
    stateSums.count(slice.states, now);
    attention.replace(slice.attention);
    interim?.tasks.forEach((task) => attention.note(task));
    settle();
    interim = null;
  }

  /** Adds subtasks of parents that have moved into the loaded part. */
  function complete({ subtasks }: TaskSlice): void {
    const moved = new Set<string>();
    for (const task of subtasks) {
      const isNew = (list.peek(task.id)?.version ?? -1) < task.version;
      if (isNew && !interim?.removed.has(task.id)) put(task, moved);
    }
    list.place(moved);
  }

  function load(how: "show" | "extend", slice: TaskSlice, since: InterimChanges): void {
    batch(() => {
      list[how](slice, since, frame.now.peek());
      query.value = slice.query;
      // Without a filter, the totals of the states also count the subtasks that are not loaded.
      const { active, ended } = tally.counts;
      const isWhole = list.isWhole && (isFiltered(slice.query) || list.size === active + ended);
      const knowsAll = isWhole && slice.query.state === "";
      stateSums[how === "show" ? "begin" : "add"](list.records(), knowsAll, (task) => task.state);
      count(slice);
      const moved = new Set<string>();
      since.tasks.forEach((task) => {
        if ((list.peek(task.id)?.version ?? -1) <= task.version) put(task, moved);
      });
      list.place(moved);
      settle();
    });
  }

  function replace(all: readonly Task[]): void {
    batch(() => {
      // After a restart of the server, versions may start again from 1, so these records replace older ones regardless
      // of their version.
      tally.replace(all);
      const slice = sliceOf(listedTasks(all), query.peek(), frame.now.peek(), {
        from: list.from,
        limit: all.length,
      });
      list.replaceKnown(all);
      load("show", slice, recordChanges());
      const wanted = new Set(all.map(({ id }) => id));
      unselect(new Set([...selected.peek()].filter((id) => !wanted.has(id))));
    });
  }

  load("show", model, recordChanges());
  const items = computed<readonly ListItem[]>(() => {
    const titles = headings(query.value);
    return listItems(
      list.order.value.map((id) => [list.rules.sectionOf(list.peek(id)!), id] as const),
      titles,
    );
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
    more: list.more,
    loading,
    selected,
    bulk,
    possible: computed(() => {
      // Reading the counts makes this run again when a task starts or ends.
      void counts.value;
      return possibleActions(
        [...selected.value].map((id) => list.peek(id)).filter((task) => task !== undefined),
      );
    }),
    page: model.page,
    pages: model.pages,
    commands: model.commands,
    gettingStarted: model.gettingStarted,
    hasStartForms: model.startable.length > 0,
    task: (id) => list.task(id),
    subtasksOf: (id) => list.subtasks.groupOf(id),
    folds: new Map(),
    parentName: ({ parent_id: parent }) => list.subtasks.nameOf(parent),
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
    attention: attention.items,
    order: list.order,
    more: list.more,
    get from() {
      return list.from;
    },
    rowsOf: (id) => list.rowsOf(id),
    unknownParents: list.unknown,
    resolveParent: (id, parent) =>
      batch(() => {
        list.resolve(id, parent);
        settle();
      }),
    recordChanges,
    show: (slice, since) => load("show", slice, since),
    extend: (slice, since) => load("extend", slice, since),
    count: (slice) =>
      batch(() => {
        complete(slice);
        count(slice);
      }),
    lacksSubtasks: (id) => list.subtasks.isIncomplete(id),
    isUncertain: () => list.sums.isUncertain || stateSums.isUncertain,
  };
}
