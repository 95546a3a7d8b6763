/**
 * The state that every page has in the browser. Each task has a signal of its own, so that a change
 * re-renders only the rows of changed tasks.
 * @module
 */

import { computed, type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { Milestone } from "../shared/milestones.ts";
import type { PageFrame } from "../shared/model.ts";
import type { ConnectionState, FrameView, PageActions } from "../shared/view.ts";

/** Changes that were coalesced, and are applied together. */
export interface PendingChanges {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly removed: ReadonlySet<string>;
}

/** The state that all pages have in common, in writable form. */
export interface LiveFrame extends FrameView {
  readonly connection: Signal<ConnectionState>;
  readonly now: Signal<number>;
  readonly scripted: Signal<boolean>;
  readonly degradation: Signal<string | null>;
  readonly toast: Signal<string>;
  readonly announcement: Signal<string>;
}

/** The state of a page whose tasks change. */
export interface LivePage {
  readonly frame: LiveFrame;
  /** Applies changes. Ignores a record that is older than the page's version of the task. */
  apply(changes: PendingChanges): void;
  /** Replaces the state with these tasks, which are all tasks of the client. */
  replace(tasks: readonly Task[]): void;
  /** The current document title. */
  title(): string;
}

/** The options for creating a page's state. */
export interface LivePageOptions {
  readonly actions: PageActions;
  /** Called for every milestone. */
  readonly onMilestone: (milestone: Milestone) => void;
}

/** Creates the state that all pages have in common. */
export function createFrame(frame: PageFrame, actions: PageActions): LiveFrame {
  const now = signal(frame.now);
  return {
    frame,
    connection: signal<ConnectionState>({ kind: "snapshot", asOf: frame.now, over: null, reason: null }),
    now,
    // The clock starts at the time of the rendering on the server, so that hydration renders the same texts.
    coarseNow: computed(() => frame.now + Math.floor((now.value - frame.now) / 10) * 10),
    scripted: signal(false),
    degradation: signal(frame.degradation),
    toast: signal(""),
    announcement: signal(""),
    actions,
  };
}

/** Sets the signal of a list, but only if the list differs, to avoid needless renderings. */
export function setList(list: Signal<readonly string[]>, ids: readonly string[]): void {
  const known = list.peek();
  if (known.length !== ids.length || known.some((id, index) => id !== ids[index])) list.value = ids;
}
