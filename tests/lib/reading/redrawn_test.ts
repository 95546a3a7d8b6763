/**
 * Tests output that programs redraw: rows with growing totals, lists of tasks, several bars, summaries,
 * rulers and scales.
 */

import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf, type Shown } from "../../support/reading.ts";

/** Returns the progress that is read from a row that is redrawn with each of the versions. */
function rowOf(versions: readonly string[]): readonly Shown[] {
  const output = new Outputs();
  for (const version of versions) output.write(`\r\x1b[K${version}`).wait(300);
  return output.end().progress;
}

/** Returns the progress that is read from several rows, which are all redrawn for each of the versions. */
function rowsOf(versions: readonly (readonly string[])[]): readonly Shown[] {
  const output = new Outputs();
  let height = 0;
  for (const rows of versions) {
    output.write("\x1b[1A\x1b[2K".repeat(height) + rows.map((row) => `${row}\r\n`).join("")).wait(300);
    height = rows.length;
  }
  return output.end().progress;
}

Deno.test("Tracks: a row whose total grows is one track, unless its count had reached the previous total", () => {
  assertEquals(rowOf(["🔍 ajv [2/10]", "🔍 acorn [4/40]", "🚚 ajv [20/50]", "🚚 qs [45/50]"]), [
    20,
    10,
    40,
    90,
  ]);
  assertEquals(rowOf(["Fetch ▰▱▱ [00:01] 3/10", "Fetch ▱▰▱ [00:02] 50/100", "Init ▱▱▰ [00:03] 60/120"]), [
    ...[30, 50],
  ]);
  assertEquals(rowOf(["Fetching a [8/10]", "Fetching b [10/10]", "Linking a [12/40]"]).at(-1), "?");
});

Deno.test("Screen: text that is erased after a new version of a row is no part of that version", () => {
  const output = new Outputs().write("\rInitialize 3/10").wait(100);
  assertEquals(output.write("\rDownload 4/10\x1b[K").write("\rDownload 5/10\x1b[K").end().progress, [
    30,
    40,
    50,
  ]);
});

Deno.test("Screen: a row is read even if the cursor repeatedly moves to its beginning", () => {
  const output = new Outputs().write("\x1b[1Gdep ███░░░░░░░ 3/10\x1b[0K");
  for (let frame = 0; frame < 8; frame++) output.wait(100).write("\x1b[1G");
  assertEquals(output.progress, [30]);
  assertEquals(output.end().lines, ["dep ███░░░░░░░ 3/10"]);
});

Deno.test("Tracks: a percentage of an estimated size may fall a little", () => {
  const line = (percent: string) => `[download] ${percent}% of ~ 5.34MiB at 4.79MiB/s ETA 00:01 (frag 1/4)`;
  assertEquals(progressOf(["24.0", "25.0", "24.9", "50.0"].map(line)), [24, 25, 50]);
});

Deno.test("Tracks: named bars are counted by their names, whatever rows they are drawn in", () => {
  const bar = (name: string, done: number) =>
    `${name}: ${done}%|${"█".repeat(done / 10)}| ${done}/100 [00:01<00:01, 9.00it/s]`;
  const versions = [[0, 0, 0], [20, 10, 0], [50, 30, 20], [100, 50, 40]].map((done) =>
    done.map((percent, index) => bar(`shard ${index}`, percent))
  );
  const moved = [bar("shard 1", 70), bar("shard 2", 60), "shard 0 was read"];
  assertEquals(rowsOf([...versions, moved]).at(-1), 33);
});

Deno.test("taskList() counts the tasks at the top level, even if their names change", () => {
  const rest = ["◼ Applying changes", "◼ Cleaning up"];
  const versions = [
    ["◼ Backing up state", "◼ Running tasks", ...rest],
    ["⠋ Backing up state", "◼ Running tasks", ...rest],
    ["✔ Backed up state in a stash", "❯ Running tasks", "  ◼ *.js — 3 files", "  ◼ *.md — 3 files", ...rest],
    ["✔ Backed up state in a stash", "❯ Running tasks", "  ✔ *.js — 3 files", "  ⠋ *.md — 3 files", ...rest],
    ["✔ Backed up state in a stash", "✔ Running tasks", ...rest],
  ];
  assertEquals(rowsOf(versions), ["?", 0, 25, 50]);
  // If the list has a single task, its subtasks are counted.
  const within = [["❯ Deploy", "  ◼ api", "  ◼ web"], ["❯ Deploy", "  ⠋ api", "  ◼ web"]];
  assertEquals(rowsOf([...within, ["❯ Deploy", "  ✔ api", "  ⠋ web"]]), ["?", 0, 50]);
});

Deno.test("liveSummary() counts the files of a redrawn summary, but not the tests within a file", () => {
  const rows = (
    part: string,
    files: string,
    tests: string,
  ) => [` ❯ b.test.js ${part}`, ` Test Files ${files}`, ` Tests ${tests}`];
  const versions = [
    rows("2/6", "0 passed (4)", "2 passed (6)"),
    rows("6/6", "1 passed (4)", "6 passed (12)"),
    rows("1/6", "1 failed | 1 passed (4)", "12 passed (18)"),
  ];
  assertEquals(rowsOf(versions), [25, 50]);
  assertEquals(progressOf([" Test Files  3 passed (4)", "      Tests  12 passed (18)"]), []);
});

Deno.test("bareBars() reads bars of dashes after a code", () => {
  const row = (done: number) => `➤ YN0000: ⠋ ${"=".repeat(done)}${"-".repeat(40 - done)}`;
  assertEquals(rowOf([1, 10, 20, 30].map(row)), [50, 75]);
  assertEquals(rowOf(["=====--", "======-", "======="]), []);
});

