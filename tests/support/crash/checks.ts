/**
 * Checks that each task after a crash is consistent in itself.
 *
 * @module
 */

import { type HistoryEntry, isFinal, type LogLine, type Task } from "../../../lib/task/task.ts";
import { shown } from "./held.ts";

/**
 * Checks a record.
 *
 * @returns complaints
 */
export function recordComplaints(task: Task): string[] {
  const wrong: string[] = [];
  const { state, error, current, log_count: lines } = task;
  const isInterrupted = state === "ERROR" && error?.type === "interrupted";
  if (task.name === "steady" && !isInterrupted && state !== "CANCELLED") {
    wrong.push(`${task.id} runs until it is stopped, but is ${shown(task)}`);
  }
  // The count and the status come from the same update.
  if (current !== null && task.status !== `step ${current}`) {
    wrong.push(`${task.id} has the status of another step: ${shown(task)}`);
  }
  // Each step logs its line before its count, so that the two differ by at most one.
  if (current !== null && Math.abs(lines - current) > 1) {
    wrong.push(`${task.id} has inconsistent steps: ${shown(task)}`);
  }
  return wrong;
}

/**
 * Checks a whole log.
 *
 * @returns complaints
 */
export function logComplaints(task: Task, lines: readonly Pick<LogLine, "text">[]): string[] {
  if (lines.length !== task.log_count) {
    return [`${task.id} wrote ${task.log_count} lines, and has ${lines.length}`];
  }
  const gap = lines.findIndex(({ text }, index) => text !== `${task.id} line ${index + 1}`);
  return gap === -1 ? [] : [`${task.id} has as line ${gap + 1}: ${lines[gap]?.text}`];
}

/**
 * Checks a whole history.
 *
 * @returns complaints
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
    wrong.push(`${task.id} has a history with another end: ${JSON.stringify(last)}, not ${shown(task)}`);
  }
  if (history.slice(0, -1).some(({ state }) => isFinal(state))) {
    wrong.push(`${task.id} has a history that goes on after its end`);
  }
  return wrong;
}
