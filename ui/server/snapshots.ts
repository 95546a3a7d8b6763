/**
 * Creates views with constant values, for rendering on the server.
 *
 * @module
 */

import { concernOf, MAX_ATTENTION } from "../shared/attention.ts";
import { possibleActions } from "../shared/bulk_actions.ts";
import { listRules } from "../shared/list_rules.ts";
import { headings } from "../shared/list_slice.ts";
import type { ClientPageModel, PageFrame, TaskPageModel } from "../shared/model.ts";
import {
  type AttentionItem,
  type ClientView,
  type FrameView,
  listItems,
  type TaskView,
} from "../shared/view.ts";

/** Creates the view of the list page, with constant values. */
export function snapshotClientView(model: ClientPageModel): ClientView {
  const { tasks, activeTotal, endedTotal, query } = model;
  const shown = [...tasks, ...model.subtasks];
  const byId = new Map(shown.map((task) => [task.id, { value: task }]));
  const parents = new Map(model.parents.map((parent) => [parent.id, parent]));
  const below = Map.groupBy(model.subtasks, (task) => task.parent_id);
  const { sectionOf } = listRules(query, model.now);
  const placed = tasks.map((task) => [sectionOf(task), task.id] as const);
  return {
    ...snapshotFrameView(model),
    counts: { value: { active: activeTotal, ended: endedTotal, newer: 0 } },
    query: { value: query },
    problems: { value: model.problems },
    items: { value: listItems(placed, headings(query)) },
    sections: { value: new Map(model.sections.map(({ key, total }) => [key, total])) },
    attention: { value: attentionItems(model) },
    states: { value: new Map(model.states.map(({ key, total }) => [key, total])) },
    more: { value: model.from + tasks.length < model.matching },
    loading: { value: { kind: "no" } },
    selected: { value: new Set() },
    bulk: { value: { kind: "idle" } },
    possible: { value: possibleActions(shown) },
    page: model.page,
    pages: model.pages,
    commands: model.commands,
    gettingStarted: model.gettingStarted,
    hasStartForms: model.startable.length > 0,
    list: null,
    task: (id) => byId.get(id),
    subtasksOf: (id) => {
      const { total = 0, ended = 0 } = parents.get(id) ?? {};
      return { value: { ids: (below.get(id) ?? []).map((task) => task.id), total, ended } };
    },
    folds: new Map(),
    parentName: ({ parent_id: parent }) => parents.get(parent ?? "")?.name ?? null,
  };
}

function attentionItems({ attention, now }: ClientPageModel): AttentionItem[] {
  const limits = new Map(attention.limits.map((each) => [each.name, each]));
  return attention.tasks.flatMap((task) => {
    const concern = concernOf(task, now, limits.get(task.name));
    return concern === null ? [] : [{ task, concern }];
  }).slice(0, MAX_ATTENTION);
}

/** Creates the view of the task page, with constant values. */
export function snapshotTaskView(model: TaskPageModel): TaskView {
  const byId = new Map(model.subtasks.map((task) => [task.id, { value: task }]));
  return {
    ...snapshotFrameView(model),
    task: { value: model.task },
    removedAt: { value: model.removedAt },
    steps: { value: model.steps },
    progressHistory: { value: model.progressHistory },
    attempts: { value: model.attempts },
    parent: { value: model.parent },
    previous: { value: model.previous },
    next: { value: model.next },
    omitted: { value: model.omitted },
    subtasksOf: (id) => ({
      value: model.subtasks.filter((task) => task.parent_id === id).map((task) => task.id),
    }),
    subtask: (id) => byId.get(id),
  };
}

/** Creates the view that all pages have in common, with constant values. */
export function snapshotFrameView(frame: PageFrame): FrameView {
  return {
    frame,
    connection: { value: { kind: "snapshot", asOf: frame.now, over: null, reason: null } },
    now: { value: frame.now },
    coarseNow: { value: frame.now },
    scripted: { value: false },
    degradation: { value: frame.degradation },
    toast: { value: "" },
    announcement: { value: "" },
    actions: null,
  };
}
