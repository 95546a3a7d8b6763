/**
 * Keeps track of which tasks are below which others in a list, although most of them may not be loaded.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import {
  type Ancestor,
  compareUrgency,
  isNested,
  MAX_LEVELS,
  MAX_SIBLINGS,
  type Parent,
} from "../shared/nesting.ts";
import { compareRuns } from "../shared/relations.ts";
import type { SubtaskGroup } from "../shared/view.ts";

/** A task that exists. */
interface Known extends Ancestor {
  readonly name: string;
}

/** How a subtask is counted: below which parent, and whether as an ended one. */
interface Counted {
  readonly parent: string;
  readonly hasEnded: boolean;
}

/** The maximum number of subtasks that a page shows in all parts of its list. */
const MAX_SHOWN = 2_000;
/** The maximum number of ids of nonexistent tasks to remember. */
const MAX_ABSENT = 10_000;
const EMPTY: SubtaskGroup = { ids: [], total: 0, ended: 0 };

/** The subtasks of a list. */
export class SubtaskBook {
  readonly #record: (id: string) => Task | undefined;
  /** The tasks that are known to exist. */
  readonly #known = new Map<string, Known>();
  /** The ids of the known subtasks of each task. */
  readonly #children = new Map<string, Set<string>>();
  /** The ids of parents that are known not to exist. */
  readonly #absent = new Set<string>();
  readonly #groups = new Map<string, Signal<SubtaskGroup>>();
  /** When the server counted the subtasks of a parent, in epoch seconds. */
  readonly #countedAt = new Map<string, number>();
  /** How each known task is counted; `null` if it is not counted. */
  readonly #counted = new Map<string, Counted | null>();
  /** The parent of each subtask that is shown. */
  readonly #shown = new Map<string, string>();

  /** @param record returns the record of a task that is loaded */
  constructor(record: (id: string) => Task | undefined) {
    this.#record = record;
  }

  /** The subtasks below a task. */
  groupOf(id: string): Signal<SubtaskGroup> {
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    const group = signal(EMPTY);
    this.#groups.set(id, group);
    return group;
  }

  /** The subtasks below a task at present. */
  peek(id: string): SubtaskGroup {
    return this.#groups.get(id)?.peek() ?? EMPTY;
  }

  /** Whether a task has subtasks that are not shown, although there is room for them. */
  isIncomplete(id: string): boolean {
    const { ids, total } = this.peek(id);
    return ids.length < Math.min(total, MAX_SIBLINGS) && this.#shown.size < MAX_SHOWN;
  }

  /** The name of a task; `null` if the name is not known. */
  nameOf(id: string | null): string | null {
    return id === null ? null : this.#known.get(id)?.name ?? null;
  }

  /** Whether a subtask is shown below its parent. */
  isShown(id: string): boolean {
    return this.#shown.has(id);
  }

