/**
 * What can be read from a line of a program's output, and how to write down that it was. Pure.
 *
 * @module
 */

/** How far a program is, as its own words say. A key that is absent is not spoken of. */
export interface Reading {
  /** From 0 to 100; `null` where the program does not say. */
  readonly progress?: number | null;
  /** How many are done. */
  readonly current?: number | null;
  /** How many there are. */
  readonly total?: number | null;
  /** What is counted. */
  readonly unit?: string | null;
  /** What is going on. */
  readonly status?: string;
}

/**
 * Reads the lines of one program in one format. It may remember what it read before.
 *
 * @param text the line
 * @param isRedraw whether the line was drawn over afterwards
 * @returns what it says; `null` where the line is of this format, but says nothing of progress; `undefined` where it is
 * of another format
 */
export type Format = (text: string, isRedraw: boolean) => Reading | null | undefined;

/** What there is beside numbers. */
export interface ReadingWords {
  readonly unit?: string | null | undefined;
  readonly status?: string | undefined;
}

/**
 * A reading of a percentage alone. What was counted before is not any more.
 *
 * @param progress from 0 to 100
 * @param words what else is said
 * @returns the reading; `undefined` where that is no percentage
 */
export function percentage(progress: number, words: ReadingWords = {}): Reading | undefined {
  if (!(progress >= 0 && progress <= 100)) return undefined;
  return { progress, current: null, total: null, ...spoken(words) };
}

/**
 * A reading of counts.
 *
 * @param current how many are done
 * @param total how many there are; `null` where that is not known
 * @param words what else is said
 * @returns the reading; `undefined` where it can't be, such as 5 of 3
 */
export function counted(
  current: number,
  total: number | null,
  words: ReadingWords = {},
): Reading | undefined {
  if (!(current >= 0 && Number.isFinite(current))) return undefined;
  if (total === null) return { progress: null, current, total: null, ...spoken(words) };
  if (!(total > 0 && current <= total && Number.isFinite(total))) return undefined;
  return { progress: current / total * 100, current, total, ...spoken(words) };
}

function spoken({ unit = null, status }: ReadingWords): Pick<Reading, "unit" | "status"> {
  return status === undefined || status === "" ? { unit } : { unit, status };
}

/** A number with or without commas between its thousands: `1,234` or `1234`. */
export function numberOf(text: string): number {
  return Number(text.replaceAll(",", ""));
}

/**
 * A size in bytes.
 *
 * @param number the number: `1.5`
 * @param prefix `k`, `M`, `Mi` and so on, or nothing
 * @param base what a plain `k` stands for: 1000, or 1024 with those who mean that
 */
export function bytesOf(number: string, prefix: string | undefined, base: 1000 | 1024 = 1000): number {
  const power = prefix ? " kmgtpe".indexOf(prefix[0]!.toLowerCase()) : 0;
  return Math.round(numberOf(number) * (prefix?.endsWith("i") ? 1024 : base) ** power);
}

/** Seconds of `1:02:03.5`, `02:03` or `3.5`. */
export function secondsOf(text: string): number {
  return text.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
