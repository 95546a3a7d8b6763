/**
 * The loaded part of a list in the browser: its rows in their order, and the subtasks below them.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { Task, TaskSummary } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import { type ListRules, listRules } from "../shared/list_rules.ts";
import { MAX_ASKED, type TaskSlice } from "../shared/list_slice.ts";
import { nests, type Parent } from "../shared/nesting.ts";
import { SectionTally } from "./section_tally.ts";
import { SubtaskBook } from "./subtask_book.ts";
import { WaitingSubtasks } from "./waiting_subtasks.ts";

/** The changes that arrived while a request was in flight. */
export interface InterimChanges {
  readonly tasks: Map<string, Task>;
  readonly removed: Set<string>;
}

/** The loaded tasks of a list. Each has a signal of its own. */
export class LoadedList {
  /** The ids of the tasks that have a row of their own, in display order. */
  readonly order: Signal<readonly string[]> = signal<readonly string[]>([]);
  /** Whether there are more tasks after the loaded ones. */
  readonly more: Signal<boolean> = signal(false);
  /**
   * The ids of parents of which the page does not know whether they exist. The subtasks of these parents are not shown
   * until the page knows.
   */
  readonly unknown: Signal<readonly string[]> = signal<readonly string[]>([]);
  /** The totals of the sections. */
  readonly sums: SectionTally = new SectionTally();
  readonly subtasks: SubtaskBook = new SubtaskBook((id) => this.peek(id));
  #tasks = new Map<string, Signal<Task>>();
  /** The tasks of the previous list, whose signals are reused. */
  #earlier: ReadonlyMap<string, Signal<Task>> = new Map();
  readonly #waiting = new WaitingSubtasks();
  #rules: ListRules;
  #nests = false;
  #from = 0;
  /** When the list was shown, in epoch seconds. */
  #loadedAt = 0;
  /**
   * The first and the last loaded task, or `null` if none is loaded. Tasks before the first or after the last one are
   * not shown.
   */
  #first: Task | null = null;
  #last: Task | null = null;

  /** @param rules the rules of the list until the first slice is shown */
  constructor(rules: ListRules) {
    this.#rules = rules;
  }

  get rules(): ListRules {
    return this.#rules;
  }

  /** The offset of the first loaded task in the whole list. */
  get from(): number {
    return this.#from;
  }

  /** The number of loaded tasks, subtasks included. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Whether all tasks of the list that have a row of their own are loaded. */
  get isWhole(): boolean {
    return this.#from === 0 && !this.more.peek();
  }

  /** The number of rows of a task: its own, and those of the subtasks below it, unless they are collapsed at first. */
  rowsOf(id: string): number {
    const task = this.peek(id);
    if (task === undefined || hasEnded(task)) return 1;
    return this.subtasks.peek(id).ids.reduce((rows, child) => rows + this.rowsOf(child), 1);
  }

