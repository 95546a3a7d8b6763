/**
 * Tasks as lines of text: `name  [██████░░░░]  62 %  status  elapsed  time left`. For terminals and for curl. Pure.
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
import { stateWords, type Task } from "../task/task.ts";
import { hasEnded, statusWords } from "../task/task_view.ts";
import { padText, plainText, textWidth } from "./terminal_text.ts";

/** How {@linkcode textBars} draws. */
export interface TextBarsOptions {
  /** The most columns that a line may take. */
  readonly width: number;
  /** The time, in epoch seconds. */
  readonly now: number;
  /** Whether states are coloured, by escape sequences. @default {false} */
  readonly color?: boolean;
  /** Whether it is a list to pick from: with the ids of the tasks, and how long ago they ended. @default {false} */
  readonly isList?: boolean;
}

/** A column: what is in each line, and how many columns of the terminal it takes. */
interface Column {
  readonly cells: readonly string[];
  /** With less than this, it is left out. */
  readonly least: number;
  /** With more than this, there is nothing to be won. */
  readonly most: number;
  /** Where there is no room for all columns, the highest goes first. */
  readonly rank: number;
  readonly toRight?: boolean;
  readonly isColored?: boolean;
}

const GAP = "  ";
/** Names and words are longer than this only where there is room. */
const SHORT_NAME = 8;
const SHORT_WORDS = 12;
/** Names take no more than this part of a line, nor more than so many columns. */
const NAME_PART = 1 / 4;
const LONGEST_NAME = 40;
/** From this width on, bars are twice as long. */
const WIDE = 100;
/** Words take a multiple of this, so that what stands behind them does not move with every letter. */
const WORDS_STEP = 10;
/** Most durations and estimates are no wider, so columns of them stay where they are while they change. */
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
 * Draws tasks, a line each, in aligned columns. Whatever is in the tasks, the lines hold no control characters and no
 * escape sequences but those that colour them.
 *
 * @param tasks the tasks
 * @param options how wide, as of when
 * @returns a line for each task, without an end of line
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

function columnsOf(tasks: readonly Task[], { width, now, isList = false }: TextBarsOptions): Column[] {
  // Most characters take a column at least, and of more than there is room for, nobody sees the rest.
  const plain = (text: string) => plainText(text, 2 * width);
  const ids = isList ? tasks.map((task) => plain(task.id)) : [];
  const names = tasks.map((task) => plain(task.name));
  const bars = tasks.map((task) => barOf(task.progress, width < WIDE ? 10 : 20));
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
    ...(isList ? [fixed(ids, 2)] : []),
    { cells: names, least: Math.min(name, SHORT_NAME), most: name, rank: 0 },
    { ...fixed(bars, 4), isColored: true },
    { ...fixed(percents, 1, "100 %".length), toRight: true },
    { cells: words, least: Math.min(mostWords, SHORT_WORDS), most: mostWords, rank: 3, isColored: true },
    fixed(durations, 5, DURATION_WIDTH),
    fixed(estimates, 6, estimates.some((text) => text !== "") ? TIME_LEFT_WIDTH : 0),
  ];
}

function fixed(cells: readonly string[], rank: number, least = 0): Column {
  const width = Math.max(least, widest(cells));
  return { cells, least: width, most: width, rank };
}

/**
 * The width of each column, 0 where it is left out. What is left when all have their least goes to the first that can
 * use it.
 */
function layOut(columns: readonly Column[], width: number): number[] {
  const byRank = [...columns].filter(({ most }) => most > 0).sort((a, b) => a.rank - b.rank);
  const kept: Column[] = [];
  let room = width + GAP.length;
  for (const column of byRank) {
    // The first in rank is there however little room there is.
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

/** A bar that is full only where all is done, and that is empty of both signs where nobody knows. */
function barOf(progress: number | null, length: number): string {
  if (progress === null) return `[${"·".repeat(length)}]`;
  const done = Math.min(length, Math.max(0, Math.floor(progress / 100 * length + 1e-9)));
  return `[${"█".repeat(done)}${"░".repeat(length - done)}]`;
}

/** The state in words, where it is not seen by a bar that moves, and what the task says of itself. */
function wordsOf(task: Task, now: number): string {
  // A state from a later version is shown as it is called.
  const state = stateWords(task.state, task.error) ?? String(task.state);
  const own = statusWords(task);
  if (task.state === "ERROR") return state;
  if (hasEnded(task)) return joined(state, own);
  return joined(
    task.stale ? `No sign of life for ${formatDuration(Math.max(0, now - task.updated_at))}` : "",
    task.cancel_requested ? "Stopping" : "",
    task.state === "PROCESSING" && own !== "" ? own : joined(state, own),
    formatCounts(task),
  );
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}

function estimateOf(task: Task, now: number): string {
  // That nobody knows how far it is can be seen.
  if (task.eta === null && task.eta_reason === "unknown_progress") return "";
  return timeLeft(task, now).replace(/^about /, "~").replace(/^a few |,.*/, "");
}

function agoOf(task: Task, now: number): string {
  return task.finished_at === null ? "" : formatAgo(now - task.finished_at);
}
