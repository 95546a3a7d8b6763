/**
 * Finds the track that a sighting belongs to. Pure.
 *
 * @module
 */

import { skeletonOf, stemOf } from "./labels.ts";
import { RANK, type Sighting } from "./reading.ts";
import { newTrack, type Place, type Track } from "./track.ts";

/** The maximum number of labels of a track that are remembered, because each file may have its own label. */
const MOST_KEYS = 8;
/** The maximum number of tracks. Beyond it, the track that was seen least recently is forgotten. */
const MOST_TRACKS = 64;
/** The maximum leap to 100 % with which a line with other words continues a track, in percentage points. */
const MAX_LEAP = 50;
/**
 * How far the percentage in a new row may be ahead of the row above to continue its track, as a multiple of the mean
 * step of the row above.
 */
const MOST_STEPS_AHEAD = 2;

/** The tracks of a program. */
export class TrackBook {
  readonly #tracks: Map<string, Track> = new Map();
  /** The tracks in `#tracks` without duplicates; `null` if they must be computed. */
  #all: readonly Track[] | null = null;
  #order = 0;

  /** All tracks, each of them once, although a track may have several labels. */
  get all(): readonly Track[] {
    return this.#all ??= [...new Set(this.#tracks.values())];
  }

  /**
   * Returns the track that a sighting belongs to; begins a new track if there is none.
   *
   * @param sighting the sighting
   * @param place where and when the sighting was made
   * @param step the number of the step with which a new track begins
   * @returns the track, and the track that was forgotten to make room for it, if any
   */
  take(sighting: Sighting, place: Place, step: () => number): { track: Track; forgotten?: Track } {
    const label = `${place.output}\n${sighting.format}\n${skeletonOf(sighting.label)}`;
    // If the total is different and the count is lower, the sighting belongs to another track.
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
   * `3/17 b.txt` continues `2/17 a.txt`: the label is different, but the total is the same and the count does not fall.
   * A percentage that does not fall in the same row continues the track, too, because only the bars and rates beside it
   * have changed.
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

/**
 * `a_test.py 48%`, `a_test.py 50%`, and below it `b_test.py 54%`: each row is about one part, but the percentage is
 * that of the whole.
 */
function isNextStep({ newest, first, rises, isParallel }: Track, progress: number | null): boolean {
  if (newest.progress === null || progress === null || rises < 2 || isParallel) return false;
  const ahead = progress - newest.progress;
  return ahead > 0 && ahead <= MOST_STEPS_AHEAD * (newest.progress - first) / rises;
}
