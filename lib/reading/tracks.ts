/**
 * Groups sightings into tracks, and decides which track to show. Pure.
 *
 * @module
 */

import { nameIn, stemOf, wordsOf } from "./labels.ts";
import { RANK, type Reading, type Sighting } from "./reading.ts";
import {
  changeOf,
  continuedStep,
  finishedOf,
  finishedOfAll,
  hasEnded,
  isAtEnd,
  isBelieved,
  isCandidate,
  isClose,
  isDrawnBar,
  isNearEnd,
  type Place,
  type Track,
  withoutLeaps,
} from "./track.ts";
import {
  areEqual,
  isAfter,
  isBetter,
  isInterleaved,
  isNext,
  isPhaseBefore,
  isSuccessor,
  mayBePartOf,
  mayBeWithin,
} from "./track_order.ts";
import { TrackBook } from "./track_book.ts";

/** Where, when and how a sighting was made. */
export interface SightingContext extends Place {
  /** Whether the row is being redrawn. */
  readonly isRedraw: boolean;
}

/** How often rows must be drawn in turn before they count as parallel. */
const PARALLEL_TURNS = 2;
/**
 * If two rows with one label are drawn together, and the lower one has less progress, they are not shown until they
 * have this many sightings.
 */
const DOUBTFUL_SIGHTINGS = 8;
/** The maximum number of rows of a track that are remembered. */
const MOST_ROWS = 256;
/**
 * How long a track may stay at 100 % while the program continues, in milliseconds; after that, progress is
 * indeterminate.
 */
const ENDED_MS = 2_000;
/** Words that a program writes over a finished bar. */
const DONE = /\b(?:done|complete|completed|finished|ok)\b/i;
/** A line that says that everything before it is done. */
const ALL_DONE = /^\W{0,4}(?:all )?(?:done|complete|completed|finished|success|succeeded)\b/i;
/** The reading of indeterminate progress. */
const INDETERMINATE = { progress: null, current: null, total: null, unit: null } as const;

/** Groups sightings into tracks, and returns the progress to report. */
export class Tracks {
  readonly #book = new TrackBook();
  #steps = 0;
  /** The first phase of an unknown number of phases; `null` until the second phase has begun. */
  #firstPhase: Track | null = null;
  #shown: Track | null = null;
  /** The tracks that were found to advance side by side. */
  readonly #parallel: Set<Track> = new Set();
  #told: Reading = {};

  /** Whether the newest reading says what the program is doing. */
  get hasStatus(): boolean {
    return typeof this.#told.status === "string";
  }

  /**
   * Takes a sighting.
   *
   * @returns the reading to report; `undefined` if it has not changed
   */
  take(sighting: Sighting, context: SightingContext): Reading | undefined {
    const { track, forgotten } = this.#book.take(sighting, context, () => ++this.#steps);
    if (forgotten !== undefined) this.#parallel.delete(forgotten);
    sighting = continuedStep(track, withoutLeaps(track, sighting), context);
    this.#countLine(context);
    this.takeOtherVersion(context);
    // If a row above the last one is redrawn, the track has several rows side by side.
    if (context.row < track.lastRow && track.rows.has(context.row)) track.turns++;
    const isLower = context.row > track.lastRow && track.seenMs === context.atMs && track.sightings > 0;
    if (isLower && sighting.rank === RANK.drawn && (sighting.progress ?? 0) < (track.newest.progress ?? 0)) {
      track.doubtfulUntil = track.sightings + DOUBTFUL_SIGHTINGS;
    }
    const wasParallel = track.isParallel;
    track.isParallel ||= track.turns >= PARALLEL_TURNS && sighting.rank === RANK.drawn;
    if (track.isParallel && !wasParallel) track.newest = finishedOf(track, sighting);
    track.isRedrawn ||= track.rows.has(context.row);
    if (track.rows.size < MOST_ROWS) track.rows.add(context.row);
    // A bar that has a name may move to another row.
    const part = sighting.label === sighting.status ? sighting.label : context.row;
    if (track.parts.size < MOST_ROWS || track.parts.has(part)) track.parts.set(part, sighting.progress);
    // `3 / 80` without a word, with a lower count and in another row, belongs to another phase.
    const isNewPhase = context.row !== track.lastRow && !/\p{L}/u.test(sighting.label);
    track.lastRow = context.row;
    this.#update(track, track.isParallel ? finishedOf(track, sighting) : sighting, context.atMs, isNewPhase);
    return this.#changed(context.atMs);
  }

