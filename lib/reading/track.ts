/**
 * A track: the sightings of one source in a program's output. Pure.
 *
 * @module
 */

import { FRONT_LABEL, RANK, type Reading, type Sighting } from "./reading.ts";

/** The sightings of one source, which is identified by an output, a format, and a label with its numbers blanked. */
export interface Track {
  readonly format: string;
  readonly output: string;
  /** The row of the first sighting: of tracks with the same rank, the topmost is shown. */
  readonly row: number;
  readonly order: number;
  /** The newest keys by which the track is found: its labels, possibly with a total. */
  readonly keys: string[];
  /** The row of the newest sighting. */
  lastRow: number;
  newest: Sighting;
  /** The progress in the first sighting. */
  readonly first: number;
  isNamed: boolean;
  /** Whether the track was ever below 100 %; if not, it is a summary. */
  wasOpen: boolean;
  sightings: number;
  rises: number;
  /** The numbers of the steps at which the track last rose, at most three. */
  riseSteps: readonly number[];
  /** The number of the step of the newest sighting. */
  seenStep: number;
  /** The time of the newest sighting, and the mean time between sightings, in milliseconds. */
  seenMs: number;
  intervalMs: number;
  /** When the track reached 100 %, in milliseconds; `null` if it is below. */
  endedMs: number | null;
  /**
   * The number of the step at which the track began. Steps are numbered across all tracks, so that they can be ordered.
   */
  readonly born: number;
  lastStep: number;
  stepBefore: number;
  lastRestart: number;
  /** Whether the track is a part of another one, because it restarts between two steps of the other one. */
  isPart: boolean;
  /** Since when the track's row has shown something else, in milliseconds; `null` while the row shows the track. */
  replacedMs: number | null;
  /** The number of other lines since the newest sighting. */
  otherLines: number;
  /** The rows of the track. If several rows are drawn in turn, the track is parallel. */
  readonly rows: Set<number>;
  /** The newest progress of each part of the track, by the name of the bar or, if it has none, by the row. */
  readonly parts: Map<number | string, number | null>;
  /** How often a row of the track was drawn after a row below it. */
  turns: number;
  isParallel: boolean;
  /** Another track that advances side by side with this one; `null` if there is none. */
  rival: Track | null;
  /** How often the number fell from below 90 %. A number that rises and falls is a level, such as the use of memory. */
  falls: number;
  /** How often the name in the label has changed, so that each line may be about another item. */
  renames: number;
  /** The number of steps that the program skipped without announcing them. */
  skipped: number;
  /** Whether too many steps were skipped, so that the lines do not announce steps, although they look like it. */
  leaps: boolean;
  /** Until the track has this many sightings, it may be several tracks with the same label. */
  doubtfulUntil: number;
  /** Whether the track was drawn more than once in the same row. */
  isRedrawn: boolean;
}

/** Where and when a sighting was made. */
export interface Place {
  /** The name of the output. */
  readonly output: string;
  /** The row of the line in its output. */
  readonly row: number;
  /** The time of the sighting, in milliseconds of any clock that does not go back. */
  readonly atMs: number;
}

/** The number of rises after which a bare number is believed. */
const BELIEVED_RISES = 2;
/** The number of rises if each line names another item, because the number may be the item's own percentage. */
const BELIEVED_RENAMED_RISES = 4;
/** The minimum rise after which a bare percentage is believed, in percentage points, because rates and ratios drift. */
const BELIEVED_POINTS = 1;
/**
 * A count with at least this total is believed even if it begins above {@linkcode BELIEVED_START}, because scores are
 * out of ten or a hundred.
 */
const BELIEVED_TOTAL = 101;
/** A number whose first value is above this, in percent, is probably a score. */
const BELIEVED_START = 50;
/** A count that rises less than this many times as often as it falls is a level. */
const LEVEL_RATIO = 2;
/** A bar that falls more often than this, and about as often as it rises, is a level. */
const MOST_FALLS = 2;
/** The maximum number of steps that a program may skip without announcing them. */
const MOST_SKIPPED = 1;
/**
 * The maximum decrease of a percentage that is not a restart, in percentage points, because the total may be an
 * estimate.
 */
