/** Tests the formats with single lines: what is read from a line, and above all which lines are ignored. */

import { ProgressReader } from "../../../lib/reading/progress_reader.ts";
import type { Reading } from "../../../lib/reading/reading.ts";
import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";

/** Returns what a new reader reads from a single line, without the fields that are `null`. */
function read(text: string, isRedraw = false): Partial<Reading> | undefined {
  const reading = new ProgressReader().read({ text, isRedraw, row: 0 }, { output: "stdout", atMs: 0 });
  if (reading === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(reading).filter(([key, value]) => key === "progress" || value !== null),
  );
}

function check(table: readonly (readonly [string, Partial<Reading> | undefined])[]): void {
  for (const [text, expected] of table) assertEquals(read(text), expected, JSON.stringify(text));
}

Deno.test("numbersInText() reads percentages where they look like progress", () => {
  check([
    ["42%", { progress: 42 }],
    ["42.5 %", { progress: 42.5 }],
    ["  42,5% ", { progress: 42.5 }],
    ["(42%) copying", { progress: 42, status: "copying" }],
    ["42% done", { progress: 42 }],
    ["0%...10%...20%", { progress: 20 }],
    ["42 Prozent", { progress: 42 }],
    ["Uploading: 42%", { progress: 42, status: "Uploading" }],
    ["Reading the index... 42%", { progress: 42, status: "Reading the index" }],
    ["progress = 42% so far", { progress: 42 }],
    ["it is 42% complete now", { progress: 42 }],
    ["task 7 is at 42% complete now", { progress: 42 }],
    ["[#####     ]  42% ETA 3s", { progress: 42 }],
    ["  42 [========>           ] 42%", { progress: 42 }],
    ["Working... ━━━━━━━━━━━━━╸━━━━━━━━━━━━━━━━  42% 0:00:03", { progress: 42, status: "Working" }],
    ["tests/test_a.py ......                           [ 42%]", { progress: 42, status: "Testing" }],
    ["..........s......F.......x.. [ 42%]", { progress: 42, status: "Testing" }],
    ["...and so on [ 42%]", undefined],
    ["<=====--------> 42% EXECUTING [3s]", { progress: 42, status: "EXECUTING" }],
  ]);
  // A line that is redrawn is read as progress, whatever other numbers it has.
  assertEquals(read("1.00GiB 0:00:02 [ 500MiB/s] [==>     ] 42% ETA 0:00:03", true), { progress: 42 });
  assertEquals(read("Encoding: task 1 of 1, 42.15 % (24.5 fps, avg 25.1 fps, ETA 00h01m02s)", true), {
    progress: 42.15,
  });
  assertEquals(read("big.bin    42%  420KB 100.0KB/s   00:05 ETA", true), { progress: 42 });
});

Deno.test("numbersInText() ignores other percentages", () => {
  check([
    ["made of 100% cotton and more", undefined],
    ["100% cotton", undefined],
    ["  adding: a.txt (deflated 62%)", undefined],
    ["a.txt:\t 62.3% -- replaced with a.txt.gz", undefined],
    ["/dev/sda1        98G   42G   51G  46% /", undefined],
    ["CPU usage: 85%", undefined],
    ["battery 42%", undefined],
    ["12% faster than before", undefined],
    ["3 packets transmitted, 3 received, 0% packet loss, time 2003ms", undefined],
    ["Lines executed:85.71% of 14", undefined],
    ["coverage: 83.1% of statements", undefined],
    ["mb I  I16..4: 30.0% 58.4% 11.6%", undefined],
    ["http://host/a%20b", undefined],
    ["%d %s 42%s", undefined],
    ["420%", undefined],
    ["-5%", undefined],
    ["100.5%", undefined],
  ]);
});

