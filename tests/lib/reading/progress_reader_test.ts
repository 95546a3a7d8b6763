import fc from "fast-check";
import { LineSplitter } from "../../../lib/reading/line_splitter.ts";
import { ProgressReader } from "../../../lib/reading/progress_reader.ts";
import type { Reading } from "../../../lib/reading/reading.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { cutOutput, output } from "../../support/chunks.ts";
import { judge, play, readRecording, recordingNames } from "../../support/recordings.ts";

/** The recordings that are not read correctly yet, each with the reason. */
const NOT_RIGHT: Readonly<Record<string, string>> = {
  listr1_pty: "waiting tasks have no mark, so their number is unknown",
  debmirror_progress_pipe:
    "the percentage reaches 100 % for the lists and then starts over for the packages, like a new phase",
  nala_install_pty: "the count is in a box within another box, and lines above it move it down",
  nx_run_many_pipe:
    "the number of projects is stated, but only the output of each project shows that it has ended",
  pa11y_ci_pipe: "the number of addresses is stated, but addresses with errors have lines of another format",
  pgbackrest_backup_pipe: "the first percentage is 90 %, and most percentages that begin so high are scores",
  stressapptest_pipe: "the output has only the remaining seconds; their total is an argument of the command",
  cdktf_deploy: "each line begins with the name of a stack, which may be any word",
  git_push_pty: "the number of phases is unknown, so progress is indeterminate",
  saga_gaussian_pipe:
    "the number of phases is unknown, and the first ones take less than a tenth of a second",
};

const recordings = await Promise.all(recordingNames().map((name) => readRecording(name)));

Deno.test("ProgressReader reads the progress of recorded programs as a person would, and nothing else", () => {
  const wrong = recordings.map((recording) => ({ name: recording.name, ...judge(recording) }))
    .filter(({ verdict }) => verdict !== "right");
  const unexpected = wrong.filter(({ name }) => !Object.hasOwn(NOT_RIGHT, name));
  assertEquals(unexpected.map(({ name, verdict, complaint }) => `${name}: ${verdict}, ${complaint}`), []);
  const right = new Set(Object.keys(NOT_RIGHT)).difference(new Set(wrong.map(({ name }) => name)));
  assertEquals([...right], [], "These recordings are read correctly now: remove them from the list");
});

/**
 * The maximum number of pieces into which a recording is split; a short recording is split into single
 * characters.
 */
const MOST_PIECES = 8_000;

function pieces(characters: readonly string[], size: number): string[] {
  return Array.from(
    { length: Math.ceil(characters.length / size) },
    (_, index) => characters.slice(index * size, (index + 1) * size).join(""),
  );
}

Deno.test("ProgressReader reads the same progress however the recordings are split into chunks", () => {
  for (const recording of recordings) {
    const { progress, lines } = play(recording);
    const length = recording.written.reduce((sum, { text }) => sum + text.length, 0);
    const size = Math.ceil(length / MOST_PIECES);
    const cut = play(recording, (text) => pieces([...text], size));
    assertEquals([cut.progress, cut.lines], [progress, lines], recording.name);
  }
});

function readingsOf(chunks: readonly Uint8Array[]): Reading[] {
  const splitter = new LineSplitter();
  const reader = new ProgressReader();
  const lines = [...chunks.flatMap((bytes) => splitter.push(bytes)), ...splitter.end()];
  return lines.flatMap((line) => reader.read(line, { output: "stdout", atMs: 0 }) ?? []);
}

Deno.test("ProgressReader reads the same progress from any output however it is split into chunks, and never throws", () => {
  fc.assert(
    fc.property(cutOutput, ([bytes, chunks]) => assertEquals(readingsOf(chunks), readingsOf([bytes]))),
    { numRuns: 1_000 },
  );
});

Deno.test("ProgressReader returns only valid numbers", () => {
  fc.assert(
    fc.property(output, (bytes) => {
      for (const { progress = null, current = null, total = null, status } of readingsOf([bytes])) {
        assert(progress === null || (progress >= 0 && progress <= 100));
        assert(current === null || (Number.isFinite(current) && current >= 0));
        assert(total === null || (Number.isFinite(total) && total >= 0));
        assert(status !== "");
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("ProgressReader ignores long lines, except JSON", () => {
  const reader = new ProgressReader();
  const read = (text: string) =>
    reader.read({ text, isRedraw: false, row: 0 }, { output: "stdout", atMs: 0 });
  assertEquals(read(`${" ".repeat(500)}42%`), undefined);
  assertEquals(read(`{"progress": 42, "more": "${"x".repeat(5_000)}"}`), { progress: 42 });
});

/** The parts of hostile lines: characters and fragments of numbers, bars, sizes and steps. */
const PIECES = [
  ..."a1 .,/[]()|=#-:%█━\t",
  ...[
    "1/2 ",
    "1 of 2 ",
    "1/2 MB ",
    "1 MB",
    "1%",
    "%1",
    "0.",
    " .. ",
    "10",
    "12:30",
    "a.",
    "[1",
    "1]",
    "Aing ",
    "to x, ",
    "0:00 ",
    "1.1 (1:00.0) of ",
    "a: 1 ",
    "1 done ",
    "%.",
    "1/2: a ",
  ],
];

// A pattern that can match the same text in two ways would take exponential time.
Deno.test("ProgressReader reads any repetition of pieces of progress in reasonable time", () => {
  const lines = PIECES.flatMap((a) => ["", ...PIECES].map((b) => `${a}${b}`.repeat(400).slice(0, 400)));
  for (const head of ["", "Plan: ", "Epoch 1/2: ", "Tests: 1 a", "#9 [3/4] ", "0..."]) {
    for (const line of lines) {
      const text = `${head}${line}`.slice(0, 399) + "!";
      new ProgressReader().read({ text, isRedraw: true, row: 0 }, { output: "stdout", atMs: 0 });
    }
  }
});

Deno.test("ProgressReader combines the duration in one output with the time in the other one", () => {
  const reader = new ProgressReader();
  const read = (text: string) =>
    reader.read({ text, isRedraw: false, row: 0 }, { output: "stdout", atMs: 0 });
  assertEquals(read("out_time=00:00:05.000000")?.progress, null);
  assertEquals(read("  Duration: 00:00:20.00, start: 0.000000, bitrate: 45 kb/s"), undefined);
  assertEquals(read("out_time=00:00:05.000000")?.progress, 25);
});

Deno.test("ProgressReader reads values from JSON lines, and after the bars of tqdm", () => {
  const read = (...lines: string[]) =>
    readingsOf([new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""))]);
  assertEquals(read('{"values": {"loss": 0.12, "val/acc": 9e-1}}'), [{
    values: { loss: 0.12, "val/acc": 0.9 },
  }]);
  assertEquals(read('{"progress": 5, "values": {"loss": 1}}'), [{ progress: 5, values: { loss: 1 } }]);
  for (const values of ['{"<b>": 1}', '{"loss": "1"}', '{"loss": null}', "[1]", "{}", '{"loss": [[1, 2]]}']) {
    assertEquals(read(`{"values": ${values}}`), [], values);
  }
  const bar = " 50%|#####     | 5/10 [00:01<00:01,  4.00it/s, loss=0.12, lr=1e-05, step=a3, acc=nan]";
  assertEquals(read(bar).at(-1)?.values, { loss: 0.12, lr: 1e-5 });
  assertEquals(read("5it [00:01,  4.00it/s, loss=-2]").at(-1)?.values, { loss: -2 });
  assertEquals(read(" 50%|#####     | 5/10 [00:01<00:01,  4.00it/s]").at(-1)?.values, undefined);
});
