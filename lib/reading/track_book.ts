/**
 * Finds the track that a sighting belongs to. Pure.
 *
 * @module
 */

import { skeletonOf, stemOf } from "./labels.ts";
import { RANK, type Sighting } from "./reading.ts";
import { newTrack, type Place, type Track } from "./track.ts";

/** Labels of a track that are remembered: each file may have one of its own. */
const MOST_KEYS = 8;
/** Tracks that are remembered; of more, the one not seen for longest is forgotten. */
const MOST_TRACKS = 64;
/** How far a percentage may leap to 100, in percentage points, to continue a track with other words. */
const MAX_LEAP = 50;
/** How far the percentage in a new row may be ahead, in mean steps of the row above, to continue that. */
const MOST_STEPS_AHEAD = 2;

/** The tracks of a program. */
export class TrackBook {
  readonly #tracks: Map<string, Track> = new Map();
  /** The values of the above without repetitions; `null` if that is not known. */
  #all: readonly Track[] | null = null;
  #order = 0;

  /** Every track once, however many labels it has. */
  get all(): readonly Track[] {
    return this.#all ??= [...new Set(this.#tracks.values())];
  }

  /**
   * Returns the track that a sighting belongs to, or begins it.
   *
   * @param sighting the sighting
   * @param place where and when it was made
   * @param step the number of the step with which a new track begins
   * @returns the track, and the one that was forgotten for it, if any
   */
  take(sighting: Sighting, place: Place, step: () => number): { track: Track; forgotten?: Track } {
    const label = `${place.output}\n${sighting.format}\n${skeletonOf(sighting.label)}`;
    // With another total and a count that falls, it is another track.
    const key = isOfTrack(this.#tracks.get(label), sighting) ? label : `${label}\n${sighting.total}`;
    const known = this.#tracks.get(key);
    if (known !== undefined) return { track: known };
    const continued = this.#continued(sighting, place);
    const track = continued ?? newTrack(sighting, place, ++this.#order, step());
    this.#tracks.set(key, track);
    track.keys.push(key);
    if (track.keys.length > MOST_KEYS) this.#tracks.delete(track.keys.shift()!);
    this.#all = null;
    const isFull = continued === undefined && this.all.length > MOST_TRACKS;
    return isFull ? { track, forgotten: this.#forgetOldest() } : { track };
  }

  /**
   * `a [18/60]` continues `b [8/45]` in the same row: a total that grows before it is reached.
   *
   * `3/17 b.txt` continues `2/17 a.txt`: another label, but the same total and a count that does not fall. So does a
   * percentage in the same row that does not fall, as bars and rates beside it change.
   */
  #continued({ format, total, current, progress, label, rank }: Sighting, place: Place): Track | undefined {
    const stem = stemOf(label);
    return this.all.find((track) => {
      const { newest, lastRow } = track;
      if (track.output !== place.output || track.format !== format) return false;
      if (newest.total !== total) return place.row === lastRow && isGrowing(newest, current, total);
      if (total !== null) return isAhead(newest.current, current, total / 2);
      const isSamePlace = place.row === lastRow || (stem !== "" && stem === stemOf(newest.label)) ||
        (rank === RANK.drawn && place.row > lastRow && isNextStep(track, progress));
      return isSamePlace && isAhead(newest.progress, progress, progress === 100 ? MAX_LEAP : 100);
    });
  }

  #forgetOldest(): Track {
    const oldest = this.all.reduce((a, b) => b.seenMs < a.seenMs ? b : a);
    for (const key of oldest.keys) this.#tracks.delete(key);
    oldest.rival = null;
    this.#all = null;
    return oldest;
  }
}

function isOfTrack(track: Track | undefined, { current, total }: Sighting): boolean {
  if (track === undefined) return true;
  const { newest } = track;
  if (total === null || newest.total === null || current === null || newest.current === null) return true;
  return total === newest.total || current >= newest.current;
}

function isGrowing(before: Sighting, current: number | null, total: number | null): boolean {
  if (before.current === null || before.total === null || current === null || total === null) return false;
  return before.current < before.total && current >= before.current && total > before.total;
}

function isAhead(before: number | null, after: number | null, most: number): boolean {
  return before !== null && after !== null && after >= before && after <= before + most;
}

/** `a_test.py  48%`, `a_test.py  50%`, and below it `b_test.py  54%`: each row is of one part, and all go on counting. */
function isNextStep({ newest, first, rises, isParallel }: Track, progress: number | null): boolean {
  if (newest.progress === null || progress === null || rises < 2 || isParallel) return false;
  const ahead = progress - newest.progress;
  return ahead > 0 && ahead <= MOST_STEPS_AHEAD * (newest.progress - first) / rises;
}
