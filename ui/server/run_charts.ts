/**
 * Counts past runs for charts: by duration, and by when they ended.
 *
 * @module
 */

import { formatDuration, formatExactDuration } from "../../lib/text/format.ts";
import { quantile } from "../../lib/task/quantile.ts";
import { durationOf } from "../../lib/task/run_stats.ts";
import type { RunSummary } from "../../lib/task/run_summary.ts";

/** The number of bars of a chart. */
const BINS = 12;
/** The minimum width of a bar of the duration chart, in seconds, which is the resolution of the times. */
const MIN_WIDTH = 1e-3;

/** The runs in a range of durations or times; the range includes its start but not its end. */
export interface Bin {
  /** The start of the range: seconds of a duration, or epoch seconds. */
  readonly from: number;
  readonly to: number;
  /** The number of runs in the range. */
  readonly runs: number;
  /** The number of these runs that failed. */
  readonly failed: number;
}

/** The distribution of durations. */
export interface DurationBins {
  readonly bins: readonly Bin[];
  /** Whether the last bin also has all runs that took longer. */
  readonly isOpen: boolean;
}

/**
 * Counts finished runs by duration. If a few runs took much longer than the others, they are all in the last bin;
 * otherwise, nearly all runs would be in the first bin.
 *
 * @returns the bins, shortest durations first; `null` if fewer than three runs finished
 */
export function durationBins(runs: readonly RunSummary[]): DurationBins | null {
  const durations = runs.filter(({ state }) => state === "FINISHED").map(durationOf)
    .filter((duration) => duration !== null).sort((a, b) => a - b);
  if (durations.length < 3) return null;
  const [least, most] = [durations[0]!, durations.at(-1)!];
  const usual = quantile(durations, 0.95);
  const end = Math.max(Math.min(most, least + (usual - least) * 1.5 || most), least + BINS * MIN_WIDTH);
  return { bins: binsOf(durations.map((at) => ({ at, isFailed: false })), least, end), isOpen: end < most };
}

/**
 * Returns a function that formats the bounds of bins of durations: as durations are formatted elsewhere or, if the two
 * bounds of a bin would read the same, with as many digits as the bins are wide.
 */
export function durationFormat(bins: readonly Bin[]): (seconds: number) => string {
  const isTelling = bins.every(({ from, to }) => formatDuration(from) !== formatDuration(to));
  if (isTelling) return formatDuration;
  const { from, to } = bins[0]!;
  return (seconds) => formatExactDuration(seconds, to - from);
}

/**
 * Counts finished and failed runs by when they ended.
 *
 * @param runs the past runs, latest end first
 * @returns the bins, oldest first; `null` if there are fewer than three such runs
 */
export function failureBins(runs: readonly RunSummary[]): readonly Bin[] | null {
  const decided = runs.filter(({ state, finished_at }) => state !== "CANCELLED" && finished_at !== null);
  if (decided.length < 3) return null;
  const points = decided.map(({ finished_at, state }) => ({ at: finished_at!, isFailed: state === "ERROR" }));
  return binsOf(points, points.at(-1)!.at, points[0]!.at);
}

interface Point {
  readonly at: number;
  readonly isFailed: boolean;
}

function binsOf(points: readonly Point[], start: number, end: number): Bin[] {
  const width = Math.max(end - start, 1e-3) / BINS;
  const counts = Array.from({ length: BINS }, () => ({ runs: 0, failed: 0 }));
  for (const { at, isFailed } of points) {
    // The last bin includes its end, and all runs beyond it.
    const count = counts[Math.min(BINS - 1, Math.max(0, Math.floor((at - start) / width)))]!;
    count.runs++;
    if (isFailed) count.failed++;
  }
  return counts.map((count, index) => ({
    from: start + index * width,
    to: start + (index + 1) * width,
    ...count,
  }));
}
