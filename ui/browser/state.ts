/**
 * The state of a page in the browser: signals, made by factories, so that nothing lives at module level. One signal a
 * task, so that only rows whose task changed are rendered again.
 *
 * @module
 */

import { computed, type Signal, signal } from "@preact/signals";
import type { Task } from "../../lib/task/task.ts";
import type { Milestone } from "../shared/milestones.ts";
import type { PageFrame } from "../shared/model.ts";
import type { ConnectionState, FrameView, PageActions } from "../shared/view.ts";

/** Changes to apply at once. */
export interface PendingChanges {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly removed: ReadonlySet<string>;
}

/** The parts of a page's state that the browser entry writes. */
export interface LiveFrame extends FrameView {
  readonly connection: Signal<ConnectionState>;
  readonly now: Signal<number>;
  readonly scripted: Signal<boolean>;
  readonly degradation: Signal<string | null>;
  readonly news: Signal<string>;
  readonly announcement: Signal<string>;
}

/** A page whose tasks change. */
export interface LivePage {
  readonly frame: LiveFrame;
  /** Applies changes. Older versions of a task than the page has are left out. */
  apply(changes: PendingChanges): void;
  /** Forgets what it had and shows these tasks: all of the client's. */
  replace(tasks: readonly Task[]): void;
  /** What the title of the document should be. */
  title(): string;
}

/** What the factories need besides the model. */
export interface LivePageOptions {
  readonly actions: PageActions;
  /** Hears every milestone that a task passes. */
  readonly onMilestone: (milestone: Milestone) => void;
}

/** Makes the state that every page has. */
export function createFrame(frame: PageFrame, actions: PageActions): LiveFrame {
  const now = signal(frame.now);
  return {
    frame,
    connection: signal<ConnectionState>({ kind: "snapshot", asOf: frame.now, over: null, reason: null }),
    now,
    // Starts at what the server rendered, and moves in steps from there.
    coarseNow: computed(() => frame.now + Math.floor((now.value - frame.now) / 10) * 10),
    scripted: signal(false),
    degradation: signal(frame.degradation),
    news: signal(""),
    announcement: signal(""),
    actions,
  };
}

/** Gives a list signal a new list only where it is another one. */
export function setList(list: Signal<readonly string[]>, ids: readonly string[]): void {
  const known = list.peek();
  if (known.length !== ids.length || known.some((id, index) => id !== ids[index])) list.value = ids;
}
