import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";
import { readRecording } from "../../support/recordings.ts";

Deno.test("Tracks: a stated total takes precedence over drawn bars, and bars over bare numbers", () => {
  assertEquals(
    progressOf([
      "Checks:               182 / 182, 100%",
      "Transferred:   	   12.500 GiB / 50.000 GiB, 25%, 61.200 MiB/s, ETA 10m27s",
      "Transferred:           62 / 400, 15%",
      " *                       a.mkv: 84% /3.302Gi, 44.454Mi/s, 12s",
    ]),
    [25],
  );
  assertEquals(progressOf(["w 1/4", "w 2/4", "w 3/4", "[####      ] 40%", "w 4/4"]), [75, 40]);
});

Deno.test("Tracks: a bare number is believed after it has risen twice", () => {
  assertEquals(progressOf(["weights 10%", "weights 20%"]), []);
  assertEquals(progressOf(["weights 10%", "weights 20%", "weights 30%", "weights 40%"]), [30, 40]);
  assertEquals(progressOf(["10", "20", "42"]), [42]);
});

Deno.test("Tracks: a bare number is believed at once if its line names what it counts", () => {
  const lines: readonly (readonly [string, number])[] = [
    ["Rendered 12/300, time remaining: 12s", 4],
    ["Migrating 3/17 tables now", 18],
    ["iter 300/5000, loss=0.3", 6],
    ["Trial 3/17 finished with value 0.4", 18],
    ["Copying a.txt: 42%", 42],
    ["Progress: 42 percent", 42],
    ["42% done", 42],
  ];
  for (const [line, progress] of lines) assertEquals(progressOf([line]), [progress], line);
});

Deno.test("Tracks: of tracks with equal rank, the topmost row is shown, but not a part that restarts", () => {
  const bar = (name: string, percent: number, of: string) =>
    `${name}: ${percent}%|###   | ${of} [00:01<00:01, 1.0it/s]`;
  const output = new Outputs();
  output.write(`${bar("epochs", 0, "0/2")}\n`);
  for (const [epoch, percent] of [[0, 0], [0, 50], [0, 100], [1, 0], [1, 50], [1, 100]] as const) {
    output.write(`\r${bar("batch", percent, `${percent}/100`)}`).wait(100);
    if (percent === 100) {
      output.write(`\x1b[A\r${bar("epochs", epoch * 50 + 50, `${epoch + 1}/2`)}\x1b[B`).wait(100);
    }
  }
  assertEquals(output.progress, [0, 50, 100]);
  // The same two loops in a log, in which the inner loop comes first.
  const steps = [1, 2, 3].map((step) => `batch ${step}/3`);
  const lines = [1, 2, 3].flatMap((epoch) => [...steps, `epoch ${epoch}/4 finished`]);
  assertEquals(progressOf(lines).at(-1), 75);
});

Deno.test("Tracks: totals that grow are shown as printed, and progress may fall", () => {
  assertEquals(
    progressOf(["[1/4] Building a.o", "[2/4] Building b.o", "[3/8] Building c.o", "[4/8] Building d.o"]),
    [25, 50, 38, 50],
  );
  // If the count falls while the total grows, a different thing is counted.
  assertEquals(progressOf(["copied 5/10 x", "copied 8/10 x", "copied 1/40 x", "copied 2/40 x"]), [50, 80]);
});

Deno.test("Tracks: a step that begins is not counted as finished", () => {
  assertEquals(progressOf(["Step 1/4 : FROM base", "Step 2/4 : RUN make", "Step 3/4 : RUN test"]), [
    0,
    25,
    50,
  ]);
  assertEquals(progressOf(["[1/4] Resolving packages...", "[2/4] Fetching packages..."]), [0, 25]);
  assertEquals(progressOf(["[3/12] Building C object a.o"]), [25]);
});

Deno.test("Tracks: within a step of a stated number, progress of the only part is included", () => {
  const output = new Outputs().writeLines(["Step 2/4 : RUN download", "Copying data: 50%"]);
  assertEquals(output.last.progress, 37.5);
  output.writeLines(["Copying data: 100%", "Step 3/4 : RUN make"]);
  assertEquals(output.last.progress, 50);
});

