/**
 * Weighs what the lines of a program say about progress, and decides what to show. Pure.
 *
 * @module
 */

import { RANK, type Reading, type Sighting } from "./reading.ts";

/** Where and when a sighting was made. */
export interface SightingContext {
  /** The name of the output. */
  readonly output: string;
  /** The row of the line in its output. */
  readonly row: number;
  /** When, in milliseconds of any clock that does not go back. */
  readonly atMs: number;
}

/** The readings of one source: an output, a format, and a line with its numbers blanked. */
interface Track {
  readonly format: string;
  readonly output: string;
  /** The row of the first sighting: of tracks with the same rank, the topmost is shown. */
  readonly row: number;
  readonly order: number;
  /** The row of the newest sighting. */
  lastRow: number;
  newest: Sighting;
  isNamed: boolean;
  /** Whether it was ever below 100 %: what begins at the end is a summary. */
  wasOpen: boolean;
  sightings: number;
  rises: number;
  /** The steps of its last three rises. */
  riseSteps: readonly number[];
  /** When it was last seen, and the mean time between sightings. */
  seenMs: number;
  intervalMs: number;
  /** When it reached 100 %; `null` unless it is there. */
  endedMs: number | null;
  /** Steps are numbered over all tracks, so that they can be put in order. */
  lastStep: number;
  stepBefore: number;
  lastRestart: number;
  /** Whether it restarts between two steps of another track, of which it is a part. */
  isPart: boolean;
  /** Other lines since it was seen. */
  otherLines: number;
  /** The progress of each of its rows, as last redrawn. More than one that are drawn in turn are parallel. */
  readonly rows: Map<number, number | null>;
  /** How often an upper row was drawn after a lower one. */
  turns: number;
  isParallel: boolean;
}

/** How often rows are drawn in turn before they count as parallel. */
const PARALLEL_TURNS = 3;
/** Rows of a track that are remembered. */
const MOST_ROWS = 256;
/** Tracks that are remembered; of more, the one not seen for longest is forgotten. */
const MOST_TRACKS = 64;
/** Rises after which a bare number is believed. */
const BELIEVED_RISES = 2;
/** Rows are equal after this many rises of each, if neither has risen more than this many times as often. */
const EQUAL_RISES = 3;
const EQUAL_RATIO = 3;
/** How long a track may stand at 100 % while the program goes on. */
const ENDED_MS = 2_000;
/** How long a track may go unseen while other lines come; and how many of its intervals, but not less than the floor. */
const UNSEEN_MS = 60_000;
const UNSEEN_INTERVALS = 10;
const UNSEEN_FLOOR_MS = 5_000;
/** What a program writes over a bar at its end. */
const DONE = /\b(?:done|complete|completed|finished|ok)\b/i;
/** How far the next percentage in a row may be ahead, in percentage points, to continue a track with other words. */
const MAX_LEAP = 50;

/** What is reported when nothing is known. */
const INDETERMINATE = { progress: null, current: null, total: null, unit: null } as const;

/** Collects sightings in tracks, and says what they add up to. */
export class Tracks {
  readonly #tracks: Map<string, Track> = new Map();
  #steps = 0;
  #order = 0;
  /** The track that was the first phase of an unknown number of them; `null` until another one has begun. */
  #firstPhase: Track | null = null;
  #shown: Track | null = null;
  /** Rows that were found to advance side by side. */
  readonly #parallel: Set<Track> = new Set();
  #told: Reading = {};

  /**
   * Takes a sighting.
   *
   * @returns the reading to report; `undefined` if it has not changed
   */
  take(sighting: Sighting, context: SightingContext): Reading | undefined {
    const track = this.#trackOf(sighting, context);
    this.#countLine();
    // A row above the last one is drawn again: there are several side by side.
    if (context.row < track.lastRow && track.rows.has(context.row)) track.turns++;
    track.isParallel ||= track.turns >= PARALLEL_TURNS && sighting.rank === RANK.drawn;
    if (track.rows.size < MOST_ROWS) track.rows.set(context.row, sighting.progress);
    track.lastRow = context.row;
    this.#update(track, track.isParallel ? finishedOf(track, sighting) : sighting, context.atMs);
    return this.#changed(context.atMs);
  }

