import fc from "fast-check";
import { LineSplitter } from "../../../lib/reading/line_splitter.ts";
import { ProgressReader } from "../../../lib/reading/progress_reader.ts";
import type { Reading } from "../../../lib/reading/reading.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { cutOutput, output, singly } from "../../support/chunks.ts";
import { hear, readRecording, recordingNames } from "../../support/recordings.ts";

/** `null` is written as `?`: more than nothing, and nobody knows how much of what. */
type Shown = number | "?";

/** What a program is known to have said, in order; progress is rounded, and the same one twice counts once. */
interface Expected {
  readonly progress: readonly Shown[];
  readonly statuses?: readonly string[];
  /** The last reading, or a part of it. */
  readonly last: Reading;
}

const TO_100 = (step: number): number[] =>
  Array.from({ length: 100 / step }, (_, index) => (index + 1) * step);

const EXPECTED: Readonly<Record<string, Expected>> = {
  apt: {
    progress: [
      ...[0, 93, 98, 99, 0, 50, 0, 50, 100],
      ...TO_100(5),
      ...[0, 11, 22, 33, 44, 56, 67, 78, 89],
    ],
    statuses: [
      ...["Reading package lists", "Building dependency tree", "Reading state information", "Downloading"],
      ...["Reading database", "Installing"],
    ],
    last: { progress: 89, current: null, total: null },
  },
  cmake_make: {
    progress: [8, 16, 25, 33, 41, 50, 58, 66, 75, 83, 91, 100],
    last: { progress: 100, status: "Built target p" },
  },
  curl_bar: { progress: TO_100(5), last: { progress: 100, current: null } },
  curl_bar_unknown: { progress: [], last: {} },
  curl_meter: {
    progress: ["?", 5, 38, 71, 100],
    last: { progress: 100, current: 2_929 * 1_024, total: 2_929 * 1_024, unit: "B" },
  },
  curl_unknown: {
    progress: ["?"],
    last: { progress: null, current: 1_953 * 1_024, total: null, unit: "B" },
  },
  curl_upload: {
    progress: ["?", 100],
    last: { progress: 100, current: 2_929 * 1_024, total: 2_929 * 1_024, unit: "B" },
  },
  dd: { progress: ["?"], last: { progress: null, current: 2_500_000, total: null, unit: "B" } },
  docker_pipe: {
    progress: [0, 17, 33, 50, 67, 83, 100],
    last: { current: 3, total: 3, unit: "layers", status: "Pulling" },
  },
  docker_terminal: {
    progress: [0, 4, 8, 13, 21, 29, 63, 67, 75, 83, 100],
    last: { current: 3, total: 3, unit: "layers", status: "Pulling" },
  },
  // Of a part (`-t 3`) it says how long all of it is.
  ffmpeg: { progress: [0, 4, 10, 14, 20, 25, 30], last: { current: 3, total: 10, unit: "s" } },
  ffmpeg_encode: { progress: [0, 18, 53, 99], last: { current: 9.88, total: 10, unit: "s" } },
  ffmpeg_progress: { progress: [0, 23, 59, 99, 100], last: { current: 10, total: 10, unit: "s" } },
  git_clone: {
    progress: [
      ...[0, ...TO_100(1)],
      ...[
        2,
        5,
        7,
        9,
        11,
        14,
        16,
        18,
        20,
        23,
        25,
        27,
        30,
        32,
        34,
        36,
        39,
        41,
        43,
        45,
        48,
        50,
        52,
        55,
        57,
        59,
        61,
      ],
      ...[64, 66, 68, 70, 73, 75, 77, 80, 82, 84, 86, 89, 91, 93, 95, 98, 100],
      ...[0, ...TO_100(1)],
    ],
    statuses: ["Counting objects", "Compressing objects", "Receiving objects"],
    last: { progress: 100, current: 1_244, total: 1_244, unit: "objects", status: "Receiving objects" },
  },
  json_lines: { progress: ["?", 0, 13, 25, 38, 50, 63, 75, 88, 100], last: { progress: 99.5 } },
  ninja: {
    progress: [8, 17, 25, 33, 42, 50, 58, 67, 75, 83, 92, 100],
    last: { current: 12, total: 12, status: "Linking C static library libp.a" },
  },
  pip_pipe: { progress: [100], last: { current: 3_000_000, total: 3_000_000, unit: "B" } },
  pip_raw: {
    progress: [0, 9, 26, 44, 61, 79, 96, 100],
    last: { current: 3_000_834, unit: "B", status: "Downloading big-1.0-py3-none-any.whl" },
  },
  pip_terminal: {
    progress: [0, 17, 27, 33, 43, 53, 60, 70, 80, 97, 100],
    last: { current: 3_000_000, unit: "B", status: "Downloading big-1.0-py3-none-any.whl" },
  },
  rsync_progress: {
    progress: [1, 29, 43, 57, 71, 86, 100],
    last: { current: 7, total: 7, unit: "files", status: "file6.bin" },
  },
  rsync_progress2: { progress: [0, 16, 33, 50, 53, 66, 83, 100], last: { progress: 100, current: null } },
  rsync_verbose: { progress: [0, 16, 33, 50, 53, 66, 83, 100], last: { progress: 100, current: null } },
  tar: { progress: ["?"], statuses: ["Writing"], last: { current: 1_600, total: null, unit: "records" } },
  tar_extract: { progress: ["?"], statuses: ["Reading"], last: { current: 1_500, unit: "records" } },
  tqdm: {
    progress: [0, ...TO_100(10), "?", 0, ...TO_100(10), 0, 50, 100],
    statuses: ["Hashing", "big.bin", "slow"],
    last: { progress: 100, current: 2, total: 2, unit: null },
  },
  tqdm_nested: {
    progress: [0, 25, 50, 75, 100, 50, 0, 25, 50, 75, 100],
    statuses: ["epochs", "batch", "epochs", "batch", "epochs"],
    last: { current: 2, total: 2 },
  },
  wget_bar: {
    progress: [0, 7, 17, 27, 37, 47, 57, 67, 77, 87, 97, 100],
    last: { progress: 100, current: 2_000_000, total: 2_000_000, unit: "B" },
  },
  wget_dot: {
    progress: [
      ...[
        2,
        5,
        7,
        10,
        12,
        15,
        17,
        20,
        23,
        25,
        28,
        30,
        33,
        35,
        38,
        40,
        43,
        46,
        48,
        51,
        53,
        56,
        58,
        61,
        64,
        66,
      ],
      ...[69, 71, 74, 76, 79, 81, 84, 87, 89, 92, 94, 97, 99, 100],
    ],
    last: { current: 2_000_000, total: 2_000_000, unit: "B" },
  },
  wget_dot_mega: { progress: [34, 69, 100], last: { current: 9_000_000, unit: "B" } },
  wget_unknown: { progress: ["?"], last: { progress: null, total: null, unit: "B" } },
};