Deno.test("Tracks: a track after a finished one is a phase; the number of phases is unknown", () => {
  const output = new Outputs();
  output.writeLines(["Downloading: 0%", "Downloading: 50%", "Downloading: 100%"]);
  output.writeLines(["Installing: 10%", "Installing: 42%"]);
  assertEquals(output.progress, [0, 50, 100, "?"]);
  assertEquals(output.last.status, "Installing 42 %");
  // A bar that starts over is a new phase, even if its text is the same.
  const again = progressOf(["Pass: 50% done", "Pass: 100% done", "Pass: 5% done", "Pass: 50% done"]);
  assertEquals(again, [50, 100, "?"]);
});

Deno.test("Tracks: at 100 % for two seconds while the program goes on, progress is indeterminate", () => {
  const output = new Outputs().writeLines(["Copying: 50%", "Copying: 100%"]);
  assertEquals(output.wait(1_500).progress, [50, 100]);
  assertEquals(output.wait(1_000).progress, [50, 100, "?"]);
});

Deno.test("Tracks: a track that began at its end is a summary, and is not shown", () => {
  assertEquals(progressOf(["Loaded 3/3 files", "100% done", "[##########] 100%"]), []);
  assertEquals(progressOf(["w 300/300", "w 400/400", "w 500/500", "w 600/600"]), []);
});

Deno.test("Tracks: a track without further lines while other lines come is no longer shown", () => {
  const output = new Outputs().writeLines(["Copying: 10%", "Copying: 20%", "Copying: 30%"], 1_000);
  output.writeLines(["other"], 5_000);
  assertEquals(output.progress, [10, 20, 30]);
  output.writeLines(["other"], 10_000);
  assertEquals(output.progress, [10, 20, 30, "?"]);
  // If the program writes no other lines, it is only slow.
  const slow = new Outputs().writeLines(["Copying: 10%", "Copying: 20%", "Copying: 30%"], 1_000).wait(
    100_000,
  );
  assertEquals(slow.progress, [10, 20, 30]);
});

Deno.test("Tracks: a track with rare lines is no longer shown after a minute", () => {
  const output = new Outputs().writeLines(["Copying: 10%", "Copying: 20%", "Copying: 30%"], 20_000);
  output.writeLines(["other", "other"], 15_000);
  assertEquals(output.progress, [10, 20, 30]);
  output.writeLines(["other"], 30_000);
  assertEquals(output.progress, [10, 20, 30, "?"]);
});

Deno.test("Tracks: other numbers in a line do not make it another track", () => {
  assertEquals(progressOf(["at 1.5 s: 10%", "at 3.0 s: 20%", "at 4.5 s: 30%"]), [30]);
});

Deno.test("Tracks: a percentage beside a step in the same line is the progress of that step", () => {
  assertEquals(progressOf(["[1/5] Dumping: 50%", "[2/5] Copying: 0%", "[2/5] Copying: 50%"]), [10, 20, 30]);
  assertEquals(progressOf(["Pass 1/2: 10% done", "Pass 1/2: 60% done", "Pass 2/2: 20% done"]), [5, 30, 60]);
  // The percentage is the share of the count itself, so it is not added to the count.
  assertEquals(progressOf([3, 6, 9].map((n) => `uploading new files [${n}/30] (${n / 0.3}%)`)), [30]);
  // A percentage at the beginning of a line is the share of the whole.
  assertEquals(progressOf(["10% done, building 2/4 modules", "20% done, building 4/5 modules"]), [10, 20]);
});

Deno.test("Tracks: numbers after an announced phase count within it", () => {
  const lines = ["=== Phase 1 of 4 ===", "processed 10/20", "=== Phase 2 of 4 ===", "processed 10/20"];
  assertEquals(progressOf(lines), [0, 13, 25, 38]);
});

Deno.test("Tracks: a track that advances after another one was close to its end is the next phase", () => {
  const [first, second] = ["downloading", "verifying"].map((phase) => (percent: number) =>
    `Update state, ${phase}, progress: ${percent}.00 (${percent}000 / 100000)`
  );
  const lines = [...[1, 40, 97].map(first!), ...[2, 30, 60].map(second!)];
  assertEquals(progressOf(lines).at(-1), "?");
});