  /**
   * Whether a task belongs below its parent, shown or not; `undefined` if it is not known whether the parent exists.
   */
  isNested(task: Task): boolean | undefined {
    const { parent_id: parent } = task;
    if (parent === null || this.#absent.has(parent)) return false;
    return this.#known.has(parent) ? isNested(task, (id) => this.#known.get(id)) : undefined;
  }

  /** Notes that a task exists, and returns whether that can move its subtasks. */
  learn(task: Task): boolean {
    const before = this.#known.get(task.id);
    const isEnded = hasEnded(task);
    this.#known.set(task.id, { name: task.name, parent_id: task.parent_id, hasEnded: isEnded });
    this.#absent.delete(task.id);
    if (task.parent_id !== null) {
      const siblings = this.#children.get(task.parent_id);
      if (siblings === undefined) this.#children.set(task.parent_id, new Set([task.id]));
      else siblings.add(task.id);
    }
    return before?.hasEnded !== isEnded;
  }

  /** Notes that a parent exists. */
  meet({ id, name, hasEnded }: Parent): void {
    this.#absent.delete(id);
    if (!this.#known.has(id)) this.#known.set(id, { name, parent_id: null, hasEnded });
  }

  /** Notes how many subtasks a parent has, as the server counted at the time `now`, in epoch seconds. */
  learnParent(parent: Parent, now: number): void {
    const { id, total, ended } = parent;
    this.meet(parent);
    const group = this.groupOf(id);
    group.value = { ...group.peek(), total, ended };
    this.#countedAt.set(id, now);
  }

  /** Whether a task is known to exist. */
  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Whether the page knows if a task exists or not. */
  knows(id: string): boolean {
    return this.#known.has(id) || this.#absent.has(id);
  }

  /** The ids of the known subtasks of a task, shown or not. */
  childrenOf(id: string): readonly string[] {
    return [...this.#children.get(id) ?? []];
  }

  /** Forgets which tasks exist. */
  reset(): void {
    this.#known.clear();
    this.#children.clear();
    this.#absent.clear();
  }

  /** Notes that a parent does not exist. */
  miss(id: string): void {
    const parent = this.#known.get(id)?.parent_id ?? "";
    const siblings = this.#children.get(parent);
    if (siblings?.delete(id) && siblings.size === 0) this.#children.delete(parent);
    this.#known.delete(id);
    this.#absent.add(id);
    const [oldest] = this.#absent;
    if (this.#absent.size > MAX_ABSENT && oldest !== undefined) this.#absent.delete(oldest);
  }

  /** Notes how a loaded task is counted; the server's numbers already include it. */
  take(task: Task): void {
    this.#counted.set(task.id, this.#countOf(task));
  }

  /** Counts a new version of a task. */
  count(task: Task): void {
    const before = this.#counted.get(task.id);
    const after = this.#countOf(task);
    this.#counted.set(task.id, after);
    this.#add(before === undefined ? this.#guess(task) : before, -1);
    this.#add(after, 1);
  }

  /** Stops counting a removed task. */
  uncount(id: string): void {
    this.#add(this.#counted.get(id) ?? null, -1);
    this.#counted.delete(id);
  }

  /**
   * Shows a subtask below its parent, if there is room.
   *
   * @param task the subtask
   * @param onHidden called with the id of the less urgent subtask that is hidden to make room
   * @returns whether the subtask is shown
   */
  show(task: Task, onHidden: (id: string) => void): boolean {
    const parent = task.parent_id!;
    const shownBelow = this.#shown.get(task.id);
    if (shownBelow === parent) return true;
    if (shownBelow !== undefined) this.hide(task.id);
    if (this.#record(parent) === undefined || this.#levelOf(parent) >= MAX_LEVELS) return false;
    const group = this.groupOf(parent);
    const siblings = group.peek().ids.map(this.#record).filter((each) => each !== undefined);
    if (siblings.length >= MAX_SIBLINGS) {
      const last = siblings.reduce((last, each) => compareUrgency(last, each) < 0 ? each : last);
      if (compareUrgency(task, last) > 0) return false;
      onHidden(last.id);
      siblings.splice(siblings.indexOf(last), 1);
    } else if (this.#shown.size >= MAX_SHOWN) return false;
    this.#shown.set(task.id, parent);
    group.value = { ...group.peek(), ids: [...siblings, task].sort(compareRuns).map(({ id }) => id) };
    return true;
  }

  /** Hides a subtask; its own subtasks have to be hidden first. */
  hide(id: string): void {
    const parent = this.#shown.get(id);
    if (parent === undefined) return;
    this.#shown.delete(id);
    const group = this.groupOf(parent);
    group.value = { ...group.peek(), ids: group.peek().ids.filter((each) => each !== id) };
  }

  /** Forgets the subtasks of a task that was removed. */
  forget(id: string): void {
    this.#groups.delete(id);
    this.#countedAt.delete(id);
  }

  /** Forgets which subtasks are shown, and the numbers of subtasks. */
  clear(): void {
    this.#shown.clear();
    this.#countedAt.clear();
    this.#counted.clear();
    for (const group of this.#groups.values()) group.value = EMPTY;
  }

  /** The number of ancestors of a task that are shown above it. */
  #levelOf(id: string): number {
    let level = 0;
    for (let each = this.#shown.get(id); each !== undefined; each = this.#shown.get(each)) level++;
    return level;
  }

  #countOf(task: Task): Counted | null {
    return this.isNested(task) === true ? { parent: task.parent_id!, hasEnded: hasEnded(task) } : null;
  }

  /** Guesses how the server's numbers include a task of which the page had no record. */
  #guess(task: Task): Counted | null {
    const parent = task.parent_id ?? "";
    const at = this.#countedAt.get(parent);
    if (at === undefined || task.created_at > at) return null;
    const wasEnded = hasEnded(task) && (task.finished_at ?? 0) <= at;
    return this.#known.get(parent)?.hasEnded && !wasEnded ? null : { parent, hasEnded: wasEnded };
  }

  #add(counted: Counted | null, by: 1 | -1): void {
    if (counted === null) return;
    const group = this.groupOf(counted.parent);
    const { ids, total, ended } = group.peek();
    group.value = {
      ids,
      total: Math.max(0, total + by),
      ended: Math.max(0, ended + (counted.hasEnded ? by : 0)),
    };
  }
}