  /** Takes a redrawn row without progress: `Mount snap` in the place of `Download snap 97%`. */
  takeOtherVersion({ output, row, atMs }: SightingContext): void {
    for (const track of this.#book.all) {
      if (track.output === output && track.lastRow === row) track.replacedMs ??= atMs;
    }
  }

  /** Takes a complete line without progress. */
  takeOther(text: string, context: SightingContext): void {
    const { output, row, atMs } = context;
    if (this.#book.all.length === 0) return;
    this.#countLine(context);
    for (const track of this.#book.all) {
      // A line over a bar that was close to its end replaces the bar. If the bar was not close to its end, it will be
      // redrawn below the line.
      if (track.output === output && track.lastRow === row && (isClose(track.newest) || track.rises === 0)) {
        track.replacedMs ??= atMs;
      }
      if (!DONE.test(text)) continue;
      // `Writing tables: done` in the row of a bar ends the bar.
      if (track.output === output && track.lastRow === row) track.endedMs ??= atMs;
      // `Syncing: done` after `Syncing: 90%` ends the track, too.
      const stem = stemOf(track.newest.label);
      if (track.output === output && stem !== "" && text.startsWith(stem)) track.endedMs ??= atMs - ENDED_MS;
      // `Done (12.3s)!` ends every track that was close to its end.
      if (ALL_DONE.test(text) && isClose(track.newest)) track.endedMs = atMs - ENDED_MS;
    }
  }

  /**
   * Checks the time: a track may have been at its end, or may not have been seen, for too long.
   *
   * @param atMs the current time, on the clock of the sightings
   * @returns the reading to report; `undefined` if it has not changed
   */
  tick(atMs: number): Reading | undefined {
    return this.#book.all.length === 0 ? undefined : this.#changed(atMs);
  }

  /** Counts lines since each track was seen. Redrawing another row does not count: the track's row is still visible. */
  #countLine({ row, isRedraw }: SightingContext): void {
    for (const track of this.#book.all) {
      if (!isRedraw || row === track.lastRow) track.otherLines++;
    }
  }