Deno.test("bareBars() reads bars between named times, but not beside a measured time", () => {
  const bar = (done: number) => `| ${"=".repeat(done)}${" ".repeat(41 - done)}|`;
  const row = (done: number) => `Resizing | ETA: 00:00:${60 - done} ${bar(done)} Time: 00:00:${done + 10}`;
  const output = new Outputs();
  for (const done of [10, 20, 30]) output.write(`\r${row(done)}`).wait(300);
  assertEquals([output.last.progress, output.last.status], [75, "Resizing"]);
  assertEquals(rowOf([10, 20, 30].map((done) => `Current estimate: 35.${done} ms ${bar(done)}`)), []);
});

Deno.test("timeLeft() reads the elapsed and the remaining time if their sum stays the same", () => {
  const row = (passed: string, left: string) => `Frame# 1 [ 9], Time: ${passed} [${left}],`;
  const times = [["00:02.00", "00:18.00"], ["00:04.00", "00:16.02"], ["00:06.00", "00:14.00"], [
    "00:10.00",
    "00:10.00",
  ]] as const;
  assertEquals(rowOf(times.map(([passed, left]) => row(passed, left))).at(-1), 50);
  const estimates = [["00:02", "01:10"], ["00:04", "01:20"], ["00:06", "01:00"], ["00:10", "01:40"]] as const;
  assertEquals(rowOf(estimates.map(([passed, left]) => row(passed, left))), []);
  // A clock with the time of day, beside a countdown
  const clocks = [["12:30:02", "00:18"], ["12:30:04", "00:16"], ["12:30:06", "00:14"], [
    "12:30:10",
    "00:10",
  ]] as const;
  assertEquals(rowOf(clocks.map(([passed, left]) => row(passed, left))), []);
});

Deno.test("scales() and rulers() read rows that grow after words, or between bars", () => {
  const warp = new Outputs().write("Processing a.tif [1/1] : 0");
  for (const sign of "...10...20..") warp.write(sign).wait(90);
  assertEquals(warp.wait(1_000).last.progress, 25);
  const load = new Outputs().write(`|${"-".repeat(50)}|\n|`);
  for (const sign of "=".repeat(30)) load.write(sign).wait(90);
  assertEquals(load.wait(1_000).last.progress, 60);
});

Deno.test("numbered() counts the runs of a repeated job", () => {
  const output = new Outputs().write("Running Lighthouse 4 time(s) on http://shop.test/\n");
  for (const run of [1, 2, 3]) output.write(`Run #${run}...`).wait(500).write("done.\n").wait(500);
  assertEquals(output.progress, [25, 50]);
  assertEquals(progressOf(["Repeating the query 4 times", "run 1: 12 ms", "run 2: 11 ms", "run 3: 12 ms"]), [
    50,
    75,
  ]);
  assertEquals(progressOf(["It failed 4 times", "run 1: 12 ms", "run 2: 11 ms", "run 3: 12 ms"]), []);
});

Deno.test("numbersInText() reads the finest of several counts with their percentages", () => {
  const lines = ["0/277 relations (0%),   0/900 pages (0%)", "3/277 relations (1%), 810/900 pages (90%)"];
  assertEquals(progressOf(lines), [0, 90]);
});

Deno.test("xzFiles() reads the percentage of a file as its part of all files", () => {
  const output = new Outputs();
  for (const file of [1, 2]) {
    output.write(`log${file}.txt (${file}/4)\r\n`).wait(300);
    for (const percent of [" 20.0", " 60.0"]) {
      output.write(`\r${percent} %     0.4 MiB / 0.6 MiB = 0.729      0:01`).wait(300);
    }
    output.write("\r\n");
  }
  assertEquals(output.progress, [5, 15, 30, 40]);
});

Deno.test("lftp() reads only the first of several files", () => {
  const row = (name: string, percent: number) => `\`${name}' at 688128 (${percent}%) [Receiving data]`;
  assertEquals(rowOf([row("a.iso", 20), row("a.iso", 46), row("a.iso", 98)]), [20, 46, 98]);
  assertEquals(rowOf([row("t1.bin", 46), row("t2.bin", 98), row("t3.bin", 97)]), [46, "?"]);
});

Deno.test("announced() counts complete downloads, beside the bar of the current one", () => {
  const lines = ["Downloading 3 item(s)", "Download complete: a.bin", "Download complete: b.bin"];
  assertEquals(progressOf([...lines, "[#3cdd51 4.7MiB/7.6MiB(61%) CN:1 DL:4.7MiB ETA:1s]"]), [67]);
  const packages = ["Package operations: 4 installs, 0 updates, 0 removals"];
  assertEquals(
    progressOf([
      ...packages,
      ...["a", "b", "b"].map((name) => `  - Installing shop/${name} (1.2.0): Mirroring from ../x`),
    ]),
    [0, 25],
  );
});

Deno.test("Tracks: a percentage that becomes unknown because the total still grows is no phase", () => {
  const line = (percent: number, list = "") => `      3,000,000  ${percent}%    9.07MB/s    0:00:00 ${list}`;
  const versions = [
    line(95),
    line(96, "(xfr#1, ir-chk=1010/1200)"),
    line(12, "(xfr#2, ir-chk=1005/14000)"),
    line(13),
    line(30, "(xfr#3, to-chk=900/15000)"),
    line(60),
  ];
  assertEquals(rowOf(versions), [95, "?", 30, 60]);
  // The same if rsync also names each file, so that every version is a new row.
  const named = versions.flatMap((version, at) => [`from/${at}.txt`, version]);
  assertEquals(progressOf(["sending incremental file list", ...named]).slice(-2), [30, 60]);
});
