/** Tests words beside a number that show whether the number counts finished work. */

import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";
import { readRecording } from "../../support/recordings.ts";

/** Returns the progress that is read from a row that is redrawn with each of the versions. */
function rowOf(versions: readonly string[]) {
  const output = new Outputs();
  for (const version of versions) output.write(`\r\x1b[K${version}`).wait(300);
  return output.end().progress;
}

Deno.test("numbersInText() ignores counts of people, states and parts of names, even if they rise", () => {
  for (
    const line of [
      "Steve joined the game (#/20 players online)",
      "yes # votes (#/20)",
      "vote granted: tally=#/20 needed=3",
      "DHCPACK(eth0) to 10.0.0.9, #/20 leases",
      "main () at a.c:#/20",
      "batch size 4, VRAM #.5/24.0 GB",
      "hits #% evicted 3",
      "[context #/20 tokens, #% used]",
      "[CI/test (#/20)] npm test",
      "Resident Pages: 1/2  #M/20M  5.0%",
      "✓ renders page # of 20 (3ms)",
      "rate 4.2%, paid #% interest of 1000",
    ]
  ) {
    assertEquals(progressOf([3, 5, 7, 9].map((count) => line.replaceAll("#", `${count}`))), [], line);
  }
  assertEquals(rowOf([3, 5, 7, 9].map((count) => `slots ${count}/16 busy, 0 errors`)), []);
  assertEquals(rowOf([3, 5, 7, 9].map((count) => `CPU [${"#".repeat(count)}  ]  ${count * 10}%`)), []);
});

Deno.test("numbersInText() reads counts beside an action, a noun of work, a name or a verdict", () => {
  for (
    const line of [
      "Hashed # of 20 pieces.",
      "sweep alpha=0.1 (run # of 20, elapsed 3s)",
      "roll out: # out of 20 pods have been updated...",
      "==== jpg/a.jpg [#/20]",
      "PASS [   0.013s] (#/20) net tests::dial",
      "   passed  #/20  parser-case-06 (0.65 sec)",
      "== Progress:  # / 20, errors: 0",
      "  msg  #/20 (12682 bytes) from a@example.com delivered to Maildir",
    ]
  ) {
    const shown = progressOf([4, 6, 8, 10].map((count) => line.replaceAll("#", `${count}`)));
    assertEquals(shown.at(-1), 50, line);
  }
});

Deno.test("numbersInText() reads the percentage of a named file that was fetched, and no other percentage in such a sentence", () => {
  const shares = (line: string) =>
    progressOf([4, 6, 8, 10].map((percent) => line.replace("#", `${percent}`)));
  assertEquals(shares("Got #% of http://example.com/a.img.").at(-1), 10);
  for (const line of ["Got #% of the votes", "Got #% of 3.5 points", "Root is at #% of /dev/sda1"]) {
    assertEquals(shares(line), [], line);
  }
});

Deno.test("numbersInText() reads an amount, a total and a percentage if these three agree", () => {
  assertEquals(progressOf(["1000 8000 12.50%", "2000 8000 25.00%", "4000 8000 50.00%"]), [50]);
  assertEquals(progressOf(["1000, 8000, 12.5 %", "2000, 8000, 25 %", "4000, 8000, 50 %"]), [50]);
  // Columns of a coverage report: statements, missed statements and covered share
  assertEquals(progressOf(["10 90 90%", "20 90 78%", "30 90 67%"]), []);
  assertEquals(progressOf(["20 100 80%", "30 100 70%", "40 100 60%"]), []);
});

Deno.test("withoutPrefixes() removes the seconds since 1970, but no large count", async () => {
  for (const time of ["1700000000", "1700000000.123", "1700000000:", "[1700000000.123]"]) {
    assertEquals(progressOf([`${time} Step 3/4 : RUN make`]), [50], time);
    assertEquals(progressOf([`${time} step 3/4: build`]), [50], time);
  }
  for (
    const [line, progress] of [
      ["1200000000/2400000000 bytes copied", 50],
      ["1000000000 of 2000000000 rows", 50],
      ["1000000000 rows of 2000000000", 50],
      ["1000000000 B / 2000000000 B", 50],
    ] as const
  ) assertEquals(new Outputs().write(`\r${line}`).end().progress, [progress], line);
  const shares = [10, 14, 18].map((tenths) => `${tenths}00000000 4000000000 ${tenths * 2.5}%`);
  assertEquals(progressOf(shares), [45]);
  // The progress of one file of rsync without commas in its numbers.
  const file = new Outputs().write("big.bin\n");
  for (const line of ["   999999999  41%", "  1234567890  51%", "  1467890123  61%"]) {
    file.write(`\r${line}   12.00MB/s    0:00:12`).wait(500);
  }
  assertEquals(file.progress, []);
  // dd, from 2 GB to more than 20 GB.
  const dd = await readRecording("dd_status");
  const outputs = new Outputs();
  const counts = dd.written.flatMap(({ text, output }) => {
    outputs.write(text, output).wait(500);
    return /^\r?\d+ bytes/.test(text) ? [[Number.parseInt(text.trim()), outputs.last.current]] : [];
  });
  assertEquals(counts.length > 5, true);
  for (const [written, current] of counts) assertEquals(current, written);
});