const ESTIMATED_POINTS = 1;
/** A track above this, in percent, may have ended: the last steps of a loop are often not printed. */
const CLOSE = 90;
/** How long a track's row may show something else before the track is no longer shown, in milliseconds. */
const REPLACED_MS = 1_000;
/**
 * How long a track may be unseen while other lines arrive, in milliseconds: the number of its mean intervals, within
 * these two limits.
 */
const UNSEEN_MS = 60_000;
const UNSEEN_INTERVALS = 10;
const UNSEEN_FLOOR_MS = 5_000;

/**
 * Begins a track.
 *
 * @param sighting the first sighting of the track
 * @param place where and when the sighting was made
 * @param order the number of the track
 * @param step the number of the step at which the track begins
 */
export function newTrack(
  sighting: Sighting,
  { output, row, atMs }: Place,
  order: number,
  step: number,
): Track {
  return {
    format: sighting.format,
    output,
    row,
    order,
    keys: [],
    lastRow: row,
    newest: sighting,
    first: sighting.progress ?? 0,
    isNamed: false,
    wasOpen: false,
    sightings: 0,
    rises: 0,
    riseSteps: [],
    seenStep: step,
    seenMs: atMs,
    intervalMs: 0,
    endedMs: null,
    born: step,
    lastStep: step,
    stepBefore: step,
    lastRestart: 0,
    isPart: false,
    replacedMs: null,
    otherLines: 0,
    rows: new Set(),
    parts: new Map(),
    turns: 0,
    isParallel: false,
    isRedrawn: false,
    doubtfulUntil: 0,
    skipped: 0,
    leaps: false,
    renames: 0,
    falls: 0,
    rival: null,
  };
}

export function isDrawnBar({ newest }: Track): boolean {
  return newest.rank === RANK.drawn;
}

export function isBelieved(track: Track): boolean {
  const isOneBar = track.newest.rank === RANK.drawn && track.newest.current === null && track.rows.size === 1;
  if (isOneBar && track.falls > MOST_FALLS && isLevel(track)) return false;
  if (track.isNamed) return track.wasOpen && !isDoubtfulStart(track);
  // Lines that consist only of a number may count anything, if they rise by one each time.
  if (
    track.format === "number" && track.newest.label === "" &&
    (track.newest.progress ?? 0) - track.first <= track.rises
  ) return false;
  // `a1.png: 42% of original`, `a2.png: 44% of original`: the percentage belongs to the item of the line.
  const isRenamed = track.newest.current === null && track.renames >= track.sightings - 1;
  if (isRenamed && track.rises < BELIEVED_RENAMED_RISES) return false;
  if (track.newest.current === null ? track.falls > 0 : isLevel(track)) return false;
  const hasMoved = track.newest.current !== null ||
    (track.newest.progress ?? 0) - track.first >= BELIEVED_POINTS;
  return track.wasOpen && track.rises >= BELIEVED_RISES && hasMoved &&
    (track.first < BELIEVED_START || (track.newest.total ?? 0) >= BELIEVED_TOTAL);
}

/** `L: 8/11`, `L: 3/11`, `L: 6/11`: a count that falls about as often as it rises. */
function isLevel({ falls, rises }: Track): boolean {
  return falls > 1 && falls * LEVEL_RATIO > rises;
}

/** `[ 0%] Checking for updates`, if seen only once, is often the first line of something else. */
export function isDoubtfulStart({ sightings, newest: { label, progress } }: Track): boolean {
  return sightings === 1 && progress === 0 && label === FRONT_LABEL;
}

export function isCandidate(track: Track, atMs: number): boolean {
  if (track.isPart || !isBelieved(track)) return false;
  if (track.sightings < track.doubtfulUntil && !track.isParallel) return false;
  if (track.replacedMs !== null && atMs - track.replacedMs >= REPLACED_MS) return false;
  const mostMs = track.sightings === 1
    ? UNSEEN_MS
    : Math.min(UNSEEN_MS, Math.max(UNSEEN_FLOOR_MS, track.intervalMs * UNSEEN_INTERVALS));
  return track.otherLines === 0 || atMs - track.seenMs < mostMs;
}

export function isUnderWay({ newest: { progress } }: Track): boolean {
  return progress !== null && progress > 0 && progress < 100;
}