Deno.test("Tracks: a line that reports the end of a track ends it if it was close to its end", () => {
  const shownOf = (lines: readonly string[]) => new Outputs().writeLines(lines).wait(1_000).progress;
  assertEquals(shownOf(["Preparing area: 50%", "Preparing area: 98%", "Done (12.3s)!"]), [50, 98, "?"]);
  assertEquals(shownOf(["Syncing: 40%", "Syncing: 80%", "Syncing: done"]), [40, 80, "?"]);
  assertEquals(shownOf(["Syncing: 40%", "Syncing: 80%", "Done with a.txt"]), [40, 80]);
});

Deno.test("Tracks: bars with one name in several rows are counted as finished ones of the total", () => {
  const output = new Outputs();
  for (let percent = 10; percent <= 100; percent += 10) {
    const rows = [percent, percent / 2, percent / 4].map((done, row) =>
      `worker ${row + 1}: [${"#".repeat(done / 5).padEnd(20, ".")}] ${done}%\n`
    );
    output.write(`${percent === 10 ? "" : "\x1b[3A"}\r${rows.join("")}`).wait(300);
  }
  // Skip the progress after the first drawing, when the rows are not yet recognized as bars of one name.
  assertEquals(output.progress.slice(1), ["?", 0, 33]);
});

Deno.test("Tracks: lines about several things in turn are indeterminate, unless one is a part of another", () => {
  const files = [1, 2, 3, 4, 5].flatMap((n) => [`fetch north: ${n * 5}%`, `fetch south: ${n * 16}%`]);
  assertEquals(progressOf(files).at(-1), "?");
});

Deno.test("Tracks: a bar that advances above one that does not may be a part of the lower one", () => {
  const output = new Outputs();
  const draw = (item: number, percent: number, files: number) =>
    output.write(
      `${output.lines.length === 0 ? "" : "\x1b[2A"}\ritem${item} [${"=".repeat(percent / 5).padEnd(20)}] ${
        String(percent).padStart(3)
      }%\n` +
        `files ${files}/3 [${"=".repeat(files * 6).padEnd(18)}]\n`,
    ).wait(300);
  for (const percent of [5, 20, 40, 60, 80, 100]) draw(1, percent, 0);
  assertEquals(output.progress.at(-1), "?");
  for (const percent of [5, 40, 100]) draw(2, percent, 1);
  for (const percent of [5, 40]) draw(3, percent, 2);
  assertEquals(output.progress.at(-1), 67);
});

Deno.test("Tracks: a row that is overwritten before it advanced is no phase", () => {
  const output = new Outputs();
  output.write("\rReading: 0 B / 114 MiB => 0%").wait(300);
  for (const percent of [5, 10, 20]) {
    output.write(`\r${percent}% [${"=".repeat(percent / 5).padEnd(20)}] 3 MiB/s     `).wait(300);
  }
  assertEquals(output.progress.at(-1), 20);
});

Deno.test("Tracks: a label that changes with each count is still one track", () => {
  assertEquals(progressOf(["a.txt (1/4)", "b.txt (2/4)", "c.txt (3/4)"]).at(-1), 75);
});

Deno.test("Tracks: named bars that are drawn in turn are counted as finished ones of the total, but phases are not", () => {
  const bar = (name: string, percent: number) =>
    `${name} ${"#".repeat(percent / 5).padEnd(20, ".")} ${percent}%`;
  const output = new Outputs().write("\n\n\n");
  for (let percent = 0; percent <= 100; percent += 10) {
    const [slow, fast] = [percent / 2, percent];
    output.write(`\x1b[3A\r${bar("north", fast)}\n${bar("south", slow)}\n${bar("west", fast)}\n`).wait(300);
  }
  assertEquals(output.last, { ...output.last, current: 2, total: 3 });
  const phases = new Outputs();
  for (const name of ["Hashing", "Copying"]) {
    for (let percent = 0; percent <= 100; percent += 10) phases.write(`\r${bar(name, percent)}`).wait(300);
    phases.write("\n");
  }
  assertEquals(phases.last.progress, null);
});