Deno.test("withoutPrefixes() removes the frame of a box from a line, but keeps the cells of a table", () => {
  const box = (text: string) => `||   ${text.padEnd(40)} ||`;
  assertEquals(progressOf([box("11% completed, 0.2 mins elapsed"), box("22% completed, 0.3 mins elapsed")]), [
    ...[11, 22],
  ]);
  assertEquals(progressOf([1, 2, 3, 4].map((percent) => `|| a || ${percent}0% completed ||`)), []);
});

Deno.test("numbersInText() reads the count that is named progress, and the row that is named total, as those of the whole", () => {
  assertEquals(
    progressOf(["restoring part 3 of 12 from a.sql | Progress 10 of 40. Tables 1 of 5 completed"]),
    [25],
  );
  const output = new Outputs();
  for (const percent of [0, 20, 40, 60]) {
    const bar = "#".repeat(percent / 5).padEnd(20, "-");
    const half = "#".repeat(percent / 10).padEnd(20, "-");
    output.write(`a-1  [${bar}]  ${percent}%\r\n Total (0/2)  [${half}]  ${percent / 2}%\r\n\x1b[2A`).wait(
      300,
    );
  }
  assertEquals(output.end().progress.slice(-3), [10, 20, 30]);
});

Deno.test("Tracks: a count within a step that has hardly advanced is not the progress of the whole", () => {
  const output = new Outputs();
  for (let step = 0; step < 5; step++) {
    for (let part = 0; part < 3; part++) {
      output.write(`\x1b[J[${step}/9] steps\r\n└─ [${part}/3] compile exe app\r\n\x1b[2A`).wait(300);
    }
  }
  assertEquals(output.end().progress, ["?", 22, 33, 44]);
});

Deno.test("Tracks: a track that begins after another one has ended is a phase, even if it is drawn as a bar", () => {
  const loading = [1, 2, 3, 4].map((part) =>
    `\rLoading shards: ${part * 25}% Completed | ${part}/4 [00:01<00:03]`
  );
  const output = new Outputs();
  for (const text of loading) output.write(text).wait(300);
  for (const part of [0, 10, 20]) {
    output.write(`\n\rCapturing:  ${part}%|██   | ${part}/100 [00:01<00:03,  2.5it/s]`).wait(300);
  }
  assertEquals(output.end().progress, [25, 50, 75, 100, "?"]);
});

Deno.test("numbersInText() ignores rows with several levels", () => {
  assertEquals(rowOf([10, 20, 30].map((percent) => `main  cpu ${percent}%  bat ${percent + 9}%`)), []);
  assertEquals(
    rowOf([10, 20, 30].map((percent) => `0[|||| ${percent}.0%]  1[|||  ${percent}.5%]  Mem[|||3.2G/15.6G]`)),
    [],
  );
});

Deno.test("numbersInText() reads the percentage that is named progress, whatever else is in the line", () => {
  assertEquals(
    rowOf([3, 5, 7].map((count) => `== Progress:  ${count} / 50 (${count * 2}.00%), errors: 0 (0.00%)`)),
    [6, 10, 14],
  );
});

Deno.test("Tracks: a bar that was overwritten before it moved is not counted beside the next one", () => {
  const output = new Outputs().write(" [  ETA~=???  Remaining=45 Active=1  ]   0%").wait(2_000);
  for (let left = 44; left > 40; left--) {
    const bar = ` [  ETA~=2m  Remaining=${left} Active=#  ]   ${(45 - left) * 2}%`;
    output.write(`\r${" ".repeat(60)}\r ${left}) [2.0s] g++ -c s.cpp\n${bar.replace("#", "0")}`);
    output.write(`\r${bar.replace("#", "1")}`).wait(2_500);
  }
  assertEquals(output.progress, [0, 2, 4, 6, 8]);
});

Deno.test("numbersInText() ignores sizes beside a level", () => {
  assertEquals(
    rowOf([100, 200, 300].map((size) => `⠋ watching 12 files · cpu ${size / 50}% · ${size} MB/512 MB`)),
    [],
  );
});

Deno.test("Tracks: a bar that falls about as often as it rises is a level", () => {
  const levels = [12, 40, 20, 60, 10, 50, 20, 40, 10, 30].map((level) =>
    `${"#".repeat(level / 2).padEnd(50)}| ${level}%`
  );
  assertEquals(rowOf(levels).at(-1), "?");
});

Deno.test("numbersInText() prefers a percentage with its bar to the times beside it", () => {
  const rows = [25, 50].map((percent) =>
    `Updating  ${percent}% [${"=".repeat(percent / 5).padEnd(20)}] 0:01 / 0:08`
  );
  assertEquals(rowOf(rows), [25, 50]);
});