export function isAtEnd({ progress, current, total }: Sighting): boolean {
  return progress === null ? total !== null && current === total : progress >= 100;
}

export function isClose({ progress }: Sighting): boolean {
  return progress !== null && progress >= CLOSE;
}

/**
 * Whether the last step was announced. The end of the last step is not announced, so any later track counts as the next
 * phase.
 */
export function isInLastStep({ newest: { isBeginning, current, total } }: Track): boolean {
  return isBeginning && current !== null && current === total;
}

export function hasEnded(track: Track): boolean {
  return track.endedMs !== null || isInLastStep(track);
}

/**
 * Whether a restart from this sighting begins another phase. The last line of a loop is often not printed, so it need
 * not be at the end.
 */
export function isNearEnd(sighting: Sighting): boolean {
  if (sighting.isBeginning && sighting.current === sighting.total) return true;
  return isAtEnd(sighting) || (sighting.rank === RANK.drawn && isClose(sighting));
}

/**
 * Returns a number above 0 if a track has risen, and below 0 if it has restarted. If the total grows, a lower
 * percentage is not a restart.
 */
export function changeOf(before: Sighting, after: Sighting): number {
  if (before.current !== null && after.current !== null) {
    const change = after.current - before.current;
    if (change !== 0 || before.total !== after.total) return change;
  }
  const points = (after.progress ?? 0) - (before.progress ?? 0);
  // A percentage of an estimated size may fall slightly.
  return before.rank > RANK.bare && points < 0 && points >= -ESTIMATED_POINTS ? 0 : points;
}

/** Returns a sighting of a track with parallel rows: the number of finished rows of all known rows. */
export function finishedOf({ parts }: Track, sighting: Sighting): Sighting {
  const finished = [...parts.values()].filter((progress) => progress !== null && progress >= 100).length;
  const progress = finished / parts.size * 100;
  return { ...sighting, progress, current: finished, total: parts.size, unit: null, status: undefined };
}

/** Returns the reading of parallel tracks: the number of finished tracks of all known tracks. */
export function finishedOfAll(tracks: readonly Track[]): Reading {
  const finished = new Map<number | string, boolean>();
  for (const track of tracks) {
    const parts: readonly (readonly [number | string, number | null])[] = track.isParallel
      ? [...track.parts]
      : [[track.lastRow, track.endedMs !== null || isAtEnd(track.newest) ? 100 : 0]];
    for (const [row, progress] of parts) finished.set(row, finished.get(row) || (progress ?? 0) >= 100);
  }
  const current = [...finished.values()].filter(Boolean).length;
  return { progress: current / finished.size * 100, current, total: finished.size, unit: null };
}

/**
 * `(2/34) Uploading files...`, `(6/34) Uploading files...`: if more than one step is skipped, the lines do not announce
 * steps, but count finished ones. The same is true if the first line is `0/34`, because there is no step 0.
 */
export function withoutLeaps(track: Track, sighting: Sighting): Sighting {
  const { current, total, isBeginning, rank } = sighting;
  if (!isBeginning || current === null || total === null || rank === RANK.stated) return sighting;
  const { newest } = track;
  if (newest.isBeginning && newest.total === total) {
    track.skipped += Math.max(0, current - 1 - (newest.current ?? current));
  }
  track.leaps ||= track.skipped > MOST_SKIPPED || current === 0;
  return track.leaps ? { ...sighting, progress: current / total * 100, isBeginning: false } : sighting;
}

/**
 * After a row has announced a step, later versions of the row are about the same step, as in `Sending 1/8 ... OKAY`. A
 * new row that is not complete yet announces the next step: `2/8`.
 */
export function continuedStep(
  { newest, lastRow, leaps }: Track,
  sighting: Sighting,
  { row, isRedraw }: { readonly row: number; readonly isRedraw: boolean },
): Sighting {
  const { current, total, isBeginning } = newest;
  if (!isBeginning || leaps || sighting.isBeginning || current === null) return sighting;
  const step = row === lastRow ? current : isRedraw ? current + 1 : null;
  if (total === null || sighting.total !== total || step === null || sighting.current !== step) {
    return sighting;
  }
  return { ...sighting, progress: Math.max(0, step - 1) / total * 100, isBeginning };
}
