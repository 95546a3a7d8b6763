/**
 * Finds the groups in a log and the steps of its task, and the lines that are hidden if some of them are collapsed.
 * Pure.
 *
 * @module
 */

import { countNoun } from "../../lib/text/format.ts";
import { groupMark } from "../../lib/text/group_marks.ts";
import type { TimelineRow } from "./steps.ts";

/** The maximum depth of nested groups; a deeper group is part of the group around it. */
const MAX_DEPTH = 20;

/** A line that begins or ends a group. */
export interface MarkLine {
  readonly number: number;
  readonly at: number;
  readonly text: string;
}

/** A group of lines. */
export interface LogGroup {
  /** The number of the line that begins the group; this line is visible even if the group is collapsed. */
  readonly from: number;
  /** The number of the line that ends the group; `null` if it has not ended. */
  readonly to: number | null;
  readonly title: string;
  /** The number of lines in the group; `null` if it has not ended. */
  readonly lines: number | null;
  /** How long the group took, in seconds; `null` if it has not ended. */
  readonly seconds: number | null;
}

/** Consecutive lines: from the number `from` to before the number `to`. */
export interface Lines {
  readonly from: number;
  readonly to: number;
}

/** The groups of a log, and which of them are collapsed. */
export interface LogFolds {
  /** The groups by the number of their first line, in order. */
  readonly groups: ReadonlyMap<number, LogGroup>;
  /** The numbers of the first lines of the collapsed groups. */
  readonly collapsed: ReadonlySet<number>;
  /** The hidden lines: ranges in order that do not overlap. */
  readonly hidden: readonly Lines[];
}

/** The folds of a log without groups. */
export const NO_FOLDS: LogFolds = { groups: new Map(), collapsed: new Set(), hidden: [] };

/**
 * Finds the groups in a log. An end without a beginning is ignored; a group may lack its end.
 *
 * @param marks the lines that begin or end groups, in order
 */
export function groupsOf(marks: readonly MarkLine[]): Map<number, LogGroup> {
  const groups = new Map<number, LogGroup>();
  const open: MarkLine[] = [];
  let tooDeep = 0;
  for (const line of marks) {
    const mark = groupMark(line.text);
    if (mark?.isStart) {
      if (open.length >= MAX_DEPTH) tooDeep++;
      else {
        open.push(line);
        groups.set(line.number, {
          from: line.number,
          to: null,
          title: mark.title,
          lines: null,
          seconds: null,
        });
      }
    } else if (mark !== null && tooDeep > 0) tooDeep--;
    else if (mark !== null) {
      const start = open.pop();
      if (start === undefined) continue;
      const seconds = Math.max(0, line.at - start.at);
      const lines = line.number - start.number - 1;
      groups.set(start.number, { ...groups.get(start.number)!, to: line.number, lines, seconds });
    }
  }
  return groups;
}

/** A step of a timeline, and the number of the first log line that was written after its start; `null` if unknown. */
export interface StepStart {
  readonly row: TimelineRow;
  readonly number: number | null;
}

/**
 * Returns the steps during which lines were written as groups, each from its first line to its last.
 *
 * @param starts the steps, in order
 * @param end the number of lines of the log
 */
export function stepGroups(starts: readonly StepStart[], end: number): Map<number, LogGroup> {
  const groups = new Map<number, LogGroup>();
  starts.forEach(({ row, number }, index) => {
    const next = starts[index + 1]?.number ?? end;
    if (number === null || number >= next) return;
    const title = row.count > 1 ? `${countNoun(row.count, "short step")}, from ${row.text}` : row.text;
    const ended = row.isRunning ? null : { to: next - 1, lines: next - number, seconds: row.duration };
    groups.set(number, { from: number, title, ...(ended ?? { to: null, lines: null, seconds: null }) });
  });
  return groups;
}

/** Returns the folds of a log in which the given groups are collapsed. */
export function foldsOf(
  groups: ReadonlyMap<number, LogGroup>,
  collapsed: ReadonlySet<number>,
): LogFolds {
  const hidden: Lines[] = [];
  for (const { from, to } of groups.values()) {
    const last = hidden.at(-1);
    // The lines of a group within a collapsed group are already hidden.
    if (!collapsed.has(from) || (last !== undefined && from < last.to)) continue;
    hidden.push({ from: from + 1, to: to === null ? Infinity : to + 1 });
  }
  return { groups, collapsed, hidden };
}

/**
 * Returns the lines that are in at least one of two lists. The ranges of each list, and of the result, are in order
 * and do not overlap.
 */
export function mergedLines(left: readonly Lines[], right: readonly Lines[]): readonly Lines[] {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const merged: Lines[] = [];
  for (const lines of [...left, ...right].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || lines.from > last.to) merged.push(lines);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, lines.to) };
  }
  return merged;
}

/** Returns the groups that contain a line, except groups that begin with it. */
export function groupsAround({ groups }: LogFolds, number: number): LogGroup[] {
  return [...groups.values()].filter(({ from, to }) => from < number && number <= (to ?? Infinity));
}

/** Returns the number of a line if it is visible; otherwise, the number of the visible line before it. */
export function shownLine(hidden: readonly Lines[], number: number): number {
  return isHidden(hidden, number) ? hidden[indexFrom(hidden, number)]!.from - 1 : number;
}

/** Returns whether a line is hidden. */
export function isHidden(hidden: readonly Lines[], number: number): boolean {
  const lines = hidden[indexFrom(hidden, number)];
  return lines !== undefined && lines.from <= number;
}

/** Returns the number of visible lines from the line `from` to before the line `to`. */
export function visibleCount(hidden: readonly Lines[], from: number, to: number): number {
  let count = Math.max(0, to - from);
  for (let index = indexFrom(hidden, from); index < hidden.length && hidden[index]!.from < to; index++) {
    count -= Math.min(to, hidden[index]!.to) - Math.max(from, hidden[index]!.from);
  }
  return count;
}

/** Returns the index of the first range of hidden lines that ends after a line number. */
function indexFrom(hidden: readonly Lines[], number: number): number {
  let [low, high] = [0, hidden.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hidden[middle]!.to > number) high = middle;
    else low = middle + 1;
  }
  return low;
}
