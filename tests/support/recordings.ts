/**
 * Recordings of what programs wrote and when, with what a person would say their progress was; see `record.ts`.
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
  /** Whether a real run was recorded; otherwise the output was written after the program's documentation. */
  readonly source: "recorded" | "documentation";
  /** What a person would say: from a time in milliseconds on, progress in percent, or `null` if nobody can say. */
  readonly truth: readonly (readonly [number, number | null])[];
  /** Percentage points that a right reading may be off. */
  readonly tolerance: number;
  readonly written: readonly Written[];
}

/** What became of a recording. */
export interface Judgement {
  readonly verdict: "right" | "wrong" | "not read";
  /** The first moment that is not right, for people; empty if the verdict is right. */
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
/** Moments at which a reading is compared with the truth. */
const MOMENTS = 40;
/** How long a reading may lag behind a change of the truth, in milliseconds: the reader looks at the clock every second. */
const LAG_MS = 1_300;
/** How long a bar may stand at 100 % while the program goes on, in milliseconds. */
const ENDED_MS = 2_000;
/** Moments that may be wrong in a recording that is read right: bars are drawn in pieces. */
const FORGIVEN_MOMENTS = 1;

/** Whether a person would ever say a number. */
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
 * Plays a recording, and compares what is read with the truth at {@linkcode MOMENTS} moments.
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

/** What is true at a time, or was a moment ago. */
function truthsAt({ truth }: Recording, atMs: number): readonly (number | null)[] {
  const before = truth.filter(([ms]) => ms <= atMs);
  const recent = before.filter(([ms, value], index) => {
    const sinceMs = atMs - LAG_MS - (value === 100 ? ENDED_MS : 0);
    return (before[index + 1]?.[0] ?? Infinity) > sinceMs || ms > sinceMs;
  });
  return recent.length === 0 ? [null] : recent.map(([, value]) => value);
}

/** Whether a reading is one of the truths of the last moments, or between them. */
function isAmong(shown: number | null, truths: readonly (number | null)[], tolerance: number): boolean {
  if (shown === null) return truths.includes(null);
  const numbers = truths.filter((truth) => truth !== null);
  if (numbers.length === 0) return false;
  const least = truths[0] === null ? 0 : Math.min(...numbers);
  return shown >= least - tolerance && shown <= Math.max(...numbers) + tolerance;
}
