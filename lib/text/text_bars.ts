/**
 * Renders tasks as lines of text: `name  [██████░░░░]  62 %  status  elapsed  time left`. The CLI and the
 * text responses of the REST API use this format.
 *
 * @module
 */

import {
  elapsedSeconds,
  formatAgo,
  formatCounts,
  formatDuration,
  formatPercent,
  timeLeft,
} from "./format.ts";
import type { Task } from "../task/task.ts";
import { stateWords } from "../task/state_words.ts";
import { hasEnded, statusWords } from "../task/task_view.ts";
import { paceOf } from "./pace_text.ts";
import { padText, plainText, textWidth } from "./terminal_text.ts";

/** Options of {@linkcode textBars}. */
export interface TextBarsOptions {
  /** The maximum number of terminal columns of a line. */
  readonly width: number;
  /** The current time, in epoch seconds. */
  readonly now: number;
  /** Whether to colour the states with escape sequences. @default {false} */
  readonly color?: boolean;
  /** Whether lines begin with the task id and show how long ago a task ended. @default {false} */
  readonly isList?: boolean;
  /** Whether lines begin with the task id. @default {isList} */
  readonly hasIds?: boolean;
  /** How many levels each name is indented. @default {none} */
  readonly depths?: readonly number[];
}

/** A column of the output. Widths are terminal columns. */
interface Column {
  readonly cells: readonly string[];
  /** The minimum width of the column; if less space is left, the column is omitted. */
  readonly least: number;
  /** The maximum width of the column. */
  readonly most: number;
  /**
   * The rank of the column: if there is not enough space, columns with the highest rank are omitted first.
   */
  readonly rank: number;
  readonly toRight?: boolean;
  readonly isColored?: boolean;
}

const GAP = "  ";
/**
 * The minimum widths of the name and status columns, which grow if there is space. The minimum width of the
 * name is doubled if lines have ids, that of the status if the ids are long. The bar is then omitted before
 * the status, because the status says more than a bar beside its percentage.
 */
const SHORT_NAME = 8;
const SHORT_WORDS = 12;
const LONG_ID = 20;
/** The maximum width of names: this share of the line, and at most {@linkcode LONGEST_NAME} columns. */
const NAME_PART = 1 / 4;
const LONGEST_NAME = 40;
/** The line width in columns, not counting long ids, from which bars are twice as long. */
const WIDE = 100;
/** The width of the status column is a multiple of this number, so that the columns after it rarely move. */
const WORDS_STEP = 10;
/**
 * The indentation of a name for each level of subtasks. Levels deeper than {@linkcode DEEPEST} are indented
 * no further.
 */
const INDENT = "  ";
const DEEPEST = 8;
/**
 * The minimum widths of durations and estimates, which fit most values, so that the columns do not move when
 * the values change.
 */
const DURATION_WIDTH = 7;
const TIME_LEFT_WIDTH = 11;

const COLORS: ReadonlyMap<string, string> = new Map([
  ["STARTING", "36"],
  ["PROCESSING", "36"],
  ["FINISHED", "32"],
  ["ERROR", "31"],
  ["CANCELLED", "33"],
]);

/**
 * Renders each task as a line of aligned columns. The lines have no control characters, and no escape sequences except
 * those that colour them, whatever text the tasks contain.
 *
 * @param tasks the tasks
 * @param options the width of the lines, the current time, and the style
 * @returns a line for each task, without a line break
 */
export function textBars(tasks: readonly Task[], options: TextBarsOptions): string[] {
  const { color = false } = options;
  const columns = columnsOf(tasks, options);
  const widths = layOut(columns, Math.max(1, options.width));
  return tasks.map((task, row) => {
    const code = color ? COLORS.get(task.state) : undefined;
    const cells = columns.flatMap(({ cells, toRight, isColored }, index) => {
      const width = widths[index]!;
      if (width === 0) return [];
      const cell = padText(cells[row]!, width, toRight);
      return isColored && code !== undefined ? painted(cell, code) : cell;
    });
    return cells.join(GAP).trimEnd();
  });
}

function painted(cell: string, code: string): string {
  const text = cell.trimEnd();
  return text === "" ? cell : `\x1b[${code}m${text}\x1b[0m${" ".repeat(cell.length - text.length)}`;
}