/** A reading as the reader's user would have it: what only counts leads to progress. */
function shown({ progress, current, total }: Reading, before: Reading): Shown {
  const whole = total === undefined ? before.total : total;
  const derived = typeof current === "number" && typeof whole === "number" ? current / whole * 100 : null;
  const value = progress === undefined ? derived : progress;
  return value === null ? "?" : Math.round(value);
}

function withoutRepeats<T>(values: readonly T[]): T[] {
  return values.filter((value, index) => value !== values[index - 1]);
}

Deno.test("ProgressReader reads exactly the progress of each recording", async (t) => {
  assertEquals(recordingNames(), Object.keys(EXPECTED).sort());
  for (const [name, expected] of Object.entries(EXPECTED)) {
    await t.step(name, async () => {
      const { readings } = hear(await readRecording(name));
      let before: Reading = {};
      const progress = readings.map((reading) => {
        const value = shown(reading, before);
        before = { ...before, ...reading };
        return value;
      });
      assertEquals(withoutRepeats(progress), [...expected.progress]);
      const last = readings.at(-1) ?? {};
      assertEquals({ ...last, ...expected.last }, last);
      const statuses = readings.flatMap(({ status }) => status === undefined ? [] : [status]);
      if (expected.statuses !== undefined) assertEquals(withoutRepeats(statuses), [...expected.statuses]);
    });
  }
});

Deno.test("ProgressReader does not depend on how the recordings are split into chunks", async () => {
  for (const name of recordingNames()) {
    const written = await readRecording(name);
    assertEquals(hear(written, singly), hear(written), name);
    const whole = { ms: 0, stream: 1 as const, text: written.map(({ text }) => text).join("") };
    if (written.every(({ stream }) => stream === 1)) assertEquals(hear([whole]), hear(written), name);
  }
});

function readingsOf(chunks: readonly Uint8Array[]): Reading[] {
  const splitter = new LineSplitter();
  const reader = new ProgressReader();
  const lines = [...chunks.flatMap((bytes) => splitter.push(bytes)), ...splitter.end()];
  return lines.flatMap((line) => reader.read(line) ?? []);
}

Deno.test("ProgressReader never throws, and does not depend on how any output is split", () => {
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

Deno.test("ProgressReader ignores long lines other than JSON", () => {
  const reader = new ProgressReader();
  const read = (text: string) => reader.read({ text, isRedraw: false });
  assertEquals(read(`${" ".repeat(500)}42%`), undefined);
  assertEquals(read(`{"progress": 42, "more": "${"x".repeat(5_000)}"}`), { progress: 42 });
});

Deno.test("ProgressReader combines the duration on one stream with the time on the other", () => {
  const reader = new ProgressReader();
  const read = (text: string) => reader.read({ text, isRedraw: false });
  assertEquals(read("out_time=00:00:05.000000")?.progress, null);
  assertEquals(read("  Duration: 00:00:20.00, start: 0.000000, bitrate: 45 kb/s"), undefined);
  assertEquals(read("out_time=00:00:05.000000")?.progress, 25);
});
