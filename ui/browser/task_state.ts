/**
 * The state of the task page in the browser.
 *
 * @module
 */

import { batch, type Signal, signal } from "@preact/signals";
import type { HistoryEntry, ProgressPoint, Task } from "../../lib/task/task.ts";
import { compareRuns, MAX_SUBTASKS, runLink } from "../shared/relations.ts";
import { milestoneBetween } from "../shared/milestones.ts";
import type { TaskPageModel } from "../shared/model.ts";
import { withProgressPoint } from "../shared/progress_history.ts";
import { createFrame, type LivePage, type LivePageOptions, type PendingChanges, setList } from "./state.ts";
import { type Step, stepsOf, withStep } from "../shared/steps.ts";
import { taskTitle } from "../shared/title.ts";
import type { TaskView } from "../shared/view.ts";

/** The live state of the task page. */
export interface LiveTaskPage extends LivePage {
  readonly view: TaskView;
  /** Replaces the timeline with the server's history of the task. */
  setHistory(history: readonly HistoryEntry[]): void;
}

/** Creates the live state of the task page. */
export function createTaskPage(model: TaskPageModel, options: LivePageOptions): LiveTaskPage {
  const frame = createFrame(model, options.actions);
  const { id } = model.task;
  const task = signal(model.task);
  const removedAt = signal(model.removedAt);
  const steps = signal<readonly Step[]>(model.steps);
  const progressHistory = signal<readonly ProgressPoint[]>(model.progressHistory);
  const attempts = signal(model.attempts);
  const parent = signal(model.parent);
  const previous = signal(model.previous);
  const next = signal(model.next);
  const subtasks = new Map<string, Signal<Task>>(
    model.subtasks.map((subtask) => [subtask.id, signal(subtask)]),
  );
  /** The number of subtasks that the server left out, and whose ids the page does not know. */
  let unnamed = model.omitted;
  /** The ids of the subtasks for which the page had no room. */
  const unshown = new Set<string>();
  const omitted = signal(model.omitted);
  /** The ids of the direct subtasks, by the id of their parent. */
  const lists = new Map<string, Signal<readonly string[]>>();

  function subtasksOf(parent: string): Signal<readonly string[]> {
    const known = lists.get(parent);
    if (known !== undefined) return known;
    const list = signal<readonly string[]>([]);
    lists.set(parent, list);
    return list;
  }

  function showTask(after: Task): void {
    // Another task may have reused the id.
    if (after.created_at !== task.peek().created_at) {
      steps.value = [];
      progressHistory.value = [];
    }
    steps.value = withStep(steps.peek(), after);
    if (after.progress !== null) {
      progressHistory.value = withProgressPoint(
        progressHistory.peek(),
        after.finished_at ?? after.updated_at,
        after.progress,
      );
    }
    task.value = after;
    removedAt.value = null;
  }

  /** Shows a task among the attempts or as the next run, if it is an attempt or the next run. */
  function showRun(after: Task): void {
    const link = runLink(after);
    const known = attempts.peek();
    const all = known.length === 0 ? [runLink(task.peek())] : known;
    if (all.some((other) => other.id === after.id || other.id === after.retry_of)) {
      const others = all.filter((other) => other.id !== after.id);
      if (others.length > 0) {
        attempts.value = [...others, link].sort((left, right) => left.attempt - right.attempt);
      }
    }
    if (after.name !== task.peek().name || after.id === id) return;
    if (next.peek() === null && compareRuns(after, task.peek()) > 0) next.value = { id: after.id };
  }

  function applyTask(after: Task, isReplacement: boolean): void {
    if (after.id === id) {
      const before = isReplacement ? undefined : task.peek();
      if (before !== undefined && before.version > after.version) return;
      const milestone = milestoneBetween(before, after);
      if (milestone !== null) options.onMilestone(milestone);
      showTask(after);
      if (attempts.peek().length > 0) showRun(after);
      return;
    }
    showRun(after);
    const { parent_id: parent } = after;
    if (parent === null || (parent !== id && !subtasks.has(parent) && !unshown.has(parent))) {
      // The id may have belonged to a subtask of this task before.
      subtasks.delete(after.id);
      unshown.delete(after.id);
      return;
    }
    const known = subtasks.get(after.id);
    if (known === undefined) {
      const isUnnamed = unnamed > 0 && !unshown.has(after.id) && after.created_at <= model.now;
      if (subtasks.size < MAX_SUBTASKS) {
        if (isUnnamed) unnamed--;
        unshown.delete(after.id);
        subtasks.set(after.id, signal(after));
      } else if (!isUnnamed) unshown.add(after.id);
    } else if (isReplacement || known.peek().version <= after.version) known.value = after;
  }

  /** Updates the lists of subtasks. Subtasks are in the order of their creation, as on the server. */
  function settle(): void {
    omitted.value = unnamed + unshown.size;
    const ids = new Map<string, string[]>();
    for (const subtask of [...subtasks.values()].map((each) => each.peek()).sort(compareRuns)) {
      const list = ids.get(subtask.parent_id ?? "");
      if (list === undefined) ids.set(subtask.parent_id ?? "", [subtask.id]);
      else list.push(subtask.id);
    }
    ids.forEach((list, parent) => setList(subtasksOf(parent), list));
    lists.forEach((list, parent) => !ids.has(parent) && setList(list, []));
  }

  function forget(gone: string): void {
    subtasks.delete(gone);
    unshown.delete(gone);
    if (gone === id) removedAt.value ??= frame.now.peek();
    else if (attempts.peek().some((other) => other.id === gone)) {
      attempts.value = attempts.peek().filter((other) => other.id !== gone);
    }
    for (const neighbour of [parent, previous, next]) {
      if (neighbour.peek()?.id === gone) neighbour.value = null;
    }
  }

  function apply(changes: PendingChanges): void {
    batch(() => {
      for (const gone of changes.removed) if (!changes.tasks.has(gone)) forget(gone);
      changes.tasks.forEach((after) => applyTask(after, changes.removed.has(after.id)));
      settle();
    });
  }

  function replace(all: readonly Task[]): void {
    const wanted = new Set(all.map((each) => each.id));
    batch(() => {
      const neighbours = [parent, previous, next].flatMap((each) => each.peek()?.id ?? []);
      // A visitor of a single task receives only this task, so nothing is known about its neighbours.
      const others = model.visitor.seesOneTask
        ? []
        : [...attempts.peek().map((each) => each.id), ...neighbours];
      for (const known of [...subtasks.keys(), ...others, id]) if (!wanted.has(known)) forget(known);
      unnamed = 0;
      unshown.clear();
      // After a restart of the server, versions may start again from 1, so these records replace older ones regardless
      // of their version.
      for (const each of all) {
        if (each.id === id) showTask(each);
        else applyTask(each, true);
      }
      settle();
    });
  }

  function setHistory(history: readonly HistoryEntry[]): void {
    if (history.length === 0) return;
    steps.value = withStep(stepsOf(history), task.peek());
  }

  settle();
  const view: TaskView = {
    ...frame,
    task,
    removedAt,
    steps,
    progressHistory,
    attempts,
    parent,
    previous,
    next,
    omitted,
    subtasksOf,
    subtask: (subtask) => subtasks.get(subtask),
  };
  return { view, frame, apply, replace, title: () => taskTitle(task.value), setHistory };
}
