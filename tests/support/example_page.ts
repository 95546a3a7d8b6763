/**
 * Example data of the list page and of the task page, for tests.
 *
 * @module
 */

import type { Task } from "../../lib/task/task.ts";
import type { PageFrame, TaskPageModel } from "../../ui/shared/model.ts";
import type { PageActions } from "../../ui/shared/view.ts";
import { EXAMPLE_TIME } from "./example_task.ts";

/** A visitor of a server without a key, who may do everything. */
export const EVERYBODY: PageFrame["visitor"] = {
  mayChange: true,
  mayOpenSockets: true,
  seesOneTask: false,
  mayShare: false,
  isSignedIn: false,
  needsKey: false,
};

/** The data that all pages have in common. */
export const EXAMPLE_FRAME: PageFrame = {
  basePath: "",
  origin: "http://127.0.0.1:8000",
  version: "1",
  client: "default",
  visitor: EVERYBODY,
  cursor: "e:1",
  now: EXAMPLE_TIME,
  assets: { script: "/s.js", style: "/s.css" },
  degradation: null,
  undoSeconds: 5,
  notice: null,
};

/** Handlers of the page's buttons that do nothing. */
export const NO_ACTIONS: PageActions = {
  cancel: () => Promise.resolve(),
  held: { value: new Set() },
  undoCancel: () => {},
  remove: () => Promise.resolve(),
  restore: () => Promise.resolve(),
  retry: () => Promise.resolve(),
  copy: () => Promise.resolve(),
};

/** Returns the page of a task without relations, log and history; `over` replaces fields of the page. */
export function taskPageModel(task: Task, over: Partial<TaskPageModel> = {}): TaskPageModel {
  return {
    ...EXAMPLE_FRAME,
    task,
    removedAt: null,
    steps: [],
    progressHistory: [],
    log: { lines: [], dropped: 0, gone: 0 },
    subtasks: [],
    omitted: 0,
    attempts: [],
    parent: null,
    previous: null,
    next: null,
    ...over,
  };
}
