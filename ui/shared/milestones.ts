/**
 * Decides which changes of a task are announced to screen readers and shown as notifications: its start, each
 * quarter of its progress, and its end.
 *
 * @module
 */

import { countNoun } from "../../lib/text/format.ts";
import type { Task } from "../../lib/task/task.ts";
import { hasEnded } from "../../lib/task/task_view.ts";

/** A change of a task that is worth announcing. */
export interface Milestone {
  readonly kind: "started" | "progress" | "finished" | "failed" | "cancelled" | "ended";
  /** The id of the task. */
  readonly id: string;
  readonly text: string;
}

/** The maximum number of characters of an error message in an announcement. */
const MAX_CHARACTERS = 160;
/** If more tasks than this changed at once, an announcement only has their number. */
const MAX_SENTENCES = 3;

/**
 * Compares two versions of a task and finds the milestone between them.
 *
 * @param before the previous version; `undefined` if the page did not know the task
 * @param after the new version
 * @returns the milestone between the two versions, or `null` if there is none
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
 * Joins milestones into one announcement: a sentence for each milestone if there are few, else only their number.
 *
 * @param milestones in chronological order
 * @returns the text; empty if there are no milestones
 */
export function milestonesText(milestones: readonly Milestone[]): string {
  // Only the latest milestone of each task is announced.
  const latest = [...new Map(milestones.map((milestone) => [milestone.id, milestone])).values()];
  if (latest.length <= MAX_SENTENCES) return latest.map((milestone) => milestone.text).join(". ");
  const sums = (["started", "finished", "failed", "cancelled", "ended"] as const).flatMap((kind) => {
    const count = latest.filter((milestone) => milestone.kind === kind).length;
    return count === 0 ? [] : [`${countNoun(count, "task")} ${kind}`];
  });
  return sums.length > 0 ? sums.join(", ") : `${countNoun(latest.length, "task")} progressed`;
}

function brief(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
}

function quarterOf(task: Task): number {
  return task.progress === null ? 0 : Math.floor(task.progress / 25);
}