Deno.test("Tracks: a bare count that falls as often as it rises is a level", () => {
  assertEquals(
    progressOf([3, 6, 4, 7, 5, 8, 2, 6, 3, 7, 9].map((count) => `slot ${count}/11`)).at(-1),
    "?",
  );
});

Deno.test("Tracks: a percentage that starts over after another count came close to its end is the next phase", () => {
  const output = new Outputs().writeLines(["Status: 100%"]);
  for (const segment of [10, 500, 960]) output.write(`\rSegments: ${segment}/1007`).wait(300);
  output.write("\rStatus: 100%     \n");
  for (const percent of [2, 14, 26, 39, 51, 63]) output.write(`\rStatus: ${percent}%`).wait(700);
  assertEquals(output.last.progress, null);
});

Deno.test("Tracks: the frames of a spinner are one track, even if lines push it down", () => {
  const output = new Outputs();
  const frame = (percent: number) =>
    `${"⠋⠙⠹"[percent / 5 % 3]} Unpacking ${"━".repeat(percent / 5).padEnd(20)} ${percent}%`;
  output.write(`a\n${frame(5)}\n`).wait(300);
  for (let percent = 10; percent < 100; percent += 5) {
    output.write(`\x1b[1A\x1b[2K\rUnpacked ${"abcdefghijklmnopqrs"[percent / 5]}\n${frame(percent)}\n`).wait(
      300,
    );
  }
  assertEquals(output.last.progress, 95);
});

Deno.test("Tracks: a line over a bar that was close to its end replaces it", () => {
  const output = new Outputs();
  for (const percent of [10, 50, 98]) output.write(`\r${percent}.0% complete (00:00:10 remaining)`).wait(500);
  output.write("\rCreated control file: /run/backup/info.json            \n").wait(2_000);
  assertEquals(output.last.progress, null);
});

Deno.test("Tracks: a row that now shows something else no longer has progress", () => {
  const output = new Outputs();
  for (const percent of [10, 50, 97]) output.write(`\r\x1b[KDownload ${percent}% 1.2MB/s`).wait(500);
  output.write("\r\x1b[KMount  |").wait(400).write("\r\x1b[KMount  /").wait(400);
  assertEquals(output.last.progress, 97);
  output.write("\r\x1b[KMount  -").wait(1_500);
  assertEquals(output.last.progress, null);
});

Deno.test("Tracks: steps of an announced plan count, however the steps are named", () => {
  const poetry = [
    "Package operations: 3 installs, 1 update, 0 removals, 2 skipped",
    "  - Installing a (1.0)",
  ];
  assertEquals(progressOf([...poetry, "  - Updating b (1.0 -> 1.1)", "  - Installing c (2.0)"]), [0, 25, 50]);
  assertEquals(progressOf(["Processing pages 5 through 8.", "Page 5", "Loading font A", "Page 6"]), [0, 25]);
  assertEquals(progressOf(["Page 5", "Page 6", "Page 7", "Page 8"]), []);
  const events = ['["start",{"total":4}]', '["pass",{"title":"3 of 9"}]', '["fail",{"title":"b"}]'];
  assertEquals(progressOf([...events, '["pending",{"title":"c"}]']), [25, 50, 75]);
});

Deno.test("Tracks: the tests of a file are counted, and those of the next file are a new phase", () => {
  const file = (name: string) =>
    [1, 2, 3, 4].map((n) => `case ${n} of ${name} ... ${n === 2 ? "FAILED" : "ok"} (${n}ms)`);
  const first = ["running 4 tests from ./a_test.ts", ...file("a")];
  assertEquals(progressOf(first), [25, 50, 75, 100]);
  assertEquals(progressOf([...first, "running 4 tests from ./b_test.ts", ...file("b")]), [
    25,
    50,
    75,
    100,
    "?",
  ]);
  // Perl's prove states the number of tests in each file, but not the number of files.
  const rows = new Outputs().write("\rt/a.t .. 3/12").wait(300).write("\rt/a.t .. ok  \n");
  rows.write("\rt/b.t .. 6/12").wait(300).write("\rt/b.t .. 9/12").wait(300);
  assertEquals(rows.progress[0], 25);
  assertEquals(rows.progress.some((shown) => shown === 50 || shown === 75), false);
  assertEquals(progressOf(["t/a.t .... ok", "t/b.t .... 3/12", "t/b.t .... 6/12", "t/b.t .... 9/12"]), []);
});