  /** Takes notice of a complete line without progress. */
  takeOther(text: string, { output, row, atMs }: SightingContext): void {
    if (this.#tracks.size === 0) return;
    this.#countLine();
    if (!DONE.test(text)) return;
    // `Writing tables: done` in the place of a bar ends it.
    for (const track of this.#tracks.values()) {
      if (track.output === output && track.lastRow === row) track.endedMs ??= atMs;
    }
  }

  /**
   * Looks at the clock: a track may have stood at its end, or gone unseen, for too long.
   *
   * @param atMs now, on the clock of the sightings
   * @returns the reading to report; `undefined` if it has not changed
   */
  tick(atMs: number): Reading | undefined {
    return this.#tracks.size === 0 ? undefined : this.#changed(atMs);
  }

  #countLine(): void {
    for (const track of new Set(this.#tracks.values())) track.otherLines++;
  }

  #trackOf(sighting: Sighting, { output, row, atMs }: SightingContext): Track {
    const source = `${output}\n${sighting.format}\n`;
    const label = source + skeletonOf(sighting.label);
    // With another total and a count that falls, it is another track.
    const key = isOfTrack(this.#tracks.get(label), sighting) ? label : `${label}\n${sighting.total}`;
    const known = this.#tracks.get(key) ?? this.#continued(source, sighting, row);
    if (known !== undefined) {
      this.#tracks.set(key, known);
      return known;
    }
    const track: Track = {
      format: sighting.format,
      output,
      row,
      order: ++this.#order,
      lastRow: row,
      newest: sighting,
      isNamed: false,
      wasOpen: false,
      sightings: 0,
      rises: 0,
      riseSteps: [],
      seenMs: atMs,
      intervalMs: 0,
      endedMs: null,
      lastStep: ++this.#steps,
      stepBefore: this.#steps,
      lastRestart: 0,
      isPart: false,
      otherLines: 0,
      rows: new Map(),
      turns: 0,
      isParallel: false,
    };
    this.#tracks.set(key, track);
    if (this.#tracks.size > MOST_TRACKS) this.#forgetOldest();
    return track;
  }

  /**
   * `3/17 b.txt` continues `2/17 a.txt`: another label, but the same total and a count that does not fall. So does a
   * percentage in the same row that does not fall, as bars and rates beside it change.
   */
  #continued(source: string, { total, current, progress, label }: Sighting, row: number): Track | undefined {
    for (const [key, { newest, lastRow }] of this.#tracks) {
      if (!key.startsWith(source) || newest.total !== total) continue;
      const isNextCount = isAhead(newest.current, current, (total ?? 0) / 2);
      const isSamePlace = row === lastRow || (stemOf(label) !== "" && stemOf(label) === stemOf(newest.label));
      const isNextPercentage = total === null && isSamePlace && isAhead(newest.progress, progress, MAX_LEAP);
      if (total === null ? isNextPercentage : isNextCount) return this.#tracks.get(key);
    }
    return undefined;
  }

  #forgetOldest(): void {
    const oldest = [...this.#tracks].reduce((a, b) => b[1].seenMs < a[1].seenMs ? b : a)[0];
    this.#tracks.delete(oldest);
  }

  #update(track: Track, sighting: Sighting, atMs: number): void {
    const before = track.newest;
    const change = track.sightings === 0 ? 0 : changeOf(before, sighting);
    if (change > 0) {
      track.rises++;
      track.stepBefore = track.lastStep;
      track.lastStep = ++this.#steps;
      track.riseSteps = [...track.riseSteps.slice(-2), track.lastStep];
      for (const other of this.#tracks.values()) {
        const isBetween = other.lastRestart > track.stepBefore && track.lastRestart < track.stepBefore;
        const isAbove = isBelieved(track) && track.newest.rank >= other.newest.rank;
        if (other !== track && isBetween && isAbove) other.isPart = true;
      }
    } else if (change < 0) {
      track.lastRestart = ++this.#steps;
      track.lastStep = track.stepBefore = track.lastRestart;
      if (track === this.#shown && isNearEnd(before)) this.#firstPhase ??= track;
    }
    const wait = atMs - track.seenMs;
    track.intervalMs = track.sightings <= 1 ? wait : track.intervalMs * 0.8 + wait * 0.2;
    track.sightings++;
    track.seenMs = atMs;
    track.otherLines = 0;
    track.isNamed ||= sighting.isNamed;
    track.wasOpen ||= !isAtEnd(sighting);
    track.endedMs = isAtEnd(sighting) ? track.endedMs ?? atMs : null;
    track.newest = sighting;
  }

  #changed(atMs: number): Reading | undefined {
    const reading = this.#read(atMs);
    const isSame = reading === null || JSON.stringify(reading) === JSON.stringify(this.#told);
    if (isSame) return undefined;
    this.#told = reading;
    return reading;
  }

  /** The reading now; `null` if nothing was ever shown. */
  #read(atMs: number): Reading | null {
    const shown = this.#choose(atMs);
    if (shown === null) return this.#shown === null ? null : INDETERMINATE;
    const equals = this.#equalsOf(shown, atMs);
    const sideBySide = equals.filter((track) => isInterleaved(track, shown));
    if (sideBySide.length > 0) [shown, ...sideBySide].forEach((track) => this.#parallel.add(track));
    if (equals.length > 0 || this.#parallel.has(shown)) {
      this.#shown ??= shown;
      return this.#parallel.has(shown) ? finishedOfAll([...this.#parallel]) : INDETERMINATE;
    }
    const last = this.#shown;
    const isNext = last !== null && shown.order > last.order &&
      (last.endedMs !== null || isSameRow(last, shown));
    if (isNext && shown.newest.rank <= last.newest.rank) this.#firstPhase ??= last;
    if (this.#firstPhase?.isPart) this.#firstPhase = null;
    this.#shown = shown;
    const { newest, endedMs } = shown;
    const status = newest.status === undefined ? {} : { status: newest.status };
    if (this.#firstPhase !== null && newest.progress !== null) {
      return { ...INDETERMINATE, status: phaseStatus(newest) };
    }
    if (endedMs !== null && atMs - endedMs >= ENDED_MS) return { ...INDETERMINATE, ...status };
    const { current, total, unit } = newest;
    return { progress: this.#progressOf(shown), current, total, unit, ...status };
  }

  #choose(atMs: number): Track | null {
    let best: Track | null = null;
    for (const track of new Set(this.#tracks.values())) {
      if (isCandidate(track, atMs) && (best === null || isBetter(track, best))) best = track;
    }
    return best;
  }

  /** The rows that advance beside a track, about as often: they are parts of a whole that nothing else shows. */
  #equalsOf(track: Track, atMs: number): Track[] {
    return [...new Set(this.#tracks.values())].filter((other) =>
      other !== track && other.output === track.output && other.row !== track.row &&
      isCandidate(other, atMs) &&
      other.format === track.format && other.newest.rank === track.newest.rank && isDrawnBar(other) &&
      Math.min(other.rises, track.rises) >= EQUAL_RISES && other.rises <= track.rises * EQUAL_RATIO &&
      track.rises <= other.rises * EQUAL_RATIO && other.lastRestart === 0 && track.lastRestart === 0
    );
  }

  /** Within a step that has begun, the progress of its only part counts: (k - 1 + p) / K. */
  #progressOf({ newest, lastStep }: Track): number | null {
    const { progress, current, total, isBeginning } = newest;
    if (!isBeginning || current === null || total === null) return progress;
    const parts = [...new Set(this.#tracks.values())].filter((track) =>
      track.newest !== newest && track.lastStep > lastStep && isBelieved(track) &&
      track.newest.progress !== null && (track.newest.current === null || isDrawnBar(track))
    );
    if (parts.length !== 1) return progress;
    return (current - 1 + parts[0]!.newest.progress! / 100) / total * 100;
  }
}

/** Whether two tracks rise in turn. Phases rise one after the other, and a whole rises once per part. */
function isInterleaved({ riseSteps: a }: Track, { riseSteps: b }: Track): boolean {
  if (a.length < 3 || b.length < 3) return false;
  return [1, 2].every((back) => a.at(-back)! > b.at(-back - 1)! && b.at(-back)! > a.at(-back - 1)!);
}

/** Parallel tracks count as finished ones of those that are known. */
function finishedOfAll(tracks: readonly Track[]): Reading {
  const finished = tracks.filter(({ newest, endedMs }) => endedMs !== null || isAtEnd(newest)).length;
  return { progress: finished / tracks.length * 100, current: finished, total: tracks.length, unit: null };
}

/** Parallel rows count as finished ones of those that are known. */
function finishedOf({ rows }: Track, sighting: Sighting): Sighting {
  const finished = [...rows.values()].filter((progress) => progress !== null && progress >= 100).length;
  const progress = finished / rows.size * 100;
  return { ...sighting, progress, current: finished, total: rows.size, unit: null, status: undefined };
}

function isDrawnBar({ newest }: Track): boolean {
  return newest.rank === RANK.drawn;
}

function isBelieved(track: Track): boolean {
  return track.wasOpen && (track.isNamed || track.rises >= BELIEVED_RISES);
}

function isCandidate(track: Track, atMs: number): boolean {
  if (track.isPart || !isBelieved(track)) return false;
  const mostMs = track.sightings === 1
    ? UNSEEN_MS
    : Math.min(UNSEEN_MS, Math.max(UNSEEN_FLOOR_MS, track.intervalMs * UNSEEN_INTERVALS));
  return track.otherLines === 0 || atMs - track.seenMs < mostMs;
}

/** Whether a track is to be shown rather than another. */
function isBetter(a: Track, b: Track): boolean {
  if (a.newest.rank !== b.newest.rank) return a.newest.rank > b.newest.rank;
  // What moves after another has ended is the next phase.
  if (b.endedMs !== null && a.lastStep > b.lastStep) return true;
  if (a.endedMs !== null && b.lastStep > a.lastStep) return false;
  // A single line with a bare number is little evidence: a later one of its kind takes its place.
  const [isSingleA, isSingleB] = [isSingle(a), isSingle(b)];
  if (isSingleA !== isSingleB) return isSingleB;
  if (isSingleA) return a.order > b.order;
  // In one row, the newer has replaced the older.
  if (isSameRow(a, b)) return a.order > b.order;
  return a.output === b.output ? a.row < b.row : a.order < b.order;
}

function isSingle({ sightings, newest }: Track): boolean {
  return sightings === 1 && newest.rank === RANK.bare;
}

function isOfTrack(track: Track | undefined, { current, total }: Sighting): boolean {
  if (track === undefined) return true;
  const { newest } = track;
  if (total === null || newest.total === null || current === null || newest.current === null) return true;
  return total === newest.total || current >= newest.current;
}

function isAhead(before: number | null, after: number | null, most: number): boolean {
  return before !== null && after !== null && after >= before && after <= before + most;
}

function isSameRow(a: Track, b: Track): boolean {
  return a.output === b.output && a.row === b.row && a.row >= 0;
}

function isAtEnd({ progress, current, total }: Sighting): boolean {
  return progress === null ? total !== null && current === total : progress >= 100;
}

/** Whether a restart from here is another phase: the last line of a loop is often not printed. */
function isNearEnd(sighting: Sighting): boolean {
  return isAtEnd(sighting) || (sighting.rank === RANK.drawn && (sighting.progress ?? 0) >= 90);
}

/** Above 0 if a track has risen, below 0 if it has restarted. With a larger total, progress may fall without that. */
function changeOf(before: Sighting, after: Sighting): number {
  if (before.current !== null && after.current !== null) {
    const change = after.current - before.current;
    if (change !== 0 || before.total !== after.total) return change;
  }
  return (after.progress ?? 0) - (before.progress ?? 0);
}

function phaseStatus({ status, label, progress }: Sighting): string {
  const words = status ?? label.replace(/[\d#%:./\\[\]()]+/g, " ").trim();
  const percent = `${Math.floor(progress ?? 0)} %`;
  return words === "" ? percent : `${words} ${percent}`;
}

/** The words in front of the number. */
function stemOf(label: string): string {
  const end = label.indexOf("#");
  return end === -1 ? "" : skeletonOf(label.slice(0, end));
}

/** A label with its numbers blanked. */
function skeletonOf(label: string): string {
  return label.replace(/\d[\d.,:]*/g, "#").replace(/\s+/g, " ").trim();
}