Deno.test("numbersInText() reads 3/17 and 3 of 17 where they look like progress", () => {
  check([
    ["3/17", { progress: 300 / 17, current: 3, total: 17 }],
    ["3/17 files", { progress: 300 / 17, current: 3, total: 17, unit: "files" }],
    ["3 of 4", { progress: 75, current: 3, total: 4 }],
    ["Reading file 3 of 4", { progress: 50, current: 3, total: 4, status: "Reading file" }],
    ["1,500 of 2,000", { progress: 75, current: 1_500, total: 2_000 }],
    ["Epoch 3/4", { progress: 50, current: 3, total: 4, status: "Epoch" }],
    ["copying (3/4) a.txt", { progress: 50, current: 3, total: 4, status: "copying" }],
    ["processed 3/4 so far", { progress: 75, current: 3, total: 4 }],
    ["    Building [=====>   ] 30/40: serde, tokio", {
      ...{ progress: 75, current: 30, total: 40, unit: "crates", status: "Building" },
    }],
    ["003/004", { progress: 75, current: 3, total: 4 }],
    ["0/4", { progress: 0, current: 0, total: 4 }],
    ["Progress 3 of 4", { progress: 75, current: 3, total: 4 }],
  ]);
  assertEquals(read("so 3/4", true), { progress: 75, current: 3, total: 4 });
});

Deno.test("numbersInText() ignores dates, paths, ratios and addresses", () => {
  check([
    ["3/17/2024", undefined],
    ["2024/03/17", undefined],
    ["03/2024", undefined],
    ["/3/17", undefined],
    ["see ./3/17", undefined],
    ["3/17/a.txt", undefined],
    ["3/17.txt", undefined],
    ["a/3/17", undefined],
    ["10.0.0.0/24", undefined],
    ["listening on 127.0.0.1:80/tcp", undefined],
    ["17/3", undefined],
    ["3 out of 4 tests passed", undefined],
    ["24/7", undefined],
    ["1/1", undefined],
    ["using SAR=1/2", undefined],
    ["take 1/2 cup of sugar", undefined],
    ["12:30/12:45", undefined],
    ["v1/2", undefined],
    ["0.3/1.2", undefined],
    ["5 of 3", undefined],
    ["3 of 17.5", undefined],
    ["0/0", undefined],
    ["1/99999999999999999999", undefined],
  ]);
});

Deno.test("Formats of loops read what a step does after its number, unless that is a value", () => {
  check([
    ["Phase 3/8: Running 'flush'", { progress: 25, current: 3, total: 8, status: "Running 'flush'" }],
    ["STEP 3/5: COPY b /b", { progress: 40, current: 3, total: 5, status: "COPY b /b" }],
    ["Step 3 of 5: Building 3.2.1", { progress: 40, current: 3, total: 5, status: "Building 3.2.1" }],
    ["Stage 3/5 - Load", { progress: 40, current: 3, total: 5, status: "Load" }],
    ["Stage 3 of 5 — Load the rows", { progress: 40, current: 3, total: 5, status: "Load the rows" }],
    ["Phase 3/5 | Load", { progress: 40, current: 3, total: 5, status: "Load" }],
    ["Step 3/5 -> b", { progress: 40, current: 3, total: 5, status: "b" }],
    // This line follows the epoch, and says what came out of it.
    ["Epoch 3/5 - loss: 0.5 - acc: 0.2", { progress: 60, current: 3, total: 5, status: "Epoch" }],
    ["Step 3 of 5: loss 0.31", { progress: 40, current: 3, total: 5, status: "Step" }],
    ["Epoch 3/5: loss=3", { progress: 40, current: 3, total: 5, status: "Epoch" }],
  ]);
});

Deno.test("Formats of build tools read the step at the beginning of a line", () => {
  check([
    ["[3/4] Building a.o", { progress: 75, current: 3, total: 4, status: "Building a.o" }],
    ["[ 3 / 4 ]", { progress: 75, current: 3, total: 4 }],
    ["[ 42%] Building a.o", { progress: 42, status: "Building a.o" }],
    ["Step 3/4 : RUN make", { progress: 50, current: 3, total: 4, unit: "steps", status: "RUN make" }],
    ["#9 [3/4] RUN make", { progress: 50, current: 3, total: 4, unit: "stages", status: "RUN make" }],
    ["#9 [build 3/4] RUN make", { progress: 50, current: 3, total: 4, unit: "stages", status: "RUN make" }],
    ["[4/3] a", undefined],
    ["[142%] a", undefined],
  ]);
});

