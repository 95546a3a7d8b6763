/**
 * A track: the sightings of one source in a program's output. Pure.
 *
 * @module
 */

import { FRONT_LABEL, RANK, type Reading, type Sighting } from "./reading.ts";

/** The readings of one source: an output, a format, and a line with its numbers blanked. */
export interface Track {
  readonly format: string;
  readonly output: string;
  /** The row of the first sighting: of tracks with the same rank, the topmost is shown. */
  readonly row: number;
  readonly order: number;
  /** The newest of the keys by which it is found: its labels, perhaps with a total. */
  readonly keys: string[];
  /** The row of the newest sighting. */
  lastRow: number;
  newest: Sighting;
  /** The progress when it was first seen. */
  readonly first: number;
  isNamed: boolean;
  /** Whether it was ever below 100 %; otherwise it is a summary. */
  wasOpen: boolean;
  sightings: number;
  rises: number;
  /** The steps of its last three rises. */
  riseSteps: readonly number[];
  /** The number of the step at which it was last seen. */
  seenStep: number;
  /** When it was last seen, and the mean time between sightings. */
  seenMs: number;
  intervalMs: number;
  /** When it reached 100 %; `null` unless it is there. */
  endedMs: number | null;
  /** Steps are numbered over all tracks, so that they can be put in order. */
  readonly born: number;
  lastStep: number;
  stepBefore: number;
  lastRestart: number;
  /** Whether it restarts between two steps of another track, of which it is a part. */
  isPart: boolean;
  /** Since when its row shows something else; `null` while it shows the track. */
  replacedMs: number | null;
  /** Other lines since it was seen. */
  otherLines: number;
  /** Its rows; more than one that are drawn in turn are parallel. */
  readonly rows: Set<number>;
  /** The progress of each of its parts, as last drawn, by the name of the bar, or else by the row. */
  readonly parts: Map<number | string, number | null>;
  /** How often an upper row was drawn after a lower one. */
  turns: number;
  isParallel: boolean;
  /** A track that was found to advance beside it; `null` if there is none. */
  rival: Track | null;
  /** How often it fell from below 90 %: a number that rises and falls is a level. */
  falls: number;
  /** How often the name in its label has changed: each line is about another thing. */
  renames: number;
  /** How many steps it did not announce. */
  skipped: number;
  /** Whether its counts leap, so that its lines announce no steps although they look like it. */
  leaps: boolean;
  /** Until it has so many sightings, it may be several. */
  doubtfulUntil: number;
  /** Whether it was drawn in one row more than once. */
  isRedrawn: boolean;
}

/** Where and when a sighting was made. */
export interface Place {
  /** The name of the output. */
  readonly output: string;
  /** The row of the line in its output. */
  readonly row: number;
  /** When, in milliseconds of any clock that does not go back. */
  readonly atMs: number;
}

/** Rises after which a bare number is believed. */
const BELIEVED_RISES = 2;
/** The same if each line names another thing, whose own percentage it may be. */
const BELIEVED_RENAMED_RISES = 4;
/** A bare percentage must have risen this far, in percentage points, because rates and ratios drift. */
const BELIEVED_POINTS = 1;
/** A count of at least so many may be first seen anywhere: scores are of ten or a hundred at most. */
const BELIEVED_TOTAL = 101;
/** A number that is first seen above this, in percent, is likely a score. */
const BELIEVED_START = 50;
/** A count that rises less than this many times as often as it falls is a level. */
const LEVEL_RATIO = 2;
/** A bar that falls more often, and about as often as it rises, is a level. */
const MOST_FALLS = 2;
/** Steps that a program may skip without announcing them. */
const MOST_SKIPPED = 1;
/** How far a percentage may fall because the size is estimated, in percentage points. */
const ESTIMATED_POINTS = 1;
/** A track above this, in percent, may have ended: the last steps of a loop are often not printed. */
const CLOSE = 90;
/** How long a track's row may show something else. */
const REPLACED_MS = 1_000;
/** How long a track may go unseen while other lines come; and how many of its intervals, but not less than the floor. */
const UNSEEN_MS = 60_000;
const UNSEEN_INTERVALS = 10;
const UNSEEN_FLOOR_MS = 5_000;

/**
 * Begins a track.
 *
 * @param sighting the first one
 * @param place where and when it was made
 * @param order the number of the track
 * @param step the number of the step that it begins with
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
  // Lines that are numbers and nothing else may count anything, one by one.
  if (
    track.format === "number" && track.newest.label === "" &&
    (track.newest.progress ?? 0) - track.first <= track.rises
  ) return false;
  // `a1.png: 42% of original`, `a2.png: 44% of original`: each has a percentage of its own.
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

/** `[  0%] Checking for updates`, once, is often the first line of something else. */
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

/** Whether the last step was announced. Its end is not announced, but any later track follows it. */
export function isInLastStep({ newest: { isBeginning, current, total } }: Track): boolean {
  return isBeginning && current !== null && current === total;
}

export function hasEnded(track: Track): boolean {
  return track.endedMs !== null || isInLastStep(track);
}

/** Whether a restart from here is another phase: the last line of a loop is often not printed. */
export function isNearEnd(sighting: Sighting): boolean {
  if (sighting.isBeginning && sighting.current === sighting.total) return true;
  return isAtEnd(sighting) || (sighting.rank === RANK.drawn && isClose(sighting));
}

/** Above 0 if a track has risen, below 0 if it has restarted. With a larger total, progress may fall without that. */
export function changeOf(before: Sighting, after: Sighting): number {
  if (before.current !== null && after.current !== null) {
    const change = after.current - before.current;
    if (change !== 0 || before.total !== after.total) return change;
  }
  const points = (after.progress ?? 0) - (before.progress ?? 0);
  // Of an estimated size, a share may fall a little.
  return before.rank > RANK.bare && points < 0 && points >= -ESTIMATED_POINTS ? 0 : points;
}

/** Parallel rows count as finished ones of those that are known. */
export function finishedOf({ parts }: Track, sighting: Sighting): Sighting {
  const finished = [...parts.values()].filter((progress) => progress !== null && progress >= 100).length;
  const progress = finished / parts.size * 100;
  return { ...sighting, progress, current: finished, total: parts.size, unit: null, status: undefined };
}

/** Parallel tracks count as finished ones of those that are known. */
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
 * `(2/34) Uploading files...`, `(6/34) Uploading files...`: what does not announce every step counts steps done, except that
 * one step may be skipped. So does what begins at `0/34`: there is no step 0.
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
 * A row that announced a step goes on about it, until the next one begins: `Sending 1/8 ... OKAY`. A row that is not complete
 * yet announces the next one: `2/8`.
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