Deno.test("ProgressReader shows no percentage for loops that are numbered from 0", () => {
  assertEquals(
    rowOf(["Epoch 0/3 ━━━╺━━━━━━ 10/40", "Epoch 1/3 ━━━╺━━━━━━ 10/40", "Epoch 2/3 ━━━╺━━━━━━ 10/40"]),
    ["?"],
  );
  assertEquals(rowOf(["Epoch 1/3 ━━━╺━━━━━━ 20/40", "Epoch 2/3 ━━━╺━━━━━━ 20/40"]), [17, 50]);
});

Deno.test("Tracks: percentages in two rows that are drawn in turn are counted as finished ones of the total", () => {
  const output = new Outputs();
  for (const percent of [0, 20, 40, 60, 100]) {
    output.write(`● Client sealing (${percent}%)\r\n● Server building (${percent / 2 + 1}%)\r\n\x1b[2A`).wait(
      300,
    );
  }
  assertEquals(output.end().progress.slice(-2), [0, 50]);
});

Deno.test("ProgressReader counts a percentage once if it is the share of the steps beside it", () => {
  const copying = (step: number) => `Copying ${step}/10: ${step * 10}%`;
  const files = (step: number) => `Processing file ${step} of 10 - ${step * 10}% complete`;
  for (const line of [copying, files]) {
    const lines = [1, 2, 3, 4, 5].map(line);
    assertEquals(rowOf(lines), [20, 30, 40, 50], lines[0]);
    assertEquals(progressOf(lines), [20, 30, 40, 50], lines[0]);
  }
  const bar = (epoch: number, done: number, all: number) =>
    `Epoch ${epoch}/3: ${String(Math.round(done * 100 / all)).padStart(3)}%|####  | ${done}/${all} ` +
    "[00:10<00:20, 10.00s/it]";
  const whole = [[1, 0], [1, 1], [2, 1], [2, 2], [3, 2], [3, 3]] as const;
  assertEquals(rowOf(whole.map(([epoch, done]) => bar(epoch, done, 3))), [0, 33, 67, 100]);
  // The bar of a part of each step, even if each step has as many parts as there are steps.
  for (const all of [3, 10]) {
    const parts = [1, 2, 3].flatMap((epoch) =>
      Array.from({ length: all + 1 }, (_, done) => bar(epoch, done, all))
    );
    assertEquals(
      rowOf(parts).slice(-all),
      Array.from({ length: all }, (_, part) => Math.round((2 + (part + 1) / all) / 3 * 100)),
      `${all}`,
    );
  }
  // The percentage of each file agrees with the share of the files only by chance.
  const [first, second] = [1, 2].map((file) =>
    [10, 40, 50, 70, 100].map((part) => `Copying ${file}/2: ${part}%`)
  );
  assertEquals(rowOf([...first!, ...second!]), [5, 20, 35, 50, 55, 70, 75, 85, 100]);
});

Deno.test("numbersInText() turns round what is left, and takes no state or quantity for an action", () => {
  for (const line of [(left: number) => `Remaining: ${left}%`, (left: number) => `Left: ${left}/100`]) {
    const output = new Outputs().writeLines([80, 60, 40, 20].map(line));
    assertEquals(output.progress.at(-1), 80);
    assertEquals(output.exactProgress.filter((progress) => progress! > 80), []);
    assertEquals(output.last.status, undefined);
  }
  for (
    const line of [
      "User rating: 85%",
      "Missing: 12.5%",
      "Resizing photo.jpg to 50%",
      "Reducing the volume by 20%",
    ]
  ) {
    assertEquals(progressOf([line]), [], line);
  }
  assertEquals(progressOf(["Missing: 12%", "Missing: 13%", "Missing: 15%"]), []);
  // The time that is left is not the share that is left.
  assertEquals(rowOf(["Copying: 12s left 42%"]), [42]);
});

Deno.test("numbersInText() believes two sizes in a final line at once only if its words are about work", () => {
  const levels = [
    "Free space: 30 GB / 100 GB",
    "/home: 93G / 100G",
    "Storage: 93% of 100 GB",
    "GPU0: 3.2/24 GB",
  ];
  const copying = [10, 20, 30].map((percent) => `Copying a.txt: ${percent}%`);
  for (const line of levels) assertEquals(progressOf([line, ...copying]), [10, 20, 30], line);
  for (
    const line of [
      "30 GB / 100 GB",
      "Downloading a.iso: 30 MB / 100 MB",
      "a.iso: 30 MB / 100 MB at 2.1 MB/s",
      "a.iso: 30 MB of 100 MB downloaded",
      "Copied: 30% of 100 GB",
    ]
  ) assertEquals(progressOf([line]), [30], line);
  assertEquals(progressOf([10, 20, 30].map((size) => `disk.img: ${size} MB / 100 MB`)), [30]);
});