Deno.test("numbersInText() reads two sizes if the second one is the total", () => {
  const MiB = 1_024 ** 2;
  check([
    ["3.0/12.0 MB", { progress: 25, current: 3e6, total: 12e6, unit: "B" }],
    ["Completed 3.0 MiB/12.0 MiB (1.5 MiB/s) with 1 file(s) remaining", {
      ...{ progress: 25, current: 3 * MiB, total: 12 * MiB, unit: "B" },
    }],
    ["Transferred:   1.5 GiB / 3 GiB, 50%, 100 MiB/s, ETA 1m", {
      ...{
        progress: 50,
        current: 1.5 * 1_024 * MiB,
        total: 3 * 1_024 * MiB,
        unit: "B",
        status: "Transferring",
      },
    }],
    ["512 kB of 1.024 MB", { progress: 50, current: 512_000, total: 1_024_000, unit: "B" }],
    ["512 B/1.024kB", { progress: 50, current: 512, total: 1_024, unit: "B" }],
    ["[download]  25.0% of 8.00MiB at 1.00MiB/s ETA 00:05", {
      ...{ progress: 25, status: "Downloading" },
    }],
    ["[download]  50.0% of ~  8.00MiB at 1.00MiB/s", {
      ...{ progress: 50, status: "Downloading" },
    }],
    ["Memory: 3.0/16.0 GB", undefined],
    ["disk used 3 GB / 16 GB", undefined],
    ["at 12 MB/s", undefined],
    ["5 MB/3 MB", undefined],
    ["Need to get 0 B/1312 B of archives.", undefined],
  ]);
});

Deno.test("ownJson() reads objects in its own format, and no JSON logs", () => {
  check([
    ['{"progress": 42}', { progress: 42 }],
    ['{"progress":null,"status":"Looking"}', { progress: null, status: "Looking" }],
    ['  {"current":3,"total":4,"unit":"files"}\r', { current: 3, total: 4, unit: "files" }],
    ['{"status":"Looking"}', { status: "Looking" }],
    ['{"progress":42,"time":"12:00","status":7}', { progress: 42 }],
    ['{"level":"info","msg":"3/17","status":"ok"}', undefined],
    ['{"level":"info","msg":"42%"}', undefined],
    ['{"level":30,"msg":"pool","current":3}', undefined],
    ['{"type":"progress","id":7,"progress":42}', { progress: 42 }],
    ['{"time":1,"current":3,"total":4,"unit":"files","status":"Reading"}', {
      ...{ progress: 75, current: 3, total: 4, unit: "files", status: "Reading" },
    }],
    ['{"progress":"42%"}', undefined],
    ['{"progress":1e999}', undefined],
    ["{}", undefined],
    ["{not json}", undefined],
    ["[1, 2]", undefined],
  ]);
});

Deno.test("curl() reads the meter since curl 8.18, below its head", () => {
  const head = [
    "  % Total    % Received % Xferd  Average Speed  Time    Time    Time   Current",
    "                                 Dload  Upload  Total   Spent   Left   Speed",
  ];
  const row = (times: string) => ` 42  2.00G  42 860.2M   0      0  9.12M      0 ${times}  9.12M`;
  // The widths of times are those in time2str() of curl's lib/progress.c.
  for (
    const times of [
      "  00:59   00:24   00:35",
      "1:01:01   59:59 1:00:00",
      "10h 02m   01:00 10h 01m",
      " 4d 04h   01:00  4d 04h",
      "   100d   01:00    99d ",
      "    82y    33m     82y",
      "          00:24        ",
    ]
  ) {
    assertEquals(progressOf([...head, row(times)]), [42], times);
  }
  const unknown = "100 976.5k   0 976.5k   0      0 481.6k      0           00:02         481.7k";
  assertEquals(new Outputs().writeLines([...head, unknown]).last, {
    ...{ progress: null, current: 999_936, total: null, unit: "B" },
  });
  // Nine numbers without a head may be anything.
  assertEquals(progressOf(["42 100 42 42 0 0 10 0 20", "43 100 43 43 0 0 10 0 20"]), []);
});

