/**
 * Converts a task's status history to the rows of its timeline. The browser appends steps to the steps that the
 * server rendered.
 *
 * @module
 */

import { type HistoryEntry, isFinal, type Task, type TaskState } from "../../lib/task/task.ts";
import { stateWords } from "../../lib/task/state_words.ts";
import { statusWords } from "../../lib/task/task_view.ts";

/** A period during which a task's state and status did not change. */
export interface Step {
  /** The start of the step, in epoch seconds. */
  readonly at: number;
  readonly state: TaskState;
  readonly text: string;
  /** The progress at the start of the step. */
  readonly progress: number | null;
  /** The number of original steps; more than 1 if short steps were merged into this one. */
  readonly count: number;
}

/** A step with its duration and the progress at its end. */
export interface TimelineRow extends Step {
  /** The duration of the step, in seconds. */
  readonly duration: number;
  /** The progress at the end of the step. */
  readonly to: number | null;
  /** Whether the step is the last one of a task that has not ended. */
  readonly isRunning: boolean;
  /** Whether the row is the first row with its state. */
  readonly isEntry: boolean;
}

/** The maximum number of steps in memory; if there are more, the shortest are merged. */
export const MAX_STEPS = 200;
/** The maximum number of rows in the timeline. */
export const MAX_ROWS = 24;
/** If the starting phase is shorter than this fraction of the total time, it gets no row. */
const NEGLIGIBLE = 0.01;
/** When steps must be merged, a step shorter than this fraction of the total time gets no separate row. */
const SHORT = 0.02;

/** Converts a history to steps. Consecutive entries with the same state and status become a single step. */
export function stepsOf(history: readonly HistoryEntry[]): Step[] {
  const steps: Step[] = [];
  for (const { at, state, status, progress } of history) {
    const last = steps.at(-1);
    if (last?.state === state && last.text === status) continue;
    steps.push({ at, state, text: status, progress, count: 1 });
  }
  return steps;
}

/** Appends a step for a task record, unless its state and status are unchanged. */
export function withStep(steps: readonly Step[], task: Task): readonly Step[] {
  const last = steps.at(-1);
  const { state, status, progress } = task;
  if (last !== undefined && last.state === state && (last.text === status || isFinal(state))) return steps;
  const started = state === "STARTING" ? task.started_at : null;
  const at = task.finished_at ?? started ?? task.updated_at;
  const more = [...steps, { at, state, text: status, progress, count: 1 }];
  // Steps are merged only at twice the limit, so that the amortised cost of a step is constant.
  return more.length > MAX_STEPS * 2 ? foldSteps(more, at, MAX_STEPS) : more;
}

/**
 * Merges neighbouring steps until few enough remain. The longest steps, the first step of each state and the last
 * step are kept. The length of a merged step is limited, so that the timeline still shows roughly when each of many
 * short steps happened.
 *
 * @param steps in chronological order
 * @param end the end of the last step, in epoch seconds
 * @param most the maximum number of steps, not counting the first step of each state
 * @returns the remaining steps, which have no gaps between them
 */
export function foldSteps(steps: readonly Step[], end: number, most: number): readonly Step[] {
  const [first] = steps;
  if (first === undefined || steps.length <= most) return steps;
  const duration = (index: number) => (steps[index + 1]?.at ?? end) - steps[index]!.at;
  const total = end - first.at;
  // The total time is divided into equal slices, and as many long steps are kept as there are slices. A new
  // merged step begins after each kept step and at the end of each slice.
  const slices = Math.floor(most / 4);
  const longest = steps.map((_, index) => index).sort((left, right) => duration(right) - duration(left))
    .slice(0, slices).filter((index) => duration(index) >= total * SHORT);
  const kept = new Set([...longest, steps.length - 1]);
  const folded: Step[] = [];
  let isOpen = false;
  steps.forEach((step, index) => {
    const stays = kept.has(index) || step.state !== steps[index - 1]?.state;
    const last = folded.at(-1);
    const isLong = last !== undefined && slices > 0 && step.at - last.at >= total / slices;
    if (stays || !isOpen || last === undefined || isLong) folded.push(step);
    else folded[folded.length - 1] = { ...last, count: last.count + step.count };
    isOpen = !stays;
  });
  return folded;
}

/**
 * Calculates the rows of a task's timeline, from the task's start to its end or to the current time. The durations of
 * the rows add up to the task's elapsed time.
 *
 * @param steps in chronological order
 * @param task the newest record of the task
 * @param now the current time in epoch seconds
 * @param most the maximum number of rows, not counting the first row of each state
 * @returns the rows of the timeline; empty if the task has not started
 */
export function timelineOf(
  steps: readonly Step[],
  task: Task,
  now: number,
  most: number = MAX_ROWS,
): readonly TimelineRow[] {
  const start = task.started_at;
  if (start === null) return [];
  const end = Math.max(start, task.finished_at ?? now);
  const rows = foldSteps(startingAt(start, end, steps, task), end, most);
  return rows.map((step, index) => {
    const next = rows[index + 1];
    return {
      ...step,
      duration: (next?.at ?? end) - step.at,
      to: next === undefined ? task.progress : next.progress,
      isRunning: next === undefined && task.finished_at === null,
      isEntry: step.state !== rows[index - 1]?.state,
    };
  });
}

/**
 * Limits the steps to the time between the task's start and its end. The first step begins at the start, and
 * the times never decrease.
 */
function startingAt(start: number, end: number, steps: readonly Step[], task: Task): readonly Step[] {
  let at = start;
  const within = steps.filter(({ state }) => state !== "NOT_STARTED" && !isFinal(state)).map((step) => {
    // A clock may have been set back, and a history may begin after the task's start.
    at = Math.min(end, Math.max(at, step.at));
    return { ...step, at };
  });
  const [first, second] = within;
  if (first === undefined) {
    const text = statusWords(task) || stateWords("PROCESSING", null);
    return [{ at: start, state: "PROCESSING", text, progress: null, count: 1 }];
  }
  const isBrief = first.state === "STARTING" && second !== undefined &&
    second.at - start < (end - start) * NEGLIGIBLE;
  const rest = isBrief ? within.slice(1) : within;
  return [{ ...rest[0]!, at: start }, ...rest.slice(1)];
}
