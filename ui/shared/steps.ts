/**
 * Where a task's time went: its status texts as spans of time. Pure, and the same on the server and in the browser, which
 * goes on with what the page sees.
 *
 * @module
 */

import { type HistoryEntry, isFinal, stateWords, type Task, type TaskState } from "../../lib/task/task.ts";
import { statusWords } from "../../lib/task/task_view.ts";

/** A moment from which on a task said something. */
export interface Step {
  /** When it began, in epoch seconds. */
  readonly at: number;
  readonly state: TaskState;
  readonly text: string;
  /** How far the task was. */
  readonly progress: number | null;
  /** How many steps it stands for: more than one where short ones were folded together. */
  readonly count: number;
}

/** A step with its span of time and of progress. */
export interface TimelineRow extends Step {
  /** In seconds. */
  readonly duration: number;
  /** How far the task was at its end. */
  readonly to: number | null;
  /** Whether it goes on. */
  readonly isRunning: boolean;
  /** Whether the task entered the row's state with it. */
  readonly isEntry: boolean;
}

/** Steps that a page keeps at most; of more, the shortest are folded. */
export const MOST_STEPS = 200;
/** Rows that are shown at most. */
export const MOST_ROWS = 24;
/** A beginning shorter than this part of the whole is not worth a row. */
const NEGLIGIBLE = 0.01;
/** Where there are too many, one that took less than this part of the whole is not worth a row of its own. */
const SHORT = 0.02;

/** Reads a history as steps; neighbours that say the same are one. */
export function stepsOf(history: readonly HistoryEntry[]): Step[] {
  const steps: Step[] = [];
  for (const { at, state, status, progress } of history) {
    const last = steps.at(-1);
    if (last?.state === state && last.text === status) continue;
    steps.push({ at, state, text: status, progress, count: 1 });
  }
  return steps;
}

/** Goes on with a record: the same steps, where it says nothing new. */
export function withStep(steps: readonly Step[], task: Task): readonly Step[] {
  const last = steps.at(-1);
  const { state, status, progress } = task;
  if (last !== undefined && last.state === state && (last.text === status || isFinal(state))) return steps;
  const started = state === "STARTING" ? task.started_at : null;
  const at = task.finished_at ?? started ?? task.updated_at;
  const more = [...steps, { at, state, text: status, progress, count: 1 }];
  // Only now and then, so that a step costs the same on average.
  return more.length > MOST_STEPS * 2 ? foldSteps(more, at, MOST_STEPS) : more;
}

/**
 * Folds neighbours together until there are few enough: the longest stay, and so do those that begin a state, and the
 * last. What is folded stands for a part of the whole time at most, so that many short steps still show when they were.
 *
 * @param steps in the order of their times
 * @param end when the last of them ends, in epoch seconds
 * @param most how many there may be, states not counted
 * @returns the steps; their times still follow one another without a gap
 */
export function foldSteps(steps: readonly Step[], end: number, most: number): readonly Step[] {
  const [first] = steps;
  if (first === undefined || steps.length <= most) return steps;
  const duration = (index: number) => (steps[index + 1]?.at ?? end) - steps[index]!.at;
  const total = end - first.at;
  // As many stay as there are slices of the time; between two that stay, and at each slice's end, begins another fold.
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
 * The rows of a task's timeline, from its start to its end or to now. Their durations add up to the time that it ran.
 *
 * @param steps in the order in which the task said them
 * @param task the newest record
 * @param now in epoch seconds
 * @param most how many rows there may be, states not counted
 * @returns the rows; none where the task has not started
 */
export function timelineOf(
  steps: readonly Step[],
  task: Task,
  now: number,
  most: number = MOST_ROWS,
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

/** The steps between start and end, the first at the start, none before the one that precedes it. */
function startingAt(start: number, end: number, steps: readonly Step[], task: Task): readonly Step[] {
  let at = start;
  const within = steps.filter(({ state }) => state !== "NOT_STARTED" && !isFinal(state)).map((step) => {
    // Clocks are set back, and histories may begin late.
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
