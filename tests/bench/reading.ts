/**
 * Measures how correctly and how fast the progress of programs is read. The bare counterpart is a program
 * that only copies output.
 *
 * @module
 */

import { LineSplitter } from "../../lib/reading/line_splitter.ts";
import { ProgressReader } from "../../lib/reading/progress_reader.ts";
import { startFlags } from "../../.tools/start_flags.ts";
import { moduleArgs } from "../support/program.ts";
import { hasProgress, judge, type Judgement, readRecording, recordingNames } from "../support/recordings.ts";
import { alternate, type Figure, verify } from "./support/harness.ts";
import { TempFolder } from "./support/temp_folder.ts";

const MEGABYTE = 1_000_000;
/** The size of the copied text, in bytes: so large that the start of the processes hardly counts. */
const TEXT_BYTES = 480 * MEGABYTE;
const LINE = "2026-03-17 10:11:12 INFO  request handled in 12 ms by worker 3, 42 kB sent, status 200\n";

/** Judges every recording, then measures the reader alone, and `run` as a whole. */
export async function benchReading(): Promise<Figure[]> {
  return [...await judgeAll(), readerSpeed(), await passingSpeed()];
}

async function judgeAll(): Promise<Figure[]> {
  const withProgress: Judgement[] = [];
  const without: Judgement[] = [];
  for (const name of recordingNames()) {
    const recording = await readRecording(name);
    const judgement = judge(recording);
    (hasProgress(recording) ? withProgress : without).push(judgement);
    // deno-lint-ignore no-console -- a benchmark writes to the console
    if (judgement.verdict !== "right") console.error(`${name}: ${judgement.verdict}, ${judgement.complaint}`);
  }
  const share = (judgements: readonly Judgement[], verdict: Judgement["verdict"]) =>
    judgements.filter((judgement) => judgement.verdict === verdict).length;
  const figure = (name: string, ours: number, target: Figure["target"]): Figure => {
    return { name, unit: "recordings", ours, bare: null, ratio: null, target };
  };
  const readRight = share(withProgress, "right") / withProgress.length * 100;
  return [
    figure("reading, recordings with progress", withProgress.length, { of: "ours", atLeast: 60 }),
    { ...figure("reading, of these read right", readRight, { of: "ours", atLeast: 90 }), unit: "%" },
    figure("reading, of these not read", share(withProgress, "not read"), null),
    figure("reading, of these read wrong", share(withProgress, "wrong"), { of: "ours", atMost: 0 }),
    figure("reading, recordings without progress", without.length, { of: "ours", atLeast: 40 }),
    figure("reading, of these read wrong", share(without, "wrong"), { of: "ours", atMost: 0 }),
  ];
}

function readerSpeed(): Figure {
  const bytes = new TextEncoder().encode(LINE.repeat(50_000));
  const splitter = new LineSplitter();
  const reader = new ProgressReader();
  const startMs = performance.now();
  for (const line of splitter.push(bytes)) reader.read(line, { output: "stdout", atMs: 0 });
  const seconds = (performance.now() - startMs) / 1_000;
  const ours = bytes.length / MEGABYTE / seconds;
  return {
    name: "reading, splitter and reader alone",
    unit: "MB/s",
    ours,
    bare: null,
    ratio: null,
    target: null,
  };
}

async function passingSpeed(): Promise<Figure> {
  await using folder = await TempFolder.make();
  const file = folder.file("text");
  await Deno.writeTextFile(file, LINE.repeat(TEXT_BYTES / LINE.length));
  const { size } = await Deno.stat(file);
  const speedOf = async (args: readonly string[]) => {
    const startMs = performance.now();
    verify("bytes passed on", size, await countBytes([...args, "cat", file]));
    return size / MEGABYTE / ((performance.now() - startMs) / 1_000);
  };
  const program = await moduleArgs("main.ts", await startFlags());
  const bareCopy = new URL("./servers/bare_copy.ts", import.meta.url).pathname;
  const { ours, bare, ratio } = await alternate(
    () => speedOf([...program, "run", "--"]),
    () => speedOf(["run", "-A", "--no-check", bareCopy]),
  );
  const target = { of: "ratio", atLeast: 0.5 } as const;
  return { name: "reading, text through run", unit: "MB/s", ours, bare, ratio, target };
}

/** Runs Deno, and counts the bytes of its output. */
async function countBytes(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args: [...args], stdout: "piped", stderr: "null" })
    .spawn();
  let count = 0;
  for await (const bytes of child.stdout) count += bytes.length;
  await child.status;
  return count;
}