Deno.test("foreignJson() leaves everything else in the output to other formats", () => {
  const bar = (step: number) => `a: ${step}0%|###   | ${step}/10 [00:01<00:01,  1.00it/s]`;
  for (
    const line of [
      '{"level":30,"msg":"pool","current":3}',
      '{"type":"status","current":3}',
      '{"type":"cache","progress":42}',
    ]
  ) assertEquals(progressOf([line, bar(1), bar(2)]), [10, 20], line);
  // Each operation is a phase, and the number of phases is unknown.
  const step = (operation: string, current: number) =>
    `{"type":"progress_percent","msgid":"${operation}","message":"${operation} ${current}.0%","current":${current},"total":100}`;
  const output = new Outputs().writeLines([step("check", 0), step("check", 50), step("check", 100)]);
  output.writeLines([step("verify", 1), step("verify", 50)]);
  assertEquals(output.progress, [0, 50, 100, "?"]);
  assertEquals(output.last.status, "verify 50 %");
  // The last operation has no total.
  const archive = '{"type":"archive_progress","nfiles":3}';
  assertEquals(
    new Outputs().writeLines([step("sync", 50), step("sync", 100), ...Array(12).fill(archive)]).progress,
    [
      50,
      100,
      "?",
    ],
  );
});

Deno.test("tqdm() reads units, scaled numbers, and bars without a description", () => {
  check([
    [" 50%|█████     | 5/10 [00:04<00:05,  1.00it/s]", { progress: 50, current: 5, total: 10 }],
    [" 30%|███       | 0.30000000000000004/1.0 [00:04<00:05,  1.00it/s]", {
      ...{ progress: 30, current: 0.3, total: 1 },
    }],
    [" 62%|██████▎   | 2.5/4.0 [00:04<00:05,  1.00it/s]", { progress: 62.5, current: 2.5, total: 4 }],
    ["a b: 50%|##### | 5/10 [1:00:04<1:00:05, 12.0s/file]", {
      ...{ progress: 50, current: 5, total: 10, unit: "file", status: "a b" },
    }],
    ["50%|█████| 5.00k/10.0k [00:04<00:05, 1.00kMeals/s]", {
      ...{ progress: 50, current: 5_000, total: 10_000, unit: "Meals" },
    }],
    ["50%|█████| 5/10 [00:04<?, ?Meals/s, loss=0.5]", {
      ...{ progress: 50, current: 5, total: 10, unit: "Meals", values: { loss: 0.5 } },
    }],
    ["7it [00:04, 10.00it/s]", { progress: null, current: 7 }],
    ["read: 7.00kB [00:04, 1.7kB/s]", { progress: null, current: 7_000, unit: "B", status: "read" }],
    ["7 things [on, a list]", undefined],
  ]);
});

Deno.test("Formats of programs read only lines of their own program", () => {
  check([
    [" 42 1000k   42  420k    0     0   100k      0  0:00:10  0:00:04  0:00:06  100k", {
      ...{ progress: 42, current: 420 * 1_024, total: 1_000 * 1_024, unit: "B" },
    }],
    ["  0  9.9G    0 1000M    0     0   100M      0  1d 02h  0:00:04  1d 02h  100M", {
      ...{ progress: 0, current: 1_000 * 1_024 ** 2, total: Math.round(9.9 * 1_024 ** 3), unit: "B" },
    }],
    ["Resolving deltas:  50% (5/10)", {
      progress: 50,
      current: 5,
      total: 10,
      unit: "deltas",
      status: "Resolving deltas",
    }],
    ["Updating files:  50% (5/10), done.", {
      progress: 50,
      current: 5,
      total: 10,
      unit: "files",
      status: "Updating files",
    }],
    ["1048576 bytes transferred in 1.0 secs (1048576 bytes/sec)", {
      progress: null,
      current: 1_048_576,
      unit: "B",
    }],
    ["1048576 bytes were lost", undefined],
    ["bsdtar: Write checkpoint 10", { progress: null, current: 10, unit: "records", status: "Writing" }],
    ["guitar: Write checkpoint ten", undefined],
    ["> 0112+0336  00:02.90+00:08.70 --- 100=100  32 kb/s", {
      progress: 25,
      current: 112,
      total: 448,
      unit: "frames",
    }],
  ]);
});

Deno.test("columns() reads the number below a percent sign", () => {
  const head = "  LV   VG Attr       LSize   Move Log Cpy%Sync Convert";
  const row = (percent: number) => `  root vg rwi-aor--- 400.00g          ${percent.toFixed(2).padEnd(8)}`;
  assertEquals(progressOf([head, row(10), head, row(20)]), [10, 20]);
  assertEquals(progressOf([row(10), row(20)]), []);
});

