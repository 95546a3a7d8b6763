/**
 * What the components read. Every value that may change is a {@linkcode Readable}: a plain constant on the server, a
 * signal in the browser, where reading it subscribes the component. So the components know nothing of either.
 *
 * @module
 */

import type { JsonValue, Task } from "../lib/task.ts";
import { hasEnded } from "../lib/task_view.ts";
import type { LogPage } from "../lib/wire.ts";
import type { Neighbour, RunLink } from "./kin.ts";
import type { ClientPageModel, PageFrame, StartableTask, TaskLog, TaskPageModel } from "./model.ts";
import type { TransportName } from "./transports.ts";
import type { SeriesPoint } from "./series.ts";
import type { Step } from "./timeline.ts";

/** A value that may change. */
export interface Readable<T> {
  readonly value: T;
}

/** How the page hears of changes. `closing` is live until the server ends. `asOf` is the last time at which what it shows was surely current, in epoch seconds. */
export interface ConnectionState {
  readonly kind: "snapshot" | "connecting" | "live" | "closing" | "reconnecting" | "stopped";
  readonly asOf: number;
  /** The way by which it is live, or was last; `null` before. */
  readonly over: TransportName | null;
  /** Why it is not live, where there is more to say. */
  readonly reason: string | null;
}

/** What people can do on the page with JavaScript. Each rejects with an error whose message is for them. */
export interface PageActions {
  /** Starts a registered task and gives the new task's id. */
  start(name: string, args: readonly JsonValue[]): Promise<string>;
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Takes a removal back that is a few seconds old at most. */
  restore(id: string): Promise<void>;
  /** Starts a task once more and goes to the new one. */
  retry(id: string): Promise<void>;
  /** The lines of a task's log before one, so many at most. */
  logBefore(id: string, before: number, limit: number): Promise<LogPage>;
  copy(text: string): Promise<void>;
}

/** What every page reads. */
export interface FrameView {
  readonly frame: PageFrame;
  readonly connection: Readable<ConnectionState>;
  /** The server's clock in epoch seconds. Stands still while the page is not live. */
  readonly now: Readable<number>;
  /** The same, but moving only every ten seconds: for what is written coarsely anyway. */
  readonly coarseNow: Readable<number>;
  /** Whether the page's script runs: times are local then, and there are buttons to copy. */
  readonly scripted: Readable<boolean>;
  /** Why the server can't store anything at present; `null` where it can. */
  readonly trouble: Readable<string | null>;
  /** What is shown for a few seconds; empty most of the time. */
  readonly news: Readable<string>;
  /** What the live region says. */
  readonly announcement: Readable<string>;
  /** `null` without JavaScript: forms are then sent as forms. */
  readonly actions: PageActions | null;
}

/** How many tasks a client has. */
export interface TaskCounts {
  readonly active: number;
  readonly ended: number;
  /** Tasks that were created since and belong on an earlier page. */
  readonly newer: number;
}

/** What the page of a client reads. */
export interface ClientView extends FrameView {
  readonly active: Readable<readonly string[]>;
  readonly ended: Readable<readonly string[]>;
  readonly counts: Readable<TaskCounts>;
  readonly page: number;
  readonly pages: number;
  readonly startable: readonly StartableTask[];
  task(id: string): Readable<Task> | undefined;
}

/** What the page of one task reads. */
export interface TaskView extends FrameView {
  readonly task: Readable<Task>;
  /** When the task was removed, in epoch seconds; `null` while it is there. */
  readonly removedAt: Readable<number | null>;
  /** How long it can be had back from then on, in seconds. */
  readonly undoSeconds: number;
  readonly steps: Readable<readonly Step[]>;
  readonly series: Readable<readonly SeriesPoint[]>;
  readonly log: Readable<TaskLog>;
  readonly attempts: Readable<readonly RunLink[]>;
  readonly previous: Readable<Neighbour | null>;
  readonly next: Readable<Neighbour | null>;
  /** How many of its parts are left out. */
  readonly omitted: number;
  /** The ids of the parts of this task, or of one of its parts. */
  partsOf(id: string): Readable<readonly string[]>;
  part(id: string): Readable<Task> | undefined;
  /** Adds older lines to the log; `null` without JavaScript. */
  readonly loadOlder: (() => Promise<void>) | null;
}

/** A page of a client that never changes, for the server. */
export function snapshotClientView(model: ClientPageModel): ClientView {
  const { tasks, activeTotal, endedTotal } = model;
  const byId = new Map(tasks.map((task) => [task.id, { value: task }]));
  return {
    ...snapshotFrameView(model),
    active: { value: tasks.filter((task) => !hasEnded(task)).map((task) => task.id) },
    ended: { value: tasks.filter(hasEnded).map((task) => task.id) },
    counts: { value: { active: activeTotal, ended: endedTotal, newer: 0 } },
    page: model.page,
    pages: model.pages,
    startable: model.startable,
    task: (id) => byId.get(id),
  };
}

/** A page of a task that never changes, for the server. */
export function snapshotTaskView(model: TaskPageModel): TaskView {
  const byId = new Map(model.parts.map((task) => [task.id, { value: task }]));
  return {
    ...snapshotFrameView(model),
    task: { value: model.task },
    removedAt: { value: model.isRemoved ? model.now : null },
    undoSeconds: model.undoSeconds,
    steps: { value: model.steps },
    series: { value: model.series },
    log: { value: model.log },
    attempts: { value: model.attempts },
    previous: { value: model.previous },
    next: { value: model.next },
    omitted: model.omitted,
    partsOf: (id) => ({
      value: model.parts.filter((task) => task.parent_id === id).map((task) => task.id),
    }),
    part: (id) => byId.get(id),
    loadOlder: null,
  };
}

function snapshotFrameView(frame: PageFrame): FrameView {
  return {
    frame,
    connection: { value: { kind: "snapshot", asOf: frame.now, over: null, reason: null } },
    now: { value: frame.now },
    coarseNow: { value: frame.now },
    scripted: { value: false },
    trouble: { value: frame.trouble },
    news: { value: "" },
    announcement: { value: "" },
    actions: null,
  };
}
