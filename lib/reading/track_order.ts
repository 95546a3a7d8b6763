/**
 * Compares tracks: decides which of two is shown, and which tracks belong together. Pure.
 *
 * @module
 */

import { RANK } from "./reading.ts";
import { hasEnded, isBelieved, isClose, isDrawnBar, isUnderWay, type Track } from "./track.ts";

/**
 * Two rows count as equal once each has risen this many times, if neither has risen more than `EQUAL_RATIO` times as
 * often as the other.
 */
const EQUAL_RISES = 3;
const EQUAL_RATIO = 3;
/** Two lines whose difference is at most this, in percentage points, may be about the same progress. */
const EQUAL_POINTS = 5;
/** The number of rises after which an ended track was certainly progress, and not a summary. */
const SURE_RISES = 3;
/** The maximum number of rows between a part and the row of the whole above it. */
const MOST_ROWS_ABOVE = 3;

/** Whether a track is to be shown rather than another. */
export function isBetter(a: Track, b: Track): boolean {
  if (isWithin(b, a)) return true;
  if (isWithin(a, b)) return false;
  if (a.newest.rank !== b.newest.rank) return a.newest.rank > b.newest.rank;
  // A track that moves after another one has ended is the next phase.
  if (hasEnded(b) && a.lastStep > b.lastStep) return true;
  if (hasEnded(a) && b.lastStep > a.lastStep) return false;
  // A single line with a bare number is little evidence: a later line of this kind replaces it.
  const [isSingleA, isSingleB] = [isSingle(a), isSingle(b)];
  if (isSingleA !== isSingleB) return isSingleB;
  if (isSingleA) return a.order > b.order;
  // In one row, the newer has replaced the older.
  if (isSameRow(a, b)) return a.order > b.order;
  return a.output === b.output && (a.row < 0) === (b.row < 0) ? isAbove(a.row, b.row) : a.order < b.order;
}

/** Rows that are addressed by their number have negative ones; see `screen.ts`. */
export function isAbove(a: number, b: number): boolean {
  return a < 0 ? a > b : a < b;
}

/** Whether a number belongs to a step that was announced before, so that it is the progress within that step. */
export function isWithin(part: Track, { newest, isNamed, order, output }: Track): boolean {
  const isPart = (part.newest.current === null || part.isNamed) && !part.newest.isBeginning &&
    part.newest.total !== newest.total &&
    part.newest.rank !== RANK.stated;
  return newest.isBeginning && isNamed && isPart && part.order > order && part.output === output;
}

export function isSingle({ sightings, newest }: Track): boolean {
  return sightings === 1 && newest.rank === RANK.bare;
}

export function isSameRow(a: Track, b: Track): boolean {
  return a.output === b.output && a.row === b.row && a.row >= 0;
}

/** Whether a bar was first drawn at its end, and another one was then drawn over it. */
export function isPhaseBefore(bar: Track, next: Track): boolean {
  return isDrawnBar(bar) && !bar.wasOpen && bar.endedMs !== null && bar.order < next.order &&
    isSameRow(bar, next);
}

/** Whether a track is the phase after the one that was shown last. */
export function isNext(track: Track, last: Track): boolean {
  // `Status: 2%` of another phase, after `Status: 100%` and other counts
  if (track.lastRestart > last.lastStep && isClose(last.newest)) return true;
  return track.order > last.order && (hasEnded(last) || (isSameRow(last, track) && last.rises > 0));
}

/** Whether a track began after another one had ended, so that it is the next phase, even if its format is different. */
export function isAfter(track: Track, last: Track): boolean {
  return last.endedMs !== null && last.rises >= SURE_RISES && track.born > last.lastStep &&
    track.newest.rank < RANK.stated;
}

/** Whether a track may be the successor of another one that is at or near its end. */
export function isSuccessor(track: Track, other: Track): boolean {
  return track !== other && track.output === other.output && track.order > other.order && isBelieved(track) &&
    track.newest.rank >= other.newest.rank && isClose(other.newest);
}

/** Whether two tracks advance side by side, so that none of them is the whole. */
export function areEqual(track: Track, other: Track): boolean {
  if (track.isParallel) return other.rises > 0 && isDrawnBar(other);
  if (other.lastRestart > 0 || track.lastRestart > 0) return false;
  return isDrawnBar(other) ? areEqualBars(track, other) : areEqualLines(track, other);
}

/** Whether two bars advance about equally often, or were drawn together when neither of them had moved much. */
function areEqualBars(a: Track, b: Track): boolean {
  const [fewer, more] = a.rises < b.rises ? [a, b] : [b, a];
  if (more.rises === 0) return isUnderWay(a) && isUnderWay(b);
  const areNew = a.rises === b.rises && a.lastStep > b.born && b.lastStep > a.born;
  if (areNew && a.rises < EQUAL_RISES) return isUnderWay(a) && isUnderWay(b);
  const haveRisenTogether = (a.riseSteps[0] ?? 0) > b.born && (b.riseSteps[0] ?? 0) > a.born;
  return haveRisenTogether && fewer.rises >= EQUAL_RISES && more.rises <= fewer.rises * EQUAL_RATIO;
}

/** Whether two tracks are redrawn in different rows. */
function areRows(a: Track, b: Track): boolean {
  return a.isRedrawn && b.isRedrawn && a.lastRow !== b.lastRow;
}

/** Whether two lines rise alternately, and are far apart: `a.iso: 10%`, `b.iso: 34%`, `a.iso: 12%`. */
function areEqualLines(a: Track, b: Track): boolean {
  const [early, late] = a.lastStep < b.lastStep ? [a, b] : [b, a];
  const apart = Math.abs((a.newest.progress ?? 0) - (b.newest.progress ?? 0));
  return Math.min(a.rises, b.rises) >= 1 && early.lastStep > late.stepBefore && !hasEnded(early) &&
    !hasEnded(late) && (apart > EQUAL_POINTS || areRows(a, b));
}

/**
 * Whether two tracks rise alternately. The phases of a job rise one after the other, and a whole rises once per part.
 */
export function isInterleaved({ riseSteps: a }: Track, { riseSteps: b }: Track): boolean {
  if (a.length < 3 || b.length < 3) return false;
  return [1, 2].every((back) => a.at(-back)! > b.at(-back - 1)! && b.at(-back)! > a.at(-back - 1)!);
}

/** Whether a bar that moves may be a part of one below it that has not moved yet. */
export function mayBeWithin(moving: Track, below: Track): boolean {
  return isDrawnBar(moving) && moving.isRedrawn && moving.lastRestart === 0 &&
    moving.riseSteps.filter((step) => step > below.born).length >= 2 &&
    below.rises === 0 && below.newest.progress === 0;
}

/**
 * Whether a count in a redrawn row may be a part of a count in a row above, if the upper count has hardly moved yet.
 */
export function mayBePartOf(part: Track, above: Track): boolean {
  return part.isRedrawn && part.newest.rank < RANK.stated && part.output === above.output &&
    part.row >= 0 && above.lastRow >= 0 && above.lastRow < part.lastRow &&
    part.lastRow - above.lastRow <= MOST_ROWS_ABOVE &&
    above.newest.total !== null && above.wasOpen && !isBelieved(above) && above.replacedMs === null &&
    above.isRedrawn;
}
