/**
 * The progress read from a line of output, and helpers that create it. Pure.
 *
 * @module
 */

/** The progress that a line states. A missing key means that the line does not mention it. */
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
 * Reads the lines of one program in one format. It may keep state between lines.
 *
 * @param text the line
 * @param isRedraw whether the line was overwritten afterwards
 * @returns the progress; `null` if the line has this format, but states no progress; `undefined` if it has another format
 */
export type Format = (text: string, isRedraw: boolean) => Reading | null | undefined;

/** The texts of a reading. */
export interface ReadingWords {
  readonly unit?: string | null | undefined;
  readonly status?: string | undefined;
}

/**
 * Creates a reading of a percentage. It clears earlier counts.
 *
 * @param progress from 0 to 100
 * @param words the texts
 * @returns the reading; `undefined` if the percentage is out of range
 */
export function percentage(progress: number, words: ReadingWords = {}): Reading | undefined {
  if (!(progress >= 0 && progress <= 100)) return undefined;
  return { progress, current: null, total: null, ...spoken(words) };
}

/**
 * Creates a reading of counts.
 *
 * @param current how many are done
 * @param total how many there are; `null` if unknown
 * @param words the texts
 * @returns the reading; `undefined` if the counts are impossible, such as 5 of 3
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

/** Parses a number with or without thousands separators: `1,234` or `1234`. */
export function numberOf(text: string): number {
  return Number(text.replaceAll(",", ""));
}

/**
 * Converts a size to bytes.
 *
 * @param number the number: `1.5`
 * @param prefix the unit prefix: `k`, `M`, `Mi` and so on, or none
 * @param base the value of a plain `k`: 1000, or 1024 for programs that mean that
 */
export function bytesOf(number: string, prefix: string | undefined, base: 1000 | 1024 = 1000): number {
  const power = prefix ? " kmgtpe".indexOf(prefix[0]!.toLowerCase()) : 0;
  return Math.round(numberOf(number) * (prefix?.endsWith("i") ? 1024 : base) ** power);
}

/** Parses `1:02:03.5`, `02:03` or `3.5` to seconds. */
export function secondsOf(text: string): number {
  return text.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