function columnsOf(tasks: readonly Task[], options: TextBarsOptions): Column[] {
  const { width, now, isList = false, hasIds = isList } = options;
  // Most characters occupy at least one column, so characters beyond this limit would be truncated anyway.
  const plain = (text: string) => plainText(text, 2 * width);
  const ids = hasIds ? tasks.map((task) => plain(task.id)) : [];
  const hasLongIds = widest(ids) >= LONG_ID;
  const names = tasks.map((task, row) => {
    return INDENT.repeat(Math.min(DEEPEST, options.depths?.[row] ?? 0)) + plain(task.name);
  });
  const room = hasLongIds ? width - widest(ids) : width;
  const bars = tasks.map((task) => barOf(task.progress, room < WIDE ? 10 : 20));
  const percents = tasks.map((task) => formatPercent(task.progress).replace("%", " %"));
  const words = tasks.map((task) => plain(wordsOf(task, now)));
  const durations = tasks.map((task) => {
    const seconds = elapsedSeconds(task, now);
    return seconds === null ? "" : formatDuration(seconds);
  });
  const estimates = tasks.map((task) => isList && hasEnded(task) ? agoOf(task, now) : estimateOf(task, now));
  const mostName = Math.min(LONGEST_NAME, Math.max(2 * SHORT_NAME, Math.floor(width * NAME_PART)));
  const name = Math.min(widest(names), mostName);
  const mostWords = Math.ceil(widest(words) / WORDS_STEP) * WORDS_STEP;
  return [
    ...(hasIds ? [fixed(ids, 2)] : []),
    { cells: names, least: Math.min(name, hasIds ? 2 * SHORT_NAME : SHORT_NAME), most: name, rank: 0 },
    { ...fixed(bars, hasLongIds ? 7 : 4), isColored: true },
    { ...fixed(percents, 1, "100 %".length), toRight: true },
    {
      cells: words,
      least: Math.min(mostWords, (hasLongIds ? 2 : 1) * SHORT_WORDS),
      most: mostWords,
      rank: 3,
      isColored: true,
    },
    fixed(durations, 5, DURATION_WIDTH),
    fixed(estimates, 6, estimates.some((text) => text !== "") ? TIME_LEFT_WIDTH : 0),
  ];
}

function fixed(cells: readonly string[], rank: number, least = 0): Column {
  const width = Math.max(least, widest(cells));
  return { cells, least: width, most: width, rank };
}

/**
 * Computes the width of each column; 0 if the column is omitted. Extra space is given to the first columns
 * that can grow.
 */
function layOut(columns: readonly Column[], width: number): number[] {
  const byRank = [...columns].filter(({ most }) => most > 0).sort((a, b) => a.rank - b.rank);
  const kept: Column[] = [];
  let room = width + GAP.length;
  for (const column of byRank) {
    // The column of rank 0 is never omitted.
    const least = kept.length === 0 ? Math.min(column.least, width) : column.least;
    if (least + GAP.length > room) break;
    room -= least + GAP.length;
    kept.push(column);
  }
  return columns.map((column) => {
    if (!kept.includes(column)) return 0;
    const least = Math.min(column.least, width);
    const more = Math.min(room, column.most - least);
    room -= more;
    return least + more;
  });
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, textWidth(text)), 0);
}

/** Renders a bar, which is full only at 100 %; dots stand for indeterminate progress. */
function barOf(progress: number | null, length: number): string {
  if (progress === null) return `[${"·".repeat(length)}]`;
  const done = Math.min(length, Math.max(0, Math.floor(progress / 100 * length + 1e-9)));
  return `[${"█".repeat(done)}${"░".repeat(length - done)}]`;
}

/**
 * Returns the text of the status column: first anything unusual about the task, then its state unless this is
 * PROCESSING, the status that the reporter has set, and the counts.
 */
function wordsOf(task: Task, now: number): string {
  // A state that this version does not know has no description, so its name is shown.
  const state = stateWords(task.state, task.error) ?? String(task.state);
  const own = statusWords(task);
  if (task.state === "ERROR") return state;
  if (hasEnded(task)) return joined(state, own);
  const pace = paceOf(task, now);
  return joined(
    task.stale ? `No sign of life for ${formatDuration(Math.max(0, now - task.updated_at))}` : "",
    task.cancel_requested ? "Stopping" : "",
    pace?.isLate ? pace.text : "",
    task.state === "PROCESSING" && own !== "" ? own : joined(state, own),
    formatCounts(task),
  );
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}

function estimateOf(task: Task, now: number): string {
  // The time left is omitted, because the bar already shows that the progress is indeterminate.
  if (task.eta === null && task.eta_reason === "unknown_progress") return "";
  return timeLeft(task, now).replace(/^about /, "~").replace(/^a few |,.*/, "");
}

function agoOf(task: Task, now: number): string {
  return task.finished_at === null ? "" : formatAgo(now - task.finished_at);
}
