/**
 * Reads the progress of a program from its output. Pure.
 *
 * @module
 */

import { FORMATS } from "./formats/mod.ts";
import { ownJson } from "./formats/json.ts";
import { withAsciiNumbers } from "./numbers.ts";
import { withoutPrefixes } from "./prefixes.ts";
import {
  type Format,
  indeterminate,
  type Line,
  percentage,
  RANK,
  type Reading,
  type Sighting,
} from "./reading.ts";
import type { OutputLine } from "./screen.ts";
import { Tracks } from "./tracks.ts";

/** The maximum length of a line that is read, in characters. Longer lines are prose or data, unless they are JSON. */
const LONGEST_LINE = 400;
/** `OSC 9 ; 4 ; state ; progress`, of ConEmu and Windows Terminal: 0 removes the bar, 1 sets it, 3 is indeterminate. */
const OSC_PROGRESS = /^9;4;([0-4])(?:;(\d{1,3}))?$/;

/** Step k of n in a line that also says how much of the step is done: `Pass 2/3: 40%`. */
const STEP =
  /\b(?:[a-z]{2,20}ing(?: [a-z]{2,20})?|epoch|pass|phase|stage|part|step|fold|round|disk|volume|task|file|item|image|layer|chunk|batch):? ?[[(#]? ?(\d{1,6}) ?(?:\/|of|von|de|sur|di) ?(\d{1,6})(?![\w.%])/i;
/** The steps that may be numbered from 0. */
const LOOP = /^(?:epoch|pass|phase|stage|part|fold|round)/i;
/** `[2/5] Dumping: 40%` */
const FRONT_STEP = /^[[(](\d{1,6})\/(\d{1,6})[\])]/;
/** `Compress: 2/24 files. Current: a.txt Read: 1 MiB / 3 MiB` */
const CURRENT_STEP = /(?<![\w.%\/])(\d{1,6})\/(\d{1,6}) \p{L}{3,20}[.,;:]? {1,3}(?:current|now)\b/iu;
/** `2/100   1.23G   1.04: 40%|####`: a column in front of a bar. */
const FRONT_COLUMN = /^(\d{1,6})\/(\d{1,6})(?= {2,}\S)/;
/** The maximum difference between a percentage and the share of the steps that it is, in percentage points. */
const EQUAL_POINTS = 1;
const DIGIT = /\p{Nd}/u;

/** A row that is drawn from left to right: a scale with dots, or a character for each result. */
const GROWING =
  /^0\.\. ?(?:\d{1,3}\.\. ?){1,800}$|(?:\.{2,50}\d{1,3}%){2}\.{0,50}$|^[.·×°±FEWCRISPTUsx*]{1,400}$|^={1,50}$|^\d{1,9} \[(?:\d{1,9}\.\. ?){1,80}$|^(?:.{1,120}[:\]] ?)?0(?:\.{1,3}\d{1,3}){0,12}\.{0,3}$|^\|[=#*.]{1,200}$|\d% to {1,3}\d{1,3}% {0,3}[.oO*#=]{0,200}$/;

/**
 * The maximum length of a row that is drawn from left to right, in characters; each percentage may be written four
 * times.
 */
const LONGEST_GROWING = 4_000;

/** The output that a line comes from, and the time at which it was read. */
export interface LineContext {
  /** The name of the output that the line comes from. */
  readonly output: string;
  /** When the line was read, in milliseconds of any clock that does not go back. */
  readonly atMs: number;
}

/**
 * Reads the lines of one program, from all of its outputs: some programs write the total to one output, and the amount
 * done to the other. Sightings of formats become tracks, and {@linkcode Tracks} decides which one to show.
 */
export class ProgressReader {
  readonly #formats: readonly Format[];
  /** The formats that also need lines without digits. */
  readonly #wordFormats: readonly Format[];
  readonly #tracks = new Tracks();
  /** Whether the program reports in Taskscope's own JSON, after which nothing else counts. */
  #isOwn = false;
  /** Whether steps are numbered from 0, so that it is unclear whether `3/4` is the last step. */
  #isFromZero = false;
  /** Whether steps consist of as many parts as there are steps, so that `Epoch 2/3 ... 1/3` counts the parts of a step. */
  #hasEqualParts = false;
  /** The steps in the newest lines without a count, if each percentage was the share of the steps: `Copying 2/10: 20%`. */
  readonly #agreeing: Set<number> = new Set();

  constructor() {
    const made = FORMATS.map(({ format, needsWords }) => ({ format: format(), needsWords }));
    this.#formats = made.map(({ format }) => format);
    this.#wordFormats = made.filter(({ needsWords }) => needsWords).map(({ format }) => format);
  }

  /**
   * Reads a line.
   *
   * @param line a line or redraw
   * @param context where the line came from, and when
   * @returns the progress to report; `undefined` if there is nothing new
   */
  read(
    { text: raw, marks, isRedraw, row, osc }: OutputLine,
    { output, atMs }: LineContext,
  ): Reading | undefined {
    const own = osc === undefined ? ownJson(raw) : undefined;
    if (own) {
      // A status alone is not proof, because other programs also write objects with only a status.
      this.#isOwn ||= own.progress !== undefined || own.current !== undefined;
      return own;
    }
    if (this.#isOwn) return undefined;
    if (osc !== undefined) return this.#readOsc(osc, output, atMs);
    const isLong = raw.length > LONGEST_LINE &&
      !(isRedraw && raw.length <= LONGEST_GROWING && GROWING.test(raw));
    if (isLong && own === undefined) return undefined;
    const line: Line = {
      text: own === null ? raw : withoutPrefixes(withAsciiNumbers(raw)),
      raw,
      marks,
      isRedraw,
      row,
    };
    for (const format of DIGIT.test(raw) ? this.#formats : this.#wordFormats) {
      const sighting = format(line);
      if (sighting) {
        const within = this.#withinStep(sighting, line.text);
        if (within === null) return undefined;
        const reading = this.#tracks.take(within, { output, row, atMs, isRedraw });
        return sighting.values === undefined ? reading : { ...reading, values: sighting.values };
      }
      if (sighting === null) return undefined;
    }
    const context = { output, row, atMs, isRedraw };
    if (isRedraw) this.#tracks.takeOtherVersion(context);
    else this.#tracks.takeOther(line.text, context);
    return undefined;
  }

  /**
   * Reads a row that is still being written, if it is a progress display that is drawn from left to right. Prose that
   * arrives word by word is ignored.
   *
   * @param line the unfinished row
   * @param context where the line came from, and when
   * @returns the progress to report; `undefined` if there is nothing new
   */
  readGrowing(line: OutputLine, context: LineContext): Reading | undefined {
    const { text } = line;
    return text.length <= LONGEST_GROWING && GROWING.test(text) ? this.read(line, context) : undefined;
  }

  /**
   * Checks the time: progress becomes indeterminate if a bar stays at its end, or no longer appears.
   *
   * @param atMs the current time, on the clock of {@linkcode LineContext.atMs}
   * @returns the progress to report; `undefined` if there is nothing new
   */
  tick(atMs: number): Reading | undefined {
    return this.#isOwn ? undefined : this.#tracks.tick(atMs);
  }

  /**
   * Ends the output: what it said about the work no longer applies, unless the program was written for Taskscope.
   *
   * @returns the reading to report; `undefined` if there is nothing new
   */
  end(): Reading | undefined {
    return !this.#isOwn && this.#tracks.hasStatus ? { status: null } : undefined;
  }

  #readOsc(sequence: string, output: string, atMs: number): Reading | undefined {
    const [, state, percent] = OSC_PROGRESS.exec(sequence) ?? [];
    const format = "osc 9;4";
    const options = { rank: RANK.stated };
    const sighting = state === "0" || state === "3"
      ? indeterminate(format, options)
      : percent === undefined
      ? undefined
      : percentage(format, Number(percent), options);
    return sighting && this.#tracks.take(sighting, { output, row: -1, atMs, isRedraw: true });
  }

  /**
   * `Epoch 2/3:  40%|####`, `pass 1/2 ... 59%`: a part of a step of a stated number counts as (k - 1 + p) / K, unless the
   * percentage is the share of the steps itself: `Epoch 2/3: 33%|### | 1/3`, `Copying 2/10: 20%`.
   *
   * @returns the sighting; `null` if it is unclear which of the two the percentage is
   */
  #withinStep(sighting: Sighting, text: string): Sighting | null {
    const { progress, current, total, format } = sighting;
    // Progress of rank `stated` is that of the whole: `dlstatus:1:4.2:Retrieving file 1 of 6`.
    if (progress === null || format === "loop" || sighting.rank === RANK.stated) return sighting;
    const found = STEP.exec(text) ?? CURRENT_STEP.exec(text) ??
      (current === null ? FRONT_STEP.exec(text) : null) ??
      (sighting.rank === RANK.drawn ? FRONT_COLUMN.exec(text) : null);
    // The percentage of a part stands behind the number of the step.
    if (found === null || text.slice(0, found.index).includes("%")) return sighting;
    const [words, step, steps] = found;
    const [k, all] = [Number(step), Number(steps)];
    const isLoop = LOOP.test(words);
    this.#isFromZero ||= isLoop && k === 0 && k !== current;
    if (this.#isFromZero && isLoop) return indeterminate(format, { label: sighting.label });
    if (!(k >= 1 && k <= all && all >= 2)) return sighting;
    if (all === total && current !== null) {
      // A step that has begun is one more than the finished ones.
      this.#hasEqualParts ||= k !== current && k !== current + 1;
      if (!this.#hasEqualParts && (k === current || sighting.rank > RANK.bare)) return sighting;
    }
    const within = (k - 1 + progress / 100) / all * 100;
    const isShare = current === null && this.#isShareOfSteps(progress, k, all);
    // A single percentage may agree with the share of the steps by chance.
    if (isShare && this.#agreeing.size < 2 && progress - within > EQUAL_POINTS) return null;
    // If a line has two counts, both may belong to one of several phases.
    const isDoubtful = current !== null && sighting.rank === RANK.bare;
    return {
      ...sighting,
      format: "step",
      // The label is empty, because all parts belong to the same track.
      label: "",
      rank: isDoubtful ? RANK.bare : RANK.stated,
      isNamed: !isDoubtful,
      progress: isShare && this.#agreeing.size > 1 ? progress : within,
      current: null,
      total: null,
      unit: null,
    };
  }

  /** Whether a percentage is the share of the steps before step k, or up to it. */
  #isShareOfSteps(progress: number, k: number, all: number): boolean {
    const isShare = [k - 1, k].some((done) => Math.abs(done / all * 100 - progress) <= EQUAL_POINTS);
    if (!isShare) this.#agreeing.clear();
    else this.#agreeing.add(k);
    return isShare;
  }
}