  /** The records of all loaded tasks. */
  records(): Task[] {
    return Array.from(this.#tasks.values(), (task) => task.peek());
  }

  /** Replaces the set of tasks that are known to exist with all tasks of the client. */
  replaceKnown(all: readonly Task[]): void {
    this.subtasks.reset();
    for (const task of all) this.subtasks.learn(task);
  }

  /** The signal of a loaded task. */
  task(id: string): Signal<Task> | undefined {
    return this.#tasks.get(id);
  }

  /** The record of a loaded task. */
  peek(id: string): Task | undefined {
    return this.#tasks.get(id)?.peek();
  }

  /** Replaces the loaded tasks. */
  show(slice: TaskSlice, since: InterimChanges, now: number): void {
    this.#rules = listRules(slice.query, now);
    this.#nests = nests(slice.query);
    this.#from = slice.from;
    this.#loadedAt = now;
    this.#first = slice.from > 0 ? slice.tasks[0] ?? null : null;
    this.subtasks.clear();
    this.#waiting.clear();
    this.unknown.value = [];
    this.#earlier = this.#tasks;
    this.#tasks = new Map();
    this.order.value = [];
    this.#load("begin", slice, since, now);
    this.#earlier = new Map();
  }

  /** Appends a slice that continues the loaded part. */
  extend(slice: TaskSlice, since: InterimChanges, now: number): void {
    this.#load("add", slice, since, now);
  }

  /** Stores the tasks of a slice, except for tasks that were removed since the slice was requested. */
  #load(how: "begin" | "add", slice: TaskSlice, since: InterimChanges, now: number): void {
    const { more, subtasks } = this;
    const end = slice.from + slice.tasks.length;
    more.value = end < slice.matching;
    this.#last = more.value ? slice.tasks.at(-1) ?? this.#last : null;
    const records = [...slice.tasks, ...slice.subtasks].filter(({ id, version }) =>
      !since.removed.has(id) && (this.peek(id)?.version ?? -1) < version
    );
    for (const task of records) subtasks.learn(task);
    for (const parent of slice.parents) if (!since.removed.has(parent.id)) subtasks.learnParent(parent, now);
    for (const id of since.removed) subtasks.miss(id);
    for (const { parent_id: parent } of slice.tasks) {
      if (parent !== null && !subtasks.knows(parent)) subtasks.miss(parent);
    }
    const moved = new Set<string>();
    const nested = new Set<string>();
    for (const task of records) {
      subtasks.take(task);
      if (this.#isNested(task)) {
        nested.add(task.id);
        if (subtasks.show(task, (id) => this.#drop(id, moved))) this.#store(task, moved);
        else this.#wait(task, task.parent_id!);
      } else if (this.#belongs(task)) {
        moved.add(task.id);
        this.#store(task, moved);
      }
    }
    this.place(moved);
    const sectionOf = (task: TaskSummary) => nested.has(task.id) ? null : this.#rules.sectionOf(task);
    this.sums[how](records.filter(({ id }) => nested.has(id) || moved.has(id)), this.isWhole, sectionOf);
  }

  /** Takes the totals from a slice, and the numbers of subtasks of the parents that still exist. */
  count(slice: TaskSlice, removed: ReadonlySet<string>, now: number): void {
    this.sums.count(slice.sections, now);
    for (const parent of slice.parents) if (!removed.has(parent.id)) this.subtasks.learnParent(parent, now);
    // If a parent was removed, its subtasks are listed alone now, although they were never loaded.
    const isWhole = this.#from + this.order.peek().length >= slice.matching;
    if (!isWhole && !this.sums.isUncertain) this.more.value = true;
  }

  /**
   * Applies the newest record of a task.
   *
   * @param task the record
   * @param moved receives the ids of the tasks that {@linkcode place} has to place
   */
  put(task: Task, moved: Set<string>): void {
    const { subtasks } = this;
    const mayMoveOthers = subtasks.learn(task);
    const isLoaded = this.#tasks.has(task.id);
    this.#settle(task, moved);
    // A task that has moved into the loaded part may have subtasks, which this page has not counted.
    const hasMovedIn = !isLoaded && this.#tasks.has(task.id) && !subtasks.isShown(task.id);
    if (hasMovedIn && task.created_at < this.#loadedAt && this.#nests) this.sums.doubt();
    if (mayMoveOthers && this.#nests) this.#settleBelow(task.id, moved);
  }

  /** Stops counting a task that was removed, and possibly created again. */
  uncount(id: string, now: number): void {
    this.sums.remove(id, now);
    this.subtasks.uncount(id);
  }

  /** Removes a task. The subtasks of the removed task are then listed alone. */
  remove(id: string, moved: Set<string>): void {
    const { subtasks } = this;
    subtasks.miss(id);
    if (subtasks.isShown(id)) subtasks.hide(id);
    else if (this.#tasks.has(id)) moved.add(id);
    this.#tasks.delete(id);
    this.#settleBelow(id, moved);
    subtasks.forget(id);
  }

  /**
   * Notes whether an unknown parent exists.
   *
   * @param id the id of the parent
   * @param parent the parent, as the server described it; `null` if it does not exist
   */
  resolve(id: string, parent: Parent | null): void {
    if (parent !== null) this.subtasks.meet(parent);
    else if (!this.subtasks.has(id)) this.subtasks.miss(id);
    this.unknown.value = this.unknown.peek().filter((each) => each !== id);
    const moved = new Set<string>();
    this.#settleBelow(id, moved);
    this.place(moved);
  }

  /** Merges new and moved tasks into the display order, and drops the ids of tasks that no longer have a row. */
  place(moved: ReadonlySet<string>): void {
    if (moved.size === 0) return;
    const { compare } = this.#rules;
    const fresh = [...moved].filter((id) => !this.subtasks.isShown(id)).map((id) => this.peek(id))
      .filter((task) => task !== undefined).sort(compare);
    const merged: string[] = [];
    let next = 0;
    for (const id of this.order.peek()) {
      const task = moved.has(id) ? undefined : this.peek(id);
      if (task === undefined) continue;
      while (next < fresh.length && compare(fresh[next]!, task) < 0) merged.push(fresh[next++]!.id);
      merged.push(id);
    }
    // The array is always new: a task may move to another section without changing its position.
    this.order.value = [...merged, ...fresh.slice(next).map(({ id }) => id)];
  }

  /**
   * Places the subtasks of a task that has appeared, ended or been removed. Rows of subtasks outside their parent show
   * its name while it exists.
   */
  #settleBelow(id: string, moved: Set<string>): void {
    this.#release(id, moved);
    const { ids, total } = this.subtasks.peek(id);
    if (total > ids.length) this.sums.doubt();
    for (const child of this.subtasks.childrenOf(id)) {
      const task = this.peek(child);
      if (task !== undefined) this.#settle({ ...task }, moved);
      else if (!this.#waiting.has(child, id)) this.sums.doubt(child);
    }
  }

  /** Puts a task into its row, below its parent, or nowhere. */
  #settle(task: Task, moved: Set<string>): void {
    const { id, parent_id: parent } = task;
    const { subtasks, sums } = this;
    const known = this.peek(id);
    const wasShown = subtasks.isShown(id);
    const isNested = this.#isNested(task);
    subtasks.count(task);
    sums.note(task, !isNested && this.#rules.matches(task) ? this.#rules.sectionOf(task) : null);
    if (parent !== null) this.#waiting.delete(id, parent);
    if (isNested && subtasks.show(task, (other) => this.#drop(other, moved))) {
      if (known !== undefined && !wasShown) moved.add(id);
      this.#store(task, moved);
    } else if (!isNested && this.#belongs(task)) {
      if (wasShown) subtasks.hide(id);
      if (known === undefined || wasShown || this.#rules.compare(known, task) !== 0) moved.add(id);
      this.#store(task, moved);
    } else {
      if (known !== undefined) this.#drop(id, moved);
      if (isNested) this.#wait(task, parent!);
    }
  }

  /**
   * Stores a task's record. A task that reuses an id also reuses its signal, because a row subscribes to the signal.
   */
  #store(task: Task, moved: Set<string>): void {
    const { id } = task;
    const isNew = !this.#tasks.has(id);
    const known = this.#tasks.get(id) ?? this.#earlier.get(id) ?? signal(task);
    known.value = task;
    this.#tasks.set(id, known);
    if (isNew) this.#release(id, moved);
  }

  /** Remembers a subtask until its parent is loaded, or is known not to exist. */
  #wait(task: Task, parent: string): void {
    if (!this.#tasks.has(parent)) this.#waiting.add(task, parent);
  }

  /** Places the subtasks that have waited for a parent. */
  #release(parent: string, moved: Set<string>): void {
    for (const task of this.#waiting.take(parent)) if (this.subtasks.has(task.id)) this.#settle(task, moved);
  }

  /**
   * Drops a task and the subtasks that are shown below it. The subtasks are kept in case their parent is loaded again.
   */
  #drop(id: string, moved: Set<string>): void {
    const below = this.subtasks.peek(id).ids.map((child) => this.peek(child)!);
    if (this.subtasks.isShown(id)) this.subtasks.hide(id);
    else moved.add(id);
    this.#tasks.delete(id);
    for (const child of below) {
      this.#drop(child.id, moved);
      this.#wait(child, id);
    }
  }

  #belongs(task: Task): boolean {
    const { matches, compare } = this.#rules;
    return matches(task) && (this.#first === null || compare(this.#first, task) <= 0) &&
      (this.#last === null || compare(task, this.#last) <= 0);
  }

  /**
   * Whether a task belongs below its parent. While the page does not know whether the parent exists, the task is not
   * shown at all.
   */
  #isNested(task: Task): boolean {
    const isNested = this.subtasks.isNested(task);
    const unknown = this.unknown.peek();
    if (isNested === undefined && unknown.length < MAX_ASKED && !unknown.includes(task.parent_id!)) {
      this.unknown.value = [...unknown, task.parent_id!];
    }
    return this.#nests && isNested !== false;
  }
}
