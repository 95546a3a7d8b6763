/**
 * Defines the data of progress reading: lines, sightings (what one line says), and the progress to report. Pure.
 *
 * @module
 */

import type { StyleMark } from "./pen.ts";

/** The progress of a program, as reported to its task. An absent key leaves the record's value as it is. */
export interface Reading {
  /** The progress, from 0 to 100; `null` if it is indeterminate. */
  readonly progress?: number | null;
  /** How many units are done. */
  readonly current?: number | null;
  /** The total number of units; `null` if it is unknown. */
  readonly total?: number | null;
  /** The unit of `current` and `total`. */
  readonly unit?: string | null;
  /** What the program is doing; `null` if this is no longer known. */
  readonly status?: string | null;
  /** Numbers to chart over time. */
  readonly values?: { readonly [name: string]: number };
}

/** How reliable a sighting is; of several tracks, the one with the highest rank is shown. */
export const RANK = {
  /** A number that may mean something else. */
  bare: 1,
  /** A drawn bar, or the known format of a program. */
  drawn: 2,
  /** A statement about the whole: JSON, OSC 9;4, or a line of totals. */
  stated: 3,
} as const;

/** One of the values of {@linkcode RANK}. */
export type Rank = typeof RANK[keyof typeof RANK];

/** The label of a percentage in brackets in front of changing words: `[ 42%] Building a.o`. */
export const FRONT_LABEL = "[#]";

/** A line, as formats see it. */
export interface Line {
  /** The text without prefixes such as timestamps, with numbers in ASCII. */
  readonly text: string;
  /** The text as it was written. */
  readonly raw: string;
  /** The positions in {@linkcode raw} at which styles begin, if the line is a version of a row. */
  readonly marks?: readonly StyleMark[] | undefined;
  /** Whether the line is a version of a row that is being redrawn. */
  readonly isRedraw: boolean;
  /** The number of the row in its output. */
  readonly row: number;
}

/** What one line says about progress. */
export interface Sighting {
  /** The name of the format that recognised the line. */
  readonly format: string;
  readonly rank: Rank;
  /** Distinguishes tracks of one format: the words beside the numbers. Numbers in the label are ignored. */
  readonly label: string;
  /** The progress, from 0 to 100; `null` if only a count is known. */
  readonly progress: number | null;
  readonly current: number | null;
  readonly total: number | null;
  readonly unit: string | null;
  readonly status?: string | undefined;
  /** Numbers in the line to chart over time, whether or not its progress is shown. */
  readonly values?: Reading["values"];
  /**
   * Whether one line is enough evidence, because it names what it counts. Other numbers must rise twice before they are
   * believed.
   */
  readonly isNamed: boolean;
  /** Whether the line announces step `current` of `total`, so that only the steps before it are done. */
  readonly isBeginning: boolean;
}

/**
 * Recognises lines of one format. A format may remember earlier lines.
 *
 * @param line a line or redraw
 * @returns what it says; `null` if the line is of this format but says nothing about the progress of the whole; `undefined`
 * if it is of another format
 */
export type Format = (line: Line) => Sighting | null | undefined;

/** The parts of a {@linkcode Sighting} that most formats leave at their defaults. */
export type SightingOptions = Partial<Omit<Sighting, "progress" | "current" | "total">>;

/**
 * Creates the sighting of a percentage.
 *
 * @param format the name of the format
 * @param progress from 0 to 100
 * @param options what else the line says
 * @returns the sighting; `undefined` if the number can't be a percentage of progress
 */
export function percentage(
  format: string,
  progress: number,
  options: SightingOptions = {},
): Sighting | undefined {
  if (!(progress >= 0 && progress <= 100)) return undefined;
  return sighting(format, { progress, current: null, total: null }, options);
}

/**
 * Creates a sighting that makes the progress of its track indeterminate.
 *
 * @param format the name of the format
 * @param options what else the line says
 */
export function indeterminate(format: string, options: SightingOptions = {}): Sighting {
  return sighting(format, { progress: null, current: null, total: null }, options);
}

/**
 * Creates the sighting of a count.
 *
 * @param format the name of the format
 * @param current the number of units done or, with `isBeginning`, the number of the step that begins
 * @param total the total number of units; `null` if it is unknown
 * @param options what else the line says
 * @returns the sighting; `undefined` if the numbers are impossible, such as 5 of 3
 */
export function counted(
  format: string,
  current: number,
  total: number | null,
  options: SightingOptions = {},
): Sighting | undefined {
  if (!(current >= 0 && Number.isFinite(current))) return undefined;
  if (total === null) return sighting(format, { progress: null, current, total }, options);
  if (!(total > 0 && current <= total && Number.isFinite(total))) return undefined;
  const done = options.isBeginning ? Math.max(0, current - 1) : current;
  return sighting(format, { progress: done / total * 100, current, total }, options);
}

function sighting(
  format: string,
  amount: Pick<Sighting, "progress" | "current" | "total">,
  {
    rank = RANK.drawn,
    label = "",
    unit = null,
    status,
    values,
    isNamed = rank > RANK.bare,
    isBeginning = false,
  }: SightingOptions,
): Sighting {
  const text = status?.trim().slice(0, 200);
  return {
    format,
    rank,
    label,
    unit,
    isNamed,
    isBeginning,
    ...amount,
    status: text === "" ? undefined : text,
    ...(values !== undefined && { values }),
  };
}
