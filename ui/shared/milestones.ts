/**
 * What people who listen to the page should hear of a change: starts, quarters and ends, never every step. Pure.
 *
 * @module
 */

import { countNoun } from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";

/** Something worth saying of one task. */
export interface Milestone {
  readonly kind: "started" | "progress" | "finished" | "failed" | "cancelled" | "ended";
  /** The task it is about. */
  readonly id: string;
  readonly text: string;
}

/** How much of an error is read out: enough to know which it is. */
const MOST_CHARACTERS = 160;
/** More than this many at a time are told as sums. */
const MOST_SENTENCES = 3;

/**
 * The milestone that a task passed.
 *
 * @param before the task as it was; `undefined` where the page did not know it
 * @param after the task as it is
 * @returns the one thing worth saying, or `null`
 */
export function milestoneBetween(before: Task | undefined, after: Task): Milestone | null {
  const { id, name } = after;
  if (hasEnded(after)) {
    if (before === undefined || hasEnded(before)) return null;
    switch (after.state) {
      case "FINISHED":
        return { kind: "finished", id, text: `${name} finished` };
      case "ERROR":
        return { kind: "failed", id, text: `${name} failed: ${brief(after.error?.message ?? after.status)}` };
      case "CANCELLED":
        return { kind: "cancelled", id, text: `${name} was cancelled` };
      default:
        return { kind: "ended", id, text: `${name} ended` };
    }
  }
  const quarter = quarterOf(after);
  if (before === undefined || (!before.active && after.active)) {
    return after.active && quarter === 0 ? { kind: "started", id, text: `${name} started` } : null;
  }
  return quarter > quarterOf(before) && quarter < 4
    ? { kind: "progress", id, text: `${name} is at ${quarter * 25} percent` }
    : null;
}

/**
 * Says milestones in one breath: one by one where they are few, as sums where they are many.
 *
 * @param milestones in the order in which they happened
 * @returns a sentence; empty where there is nothing to say
 */
export function sayMilestones(milestones: readonly Milestone[]): string {
  // Of one task only the last word counts.
  const latest = [...new Map(milestones.map((milestone) => [milestone.id, milestone])).values()];
  if (latest.length <= MOST_SENTENCES) return latest.map((milestone) => milestone.text).join(". ");
  const sums = (["started", "finished", "failed", "cancelled", "ended"] as const).flatMap((kind) => {
    const count = latest.filter((milestone) => milestone.kind === kind).length;
    return count === 0 ? [] : [`${countNoun(count, "task")} ${kind}`];
  });
  return sums.length > 0 ? sums.join(", ") : `${countNoun(latest.length, "task")} moved on`;
}

function brief(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}

function quarterOf(task: Task): number {
  return task.progress === null ? 0 : Math.floor(task.progress / 25);
}