Deno.test("Tracks: the size of the current file is included in the count of files", () => {
  const line = (file: number, done: number) =>
    `Pack: ${file}/4 files. Current: f${file} Read: ${done} MiB / 2 MiB`;
  assertEquals(progressOf([line(1, 0), line(1, 1), line(2, 1), line(4, 2)]), [0, 13, 38, 100]);
});

Deno.test("Tracks: if the number of tests is stated, each test counts once, in whatever order they end", () => {
  const results = [
    "     1 [firefox] › a.spec.ts:3:1 › buys 3 of 9",
    "  ✓  2 [firefox] › a.spec.ts:5:1 › pays (200ms)",
    "  ✘  1 [firefox] › a.spec.ts:3:1 › buys 3 of 9 (400ms)",
    "  ✓  3 [firefox] › a.spec.ts:3:1 › buys 3 of 9 (retry #1) (300ms)",
    "  -  4 [webkit] › b.spec.ts:7:1 › returns",
  ];
  assertEquals(progressOf(["Running 4 tests using 2 workers, shard 1 of 3", ...results]), [0, 25, 50, 75]);
  assertEquals(progressOf(results), []);
  const output = new Outputs().write("Running 2 tests using 1 worker\n\n     1 a.spec.ts:3:1 › buys\n").wait(
    300,
  );
  output.write("\x1b[1A\x1b[2K\r  ✓  1 a.spec.ts:3:1 › buys (2ms)\n     2 a.spec.ts:5:1 › pays\n").wait(300);
  assertEquals(output.last.progress, 50);
});

Deno.test("Tracks: a row that continues to count below another one is the same track, but a new bar is not", () => {
  const row = (name: string, percent: number) => `${name}  ${percent}% ${"█".repeat(percent / 10)}`;
  const shownOf = (next: number) => {
    const output = new Outputs();
    for (const percent of [10, 20, 30]) output.write(`\r${row("cart_test", percent)}`).wait(300);
    return output.write(`\n${row("tax_test", next)}`).wait(300).last.progress;
  };
  assertEquals([40, 50, 10, 90].map(shownOf), [40, 50, 30, 30]);
});

Deno.test("Tracks: a percentage that jumps in its row is the same track, unless it jumps to the end", () => {
  const shownOf = (percent: number) => {
    const output = new Outputs();
    for (const before of [9, 12, 14]) output.write(`\r████ building (${before}%) a.js`).wait(300);
    return output.write(`\r████ sealing (${percent}%)     `).wait(2_500).last.progress;
  };
  assertEquals([70, 100].map(shownOf), [70, null]);
});

Deno.test("Tracks: a count in the text beside a stated percentage is not the total", () => {
  assertEquals(
    progressOf(["dlstatus:2:30.0:Retrieving file 2 of 6", "dlstatus:5:60.0:Retrieving file 5 of 6"]),
    [
      30,
      60,
    ],
  );
});

Deno.test("ProgressReader names a phase with the words in front of its percentage, and keeps their digits", async () => {
  const statusesOf = async (name: string) => {
    const outputs = new Outputs();
    const statuses = new Set<string>();
    for (const { ms, output, text } of (await readRecording(name)).written) {
      outputs.waitUntil(ms).write(text, output);
      if (typeof outputs.last.status === "string") statuses.add(outputs.last.status.replace(/ \d+ %$/, ""));
    }
    return [...statuses];
  };
  assertEquals(await statusesOf("mke2fs_cc_pty"), [
    "Discarding device blocks",
    "Reading and comparing",
    "Testing with pattern 0x55",
    "Testing with pattern 0xff",
    "Allocating group tables",
    "Writing inode tables",
    "Writing superblocks and filesystem accounting information",
  ]);
  assertEquals((await statusesOf("wget_list_pipe")).slice(-2), ["wg/f2.bin", "wg/f3.bin"]);
  // The digits in these names are not sizes.
  assertEquals((await statusesOf("ollama_pull_2")).at(-1), "pulling fcc5a6bec9da");
});