  #update(track: Track, sighting: Sighting, atMs: number, isNewPhase: boolean): void {
    const before = track.newest;
    const change = track.sightings === 0 ? 0 : changeOf(before, sighting);
    if (change > 0) {
      track.rises++;
      track.stepBefore = track.lastStep;
      track.lastStep = ++this.#steps;
      track.riseSteps = [...track.riseSteps.slice(-2), track.lastStep];
      for (const other of this.#book.all) {
        const isBetween = other.lastRestart > track.stepBefore && track.lastRestart < track.stepBefore;
        const isAbove = isBelieved(track) && track.newest.rank >= other.newest.rank;
        if (other !== track && isBetween && isAbove) other.isPart = true;
        // A track that moves after another one has nearly reached its end is the next phase.
        if (other.seenMs < track.seenMs && other.lastStep < track.stepBefore && isSuccessor(track, other)) {
          other.endedMs ??= atMs;
        }
      }
    } else if (change < 0) {
      if (!isClose(before)) track.falls++;
      track.lastRestart = ++this.#steps;
      track.lastStep = track.stepBefore = track.lastRestart;
      // Progress that becomes indeterminate before its end, because its total still grows, is in the same phase.
      const isSamePhase = sighting.progress === null && !isAtEnd(before);
      if (track === this.#shown && !isSamePhase && (isNewPhase || isNearEnd(before))) {
        this.#firstPhase ??= track;
      }
    }
    if (track.sightings > 0 && nameIn(before.label) !== nameIn(sighting.label)) track.renames++;
    const wait = atMs - track.seenMs;
    track.intervalMs = track.sightings <= 1 ? wait : track.intervalMs * 0.8 + wait * 0.2;
    track.sightings++;
    track.seenStep = ++this.#steps;
    track.seenMs = atMs;
    track.otherLines = 0;
    track.replacedMs = null;
    track.isNamed ||= sighting.isNamed;
    track.wasOpen ||= !isAtEnd(sighting);
    track.endedMs = isAtEnd(sighting) ? track.endedMs ?? atMs : null;
    track.newest = sighting;
  }

  #changed(atMs: number): Reading | undefined {
    const read = this.#read(atMs);
    if (read === null) return undefined;
    // The words of a track are taken back together with its progress.
    const isWordless = read.status === undefined && this.#told.status !== undefined;
    const reading = isWordless ? { ...read, status: null } : read;
    if (JSON.stringify(reading) === JSON.stringify(this.#told)) return undefined;
    this.#told = reading;
    return reading;
  }

  /** Returns the current reading; `null` if no track was ever shown. */
  #read(atMs: number): Reading | null {
    const shown = this.#choose(atMs);
    if (shown === null) return this.#shown === null ? null : INDETERMINATE;
    const equals = this.#equalsOf(shown, atMs);
    const sideBySide = equals.filter((track) => shown.isParallel || isInterleaved(track, shown));
    if (shown.isRedrawn && sideBySide.length > 0) {
      [shown, ...sideBySide].forEach((track) => this.#parallel.add(track));
    }
    shown.rival = equals.find((track) => track.rises > 0) ?? shown.rival;
    const { rival } = shown;
    const hasRival = rival !== null && !rival.isPart && rival.newest.rank === shown.newest.rank &&
      rival.lastRestart + shown.lastRestart === 0 &&
      !hasEnded(rival) && !hasEnded(shown);
    const isDoubtful = this.#book.all.some((other) => mayBePartOf(shown, other));
    if (equals.length > 0 || isDoubtful || this.#parallel.has(shown) || hasRival) {
      this.#shown ??= shown;
      return this.#parallel.has(shown) ? finishedOfAll([...this.#parallel]) : INDETERMINATE;
    }
    const last = this.#shown;
    if (
      last !== null && isNext(shown, last) && (isAfter(shown, last) || shown.newest.rank <= last.newest.rank)
    ) {
      this.#firstPhase ??= last;
    }
    // A bar that was only drawn at its end, such as `files 1/1`, was a phase, too.
    if (isDrawnBar(shown)) {
      this.#firstPhase ??= this.#book.all.find((other) => isPhaseBefore(other, shown)) ?? null;
    }
    if (this.#firstPhase?.isPart) this.#firstPhase = null;
    this.#shown = shown;
    const { newest, endedMs } = shown;
    if (endedMs !== null && atMs - endedMs >= ENDED_MS) return INDETERMINATE;
    if (this.#firstPhase !== null && newest.progress !== null) {
      return { ...INDETERMINATE, status: phaseStatus(newest) };
    }
    const status = newest.status === undefined ? {} : { status: newest.status };
    const { current, total, unit } = newest;
    return { progress: this.#progressOf(shown), current, total, unit, ...status };
  }

  #choose(atMs: number): Track | null {
    let best: Track | null = null;
    for (const track of this.#book.all) {
      if (isCandidate(track, atMs) && (best === null || isBetter(track, best))) best = track;
    }
    return best;
  }

  /** Finds the tracks that advance side by side with a track, so that none of them is the whole. */
  #equalsOf(track: Track, atMs: number): Track[] {
    return this.#book.all.filter((other) =>
      other !== track && other.output === track.output && other.row !== track.row &&
      isCandidate(other, atMs) && other.newest.rank === track.newest.rank &&
      (mayBeWithin(track, other) || (other.format === track.format && areEqual(track, other)))
    );
  }

  /**
   * Returns the progress of a track. If a step has begun and has exactly one part, the progress p of the part is
   * included: (k - 1 + p) / K.
   */
  #progressOf({ newest, seenStep }: Track): number | null {
    const { progress, current, total, isBeginning } = newest;
    if (!isBeginning || current === null || total === null) return progress;
    const parts = this.#book.all.filter((track) =>
      track.newest !== newest && track.seenStep > seenStep && isBelieved(track) &&
      track.newest.progress !== null && !track.newest.isBeginning && track.newest.total !== total &&
      (track.newest.current === null || track.isNamed)
    );
    if (parts.length !== 1) return progress;
    return (current - 1 + parts[0]!.newest.progress! / 100) / total * 100;
  }
}

function phaseStatus({ status, label, progress }: Sighting): string {
  const words = status ?? wordsOf(label);
  const percent = `${Math.floor(progress ?? 0)} %`;
  return words === "" ? percent : `${words} ${percent}`;
}