Deno.test("columns() reads only the rows of a table, below a line of names", () => {
  const head = "  LV   VG Attr       LSize   Pool Origin Data%  Meta%  Move Log Cpy%Sync Convert";
  const log = (tables: number) =>
    `2026-12-02 10:00:00 backup of the database shop to the host nas ended with ${tables} tables`;
  assertEquals(progressOf([head, "  root vg -wi-ao---- 20.00g", log(12), log(57)]), []);
  const short = (count: number) => String(count).padStart(head.indexOf("Cpy%Sync") + 4);
  assertEquals(progressOf([head, short(10), log(3), short(20)]), [10]);
  assertEquals(progressOf([head, short(10), "", short(20)]), [10]);
  // A number before the percent sign makes it a percentage, whatever follows.
  const done = (percent: number) => `Copying: ${percent} % done`;
  assertEquals(progressOf([done(10), done(20), done(30), "Found files: 12"]), [10, 20, 30]);
  assertEquals(
    progressOf(["    %|avg.bitrate| speed|play time", "  3.5   92.7 kbps", "done", "  40   files"]),
    [4],
  );
});

Deno.test("columns() reads the amount and the total in columns whose heads name them", () => {
  const head = " URL  errs cur/max   done / total   pass left";
  assertEquals(
    progressOf([head, " a      0   3/20     200/800     00:01 00:03", " a  0   3/20     400/800"]),
    [25, 50],
  );
  assertEquals(progressOf([" URL  errs cur/max   rate", " a      0   3/20     200/800"]), []);
});

Deno.test("Formats of protocols read output that programs write for other programs", () => {
  check([
    ["##vso[task.setprogress value=40;]Uploading", { progress: 40, status: "Uploading" }],
    ["[GNUPG:] PROGRESS disk.raw ? 25 100 KiB", { progress: 25, current: 25, total: 100, unit: "KiB" }],
    ["[GNUPG:] PROGRESS disk.raw ? 25 0", undefined],
    ["[GNUPG:] PROGRESS need_entropy X 25 120", undefined],
    ["PRGV:100,16384,65536", { progress: 25, current: 16384, total: 65536 }],
    ["#GUI#progress 42%", { progress: 42 }],
    ["pmstatus:libc6:42.5:Unpacking libc6", { progress: 42.5, status: "Unpacking libc6" }],
  ]);
});

Deno.test("resultDots() counts a row of one letter or sign only if it was seen growing", () => {
  const banner = ["Found 250 images", "*".repeat(40)];
  assertEquals(progressOf([...banner, "Copying: 10%", "Copying: 20%"]), [10, 20]);
  const growing = new Outputs().write("Running 10 tests\n");
  for (let count = 0; count < 5; count++) growing.write("*").wait(1_000);
  assertEquals(growing.write("\n").progress, [10, 20, 30, 40, 50]);
  assertEquals(progressOf(["Running 10 tests", ".F..."]), [50]);
});

Deno.test("resultDots() ignores the results of a program that reports its progress itself", () => {
  const output = new Outputs().write("collected 240 items\n\ntests/test_a.py ");
  for (const [percent, results] of [[24, 58], [54, 72], [84, 72], [100, 38]] as const) {
    for (let result = 0; result < results; result++) output.write(".").wait(250);
    output.write(` [${percent}%]\n`);
  }
  assertEquals(output.end().progress, [24, 54, 84, 100]);
});

Deno.test("ProgressReader reads rows of restic that are cut at the width of the terminal", () => {
  const output = new Outputs();
  const rows = [
    "[0:05] 20.55%  946 files 164.519 MiB, total 54454 files 800.696 MiB, 0 errors ",
    "[0:07] 24.94%  4411 files 199.656 MiB, total 54454 files 800.696 MiB, 0 err",
    "[0:09] 39.31%  12037 files 314.788 MiB, total 54454 files 800.696 MiB, 0 er",
    "[0:14] 70.90%  24390 files 567.684 MiB, total 54454 files 800.696 MiB, 0 er",
  ];
  for (const row of rows) output.write(`\r\x1b[2K${row}`).wait(2_000);
  assertEquals(output.progress, [21, 25, 39, 71]);
  assertEquals(output.last.status, "Backing up");
});
