/**
 * The state of the task page in the browser.
 *
 * @module
 */

import { batch, type Signal, signal } from "@preact/signals";
import type { HistoryEntry, LogLine, ProgressPoint, Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";
import type { LogPage } from "../../lib/task/wire.ts";
import { compareRuns, MAX_SUBTASKS, runLink } from "../shared/relations.ts";
import { milestoneBetween } from "../shared/milestones.ts";
import type { TaskLog, TaskPageModel } from "../shared/model.ts";
import { withProgressPoint } from "../shared/progress_history.ts";
import { LogFinder } from "./log_finder.ts";
import type { LogRequests } from "./log_requests.ts";
import { LogPages } from "./log_pages.ts";
import { createFrame, type LivePage, type LivePageOptions, type PendingChanges, setList } from "./state.ts";
import { type Step, stepsOf, withStep } from "../shared/steps.ts";
import { taskTitle } from "../shared/title.ts";
import type { TaskView } from "../shared/view.ts";

/** The live state of the task page. */
export interface LiveTaskPage extends LivePage {
  readonly view: TaskView;
  /** Adds log lines that were fetched, starting at {@linkcode LiveTaskPage.nextLogLine}. */
  addLog(page: LogPage, after: number): void;
  /** The number of the first log line that has to be fetched; `null` if none is missing. */
  nextLogLine(): number | null;
  /** Replaces the timeline with the server's history of the task. */
  setHistory(history: readonly HistoryEntry[]): void;
}

/** The maximum number of the newest log lines that are kept. */
const MAX_LOG_LINES = 1_000;

/** The options for creating the state of the task page. */
export interface TaskPageOptions extends LivePageOptions {
  readonly log: LogRequests;
}

/** Creates the live state of the task page. */
export function createTaskPage(model: TaskPageModel, options: TaskPageOptions): LiveTaskPage {
  const frame = createFrame(model, options.actions);
  const { id } = model.task;
  const task = signal(model.task);
  const removedAt = signal(model.removedAt);
  const log = signal<TaskLog>(model.log);
  const steps = signal<readonly Step[]>(model.steps);
  const progressHistory = signal<readonly ProgressPoint[]>(model.progressHistory);
  const attempts = signal(model.attempts);
  const parent = signal(model.parent);
  const previous = signal(model.previous);
  const next = signal(model.next);
  const subtasks = new Map<string, Signal<Task>>(
    model.subtasks.map((subtask) => [subtask.id, signal(subtask)]),
  );
  /** The ids of the direct subtasks, by the id of their parent. */
  const lists = new Map<string, Signal<readonly string[]>>();
  const logPages = new LogPages(options.log.lines);
  const logFinder = new LogFinder(options.log.search);

  function subtasksOf(parent: string): Signal<readonly string[]> {
    const known = lists.get(parent);
    if (known !== undefined) return known;
    const list = signal<readonly string[]>([]);
    lists.set(parent, list);
    return list;
  }

  function showTask(after: Task): void {
    const { lines, dropped, gone } = log.peek();
    const isAnother = after.created_at !== task.peek().created_at;
    // Log lines are dropped if another task has reused the id, or if the server crashed before it had stored
    // them.
    const kept = isAnother ? 0 : hasEnded(after) ? after.log_count : Infinity;
    if (kept < dropped) log.value = { lines: [], dropped: kept, gone: Math.min(gone, kept) };
    else if (kept < dropped + lines.length) {
      log.value = { lines: lines.slice(0, kept - dropped), dropped, gone };
    }
    if (isAnother) {
      logPages.clear();
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

  /** Shows a task among the attempts or as the next run, if it is one of them. */
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
    if (parent === null || (parent !== id && !subtasks.has(parent))) {
      // The id may have belonged to a subtask of this task before.
      subtasks.delete(after.id);
      return;
    }
    const known = subtasks.get(after.id);
    if (known === undefined) {
      if (subtasks.size < MAX_SUBTASKS) subtasks.set(after.id, signal(after));
    } else if (isReplacement || known.peek().version <= after.version) known.value = after;
  }

  /** Updates the lists of subtasks. They are in the order of creation, as on the server. */
  function settle(): void {
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
      for (const gone of subtasks.keys()) if (!wanted.has(gone)) subtasks.delete(gone);
      if (!wanted.has(id)) forget(id);
      // After a restart of the server, versions may start again from 1, so these records apply whatever their
      // version.
      for (const each of all) {
        if (each.id === id) showTask(each);
        else applyTask(each, true);
      }
      settle();
    });
  }

  function addLog(page: LogPage, after: number): void {
    const known = log.peek();
    const end = known.dropped + known.lines.length;
    const fresh: readonly LogLine[] = page.lines.slice(Math.max(0, end - page.first));
    // Lines may be missing before the fetched ones, because they came too fast or are no longer kept. Then
    // drop the lines before the gap: otherwise the log would look complete.
    const isGap = page.first > end;
    const lines = [...isGap ? [] : known.lines, ...fresh].slice(-MAX_LOG_LINES);
    const dropped = Math.max(end, page.first) + fresh.length - lines.length;
    log.value = { lines, dropped, gone: page.first > after ? page.first : known.gone };
    logFinder.grew(dropped + lines.length);
  }

  function nextLogLine(): number | null {
    const end = log.value.dropped + log.value.lines.length;
    const count = task.value.log_count;
    // No more lines are fetched than the page keeps.
    return count > end ? Math.max(end, count - MAX_LOG_LINES) : null;
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
    log,
    attempts,
    parent,
    previous,
    next,
    omitted: model.omitted,
    subtasksOf,
    subtask: (subtask) => subtasks.get(subtask),
    logPages,
    logFinder,
  };
  return { view, frame, apply, replace, title: () => taskTitle(task.value), addLog, nextLogLine, setHistory };
}
