/**
 * Checks that the record, the log and the history of each task agree after a crash.
 *
 * @module
 */

import { type HistoryEntry, isFinal, type LogLine, type Task } from "../../../lib/task/task.ts";
import { shown } from "./held.ts";

/**
 * Checks the record of a task that the load started.
 *
 * @returns complaints about fields that contradict each other
 */
export function recordComplaints(task: Task): string[] {
  const wrong: string[] = [];
  const { state, error, current, log_count: lines } = task;
  const isInterrupted = state === "ERROR" && error?.type === "interrupted";
  if (task.name === "steady" && !isInterrupted && state !== "CANCELLED") {
    wrong.push(`${task.id} only ends if it is stopped, but is ${shown(task)}`);
  }
  // A task sets its count and its status in the same update.
  if (current !== null && task.status !== `step ${current}`) {
    wrong.push(`${task.id} has a status and a count of different steps: ${shown(task)}`);
  }
  // Each step logs a line and then updates the count, so the two numbers differ by at most one.
  if (current !== null && Math.abs(lines - current) > 1) {
    wrong.push(`${task.id} has a log and a count of different steps: ${shown(task)}`);
  }
  return wrong;
}

/**
 * Checks the whole log of a task.
 *
 * @returns complaints about missing and wrong lines
 */
export function logComplaints(task: Task, lines: readonly Pick<LogLine, "text">[]): string[] {
  if (lines.length !== task.log_count) {
    return [`${task.id} logged ${task.log_count} lines, but its log has ${lines.length}`];
  }
  const gap = lines.findIndex(({ text }, index) => text !== `${task.id} line ${index + 1}`);
  return gap === -1 ? [] : [`${task.id} has a wrong line ${gap + 1} in its log: ${lines[gap]?.text}`];
}

/**
 * Checks the whole history of a task.
 *
 * @returns complaints about the order, the first and the last entry
 */
export function historyComplaints(task: Task, history: readonly HistoryEntry[]): string[] {
  const wrong: string[] = [];
  const versions = history.map(({ version }) => version);
  if (versions.some((version, index) => index > 0 && version <= versions[index - 1]!)) {
    wrong.push(`${task.id} has a history out of order: ${versions}`);
  }
  const last = history.at(-1);
  const first = history[0];
  if (first?.version !== 1 || first.state !== "NOT_STARTED") {
    wrong.push(`${task.id} has a history without a beginning: ${JSON.stringify(first)}`);
  }
  if (last?.state !== task.state || last.status !== task.status || last.version > task.version) {
    wrong.push(
      `${task.id} has a history that does not end with its record: ${JSON.stringify(last)}, not ${
        shown(task)
      }`,
    );
  }
  if (history.slice(0, -1).some(({ state }) => isFinal(state))) {
    wrong.push(`${task.id} has a history that continues after its final state`);
  }
  return wrong;
}
