/**
 * Recordings of what programs wrote and when, and of the progress that a person would read from it; see
 * `record.ts`.
 *
 * @module
 */

import { type OutputName, Outputs } from "./reading.ts";

const FOLDER = new URL("recordings/", import.meta.url);

/** Text that a program wrote at once. */
export interface Written {
  /** Milliseconds since the program started. */
  readonly ms: number;
  readonly output: OutputName;
  readonly text: string;
}

/** A recording. */
export interface Recording {
  readonly name: string;
  /** The command that was run. */
  readonly command: string;
  /** Whether a real run was recorded, or the output was written by hand from the program's documentation. */
  readonly source: "recorded" | "documentation";
  /**
   * The progress that a person would read: each entry has a time in milliseconds, and the progress from then
   * on, in percent, or `null` if it is indeterminate.
   */
  readonly truth: readonly (readonly [number, number | null])[];
  /** How far a correct reading may be from the truth, in percentage points. */
  readonly tolerance: number;
  readonly written: readonly Written[];
}

/** How correctly a recording was read. */
export interface Judgement {
  readonly verdict: "right" | "wrong" | "not read";
  /** The first incorrect reading, as text; empty if the verdict is right. */
  readonly complaint: string;
}

/** The names of all recordings. */
export function recordingNames(folder: URL = FOLDER): string[] {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".jsonl")
  );
  return files.map((name) => name.replace(/\.jsonl$/, "")).sort();
}

/** Reads a recording. */
export async function readRecording(name: string, folder: URL = FOLDER): Promise<Recording> {
  const [head = "", ...lines] = (await Deno.readTextFile(new URL(`${name}.jsonl`, folder))).trimEnd().split(
    "\n",
  );
  const { command, source, truth, tolerance = DEFAULT_TOLERANCE } = JSON.parse(head);
  const written = lines.map((line): Written => {
    const [ms, stream, text] = JSON.parse(line);
    return { ms, output: stream === 1 ? "stdout" : "stderr", text };
  });
  return { name, command, source, truth, tolerance, written };
}

const DEFAULT_TOLERANCE = 2;
/** The number of times at which the reading of a recording is compared with the truth. */
const MOMENTS = 40;
/** How long a reading may lag behind a change of the truth, in milliseconds: the reader looks at the clock every second. */
const LAG_MS = 1_300;
/** How long a bar may stand at 100 % while the program goes on, in milliseconds. */
const ENDED_MS = 2_000;
/**
 * How many of these comparisons may fail in a correctly read recording, because programs draw a progress bar
 * in several writes.
 */
const FORGIVEN_MOMENTS = 1;

/** Whether a person could ever read progress from the recording. */
export function hasProgress({ truth }: Recording): boolean {
  return truth.some(([, value]) => value !== null);
}

/**
 * Feeds a recording to a reader.
 *
 * @param recording the recording
 * @param cut cuts the text into the pieces in which it arrives; as it was written by default
 * @returns the outputs after their end
 */
export function play({ written }: Recording, cut: Cut = whole): Outputs {
  const outputs = new Outputs();
  for (const { ms, output, text } of written) {
    outputs.waitUntil(ms);
    for (const piece of cut(text)) outputs.write(piece, output);
  }
  return outputs.end();
}

/** Cuts text into pieces. */
export type Cut = (text: string) => readonly string[];

const whole: Cut = (text) => [text];

/**
 * Plays a recording, and compares the progress that is read with the truth {@linkcode MOMENTS} times.
 *
 * @param recording the recording
 * @param cut cuts the text into the pieces in which it arrives; as it was written by default
 */
export function judge(recording: Recording, cut: Cut = whole): Judgement {
  const { written } = recording;
  const outputs = new Outputs();
  const endMs = written.at(-1)?.ms ?? 0;
  const wrong: string[] = [];
  let unread = 0;
  let stated = 0;
  let next = 0;
  for (let moment = 1; moment <= MOMENTS; moment++) {
    const atMs = endMs * moment / MOMENTS;
    for (; next < written.length && written[next]!.ms <= atMs; next++) {
      const { ms, output, text } = written[next]!;
      outputs.waitUntil(ms);
      for (const piece of cut(text)) outputs.write(piece, output);
    }
    outputs.waitUntil(atMs);
    const shown = outputs.last.progress ?? null;
    const truths = truthsAt(recording, atMs);
    const isRight = isAmong(shown, truths, recording.tolerance);
    if (truths.every((truth) => truth !== null)) stated++;
    if (isRight) continue;
    if (shown === null) unread++;
    else {wrong.push(
        `at ${(atMs / 1_000).toFixed(1)} s: ${shown.toFixed(1)} instead of ${truths.join(" or ")}`,
      );}
  }
  if (wrong.length > FORGIVEN_MOMENTS) return { verdict: "wrong", complaint: wrong[0]! };
  if (stated > 0 && unread * 2 > stated) {
    return { verdict: "not read", complaint: `${unread} of ${stated} moments` };
  }
  return { verdict: "right", complaint: "" };
}

/** Returns the true progress at a time, and any other that was true shortly before. */
function truthsAt({ truth }: Recording, atMs: number): readonly (number | null)[] {
  const before = truth.filter(([ms]) => ms <= atMs);
  const recent = before.filter(([ms, value], index) => {
    const sinceMs = atMs - LAG_MS - (value === 100 ? ENDED_MS : 0);
    return (before[index + 1]?.[0] ?? Infinity) > sinceMs || ms > sinceMs;
  });
  return recent.length === 0 ? [null] : recent.map(([, value]) => value);
}

/** Whether a reading is one of the given truths, or between two of them. */
function isAmong(shown: number | null, truths: readonly (number | null)[], tolerance: number): boolean {
  if (shown === null) return truths.includes(null);
  const numbers = truths.filter((truth) => truth !== null);
  if (numbers.length === 0) return false;
  const least = truths[0] === null ? 0 : Math.min(...numbers);
  return shown >= least - tolerance && shown <= Math.max(...numbers) + tolerance;
}
