/**
 * Formats that one regular expression describes. Pure.
 *
 * @module
 */

import { bytesOf, countOf, percentOf, secondsOf } from "../numbers.ts";
import {
  counted,
  type Format,
  type Line,
  percentage,
  type Sighting,
  type SightingOptions,
} from "../reading.ts";

/** A pattern of lines, and the meanings of its groups. */
export interface Pattern extends Omit<SightingOptions, "label"> {
  /** The program, or the family of programs, that writes such lines. Patterns with the same name are one source. */
  readonly format: string;
  /**
   * Matches the line. Its groups: `percent`; `current` and `total`, or `current` and `left`, for counts; `done` and
   * `size` with `doneUnit` and `sizeUnit`, the prefixes of their units; `what` is the current activity; `phase` is the
   * activity, too, and also identifies the track, as does `label`; `unit` is the unit of the count; `elapsed` and
   * `duration` are clocks.
   */
  readonly pattern: RegExp;
  /** The factor of a `k` without `i`. @default {1000} */
  readonly base?: 1000 | 1024;
  /** Whether lines of this pattern say nothing about the whole, and are ignored. */
  readonly isSilent?: boolean;
}

/**
 * Creates a format from patterns; the first one that matches a line decides.
 *
 * @param patterns the patterns, in the order in which they are tried
 */
export function patterns(patterns: readonly Pattern[]): () => Format {
  const format: Format = (line) => {
    for (const pattern of patterns) {
      const groups = pattern.pattern.exec(line.text)?.groups ?? matched(pattern, line);
      if (groups !== undefined) return pattern.isSilent ? null : read(pattern, groups) ?? null;
    }
    return undefined;
  };
  return () => format;
}

/** Returns an empty object if a pattern without groups matches. */
function matched({ pattern }: Pattern, { text }: Line): Record<string, never> | undefined {
  return pattern.test(text) ? {} : undefined;
}

function read(
  { pattern: _pattern, base = 1000, format, ...options }: Pattern,
  groups: Readonly<Record<string, string | undefined>>,
): Sighting | undefined {
  const {
    percent,
    current,
    total,
    done,
    doneUnit,
    size,
    sizeUnit,
    phase,
    what = phase,
    label = phase,
    unit,
  } = groups;
  const words = {
    ...options,
    label: label ?? "",
    ...(unit !== undefined && { unit }),
    ...(what !== undefined && options.status === undefined && { status: what }),
  };
  if (current !== undefined) {
    // A count of one of one says nothing.
    if (options.isBeginning && total !== undefined && countOf(total) < 2) return undefined;
    const { left } = groups;
    const all = left === undefined ? total : String(countOf(current) + countOf(left));
    return counted(format, countOf(current), all === undefined ? null : countOf(all), words);
  }
  const { elapsed, duration } = groups;
  if (elapsed !== undefined && duration !== undefined) {
    return counted(format, secondsOf(elapsed), secondsOf(duration), { unit: "s", ...words });
  }
  const progress = percent === undefined ? null : percentOf(percent);
  if (done !== undefined) {
    const bytes = { unit: "B", ...words };
    const whole = size === undefined ? null : bytesOf(size, sizeUnit, base);
    const found = counted(
      format,
      bytesOf(done, doneUnit, base),
      whole,
      bytes,
    );
    if (found !== undefined && (found.progress !== null || progress === null)) {
      return progress === null || progress > 100 ? found : { ...found, progress };
    }
  }
  return progress === null ? undefined : percentage(format, progress, words);
}
