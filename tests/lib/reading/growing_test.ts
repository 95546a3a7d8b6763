import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";

Deno.test("ProgressReader reads a scale in a growing row, even without a pause, but no growing prose", () => {
  const output = new Outputs().write("Hashing ");
  const read: (number | null | undefined)[] = [];
  for (let block = 1; block <= 30; block++) {
    output.write(block % 10 === 0 ? `.${block}%` : ".").wait(150);
    if (block % 10 === 0) read.push(output.last.progress);
  }
  assertEquals(Math.floor(read.at(-1) ?? 0), 26);
  const prose = new Outputs();
  for (const word of "the first 10% are slow and the next 42% are done quickly in 3/4 of cases".split(" ")) {
    prose.write(`${word} `).wait(150);
  }
  assertEquals(prose.progress, []);
});

Deno.test("ProgressReader reads the count of a growing row, and the current phase", () => {
  const counts = new Outputs().write("80 [");
  for (const done of [0, 20, 40, 60]) counts.write(`${done}.. `).wait(700);
  assertEquals(counts.write("]\n").progress, [0, 25, 50, 75]);
  const parts = new Outputs();
  for (const part of [0, 20, 40]) {
    parts.write(`${String(part).padStart(2)}% to ${part + 20}%  `);
    for (const sign of "#".repeat(12)) parts.write(sign).wait(150);
    parts.write("\n");
  }
  assertEquals(parts.progress, [0, 20, 40]);
});

Deno.test("ProgressReader counts dots between the numbers of a scale, unless they are written together with the number", () => {
  const one = ["[0%.  ]", "[0%..  ]", "[0%..10%  ]", "[0%..10%.  ]", "[0%..10%..20%.  ]"];
  const shownOf = (rows: readonly string[]) =>
    rows.reduce((output, row) => output.write(`\r${row}`).wait(300), new Outputs()).progress;
  assertEquals(shownOf(one), [0, 10, 13, 23]);
  assertEquals(shownOf(["0%...", "0%...10%...", "0%...10%...20%..."]), [0, 10, 20]);
});

Deno.test("ProgressReader reads percentages that are written one after the other, however long the row", () => {
  const output = new Outputs();
  for (let step = 0; step <= 400; step++) output.write(`${Math.floor(step / 8)}.. `).wait(100);
  assertEquals(output.wait(1_000).last.progress, 50);
  for (const text of ["3.. 2.. 1.. ", "0.. 40.. 90.. ", "0.. 1.. "]) {
    assertEquals(new Outputs().write(text).wait(2_000).progress, [], text);
  }
});

Deno.test("ProgressReader takes the total from a ruler rather than from the number of tests above it", () => {
  const ruler = "|----|----|----|----|----|----|----|----|----|----|";
  const output = new Outputs().write(`Running 200 test cases...\n${ruler}\n`).wait(300);
  assertEquals(Math.round(output.write("*".repeat(25)).wait(1_300).last.progress!), 49);
});

Deno.test("ProgressReader reads characters under a ruler", () => {
  const rulers = [
    "0%   10   20   30   40   50   60   70   80   90   100%\n|----|----|----|----|----|----|----|----|----|----|\n",
    "----5---10---15---20---25---30---35---40---45---50---55---60---65---70---75---80---85---90---95--100\n",
  ];
  for (const ruler of rulers) {
    const output = new Outputs().write(ruler);
    const width = ruler.trimEnd().split("\n").at(-1)!.length;
    output.write("*".repeat(Math.round(width / 4))).wait(300).write("*".repeat(Math.round(width / 4))).wait(
      300,
    );
    assertEquals(output.progress.map((percent) => Math.round(Number(percent) / 25) * 25), [25, 50]);
  }
  const download = new Outputs().write("Content type 'text/csv' length 24000000 bytes (22.9 MB)\n");
  for (let cells = 1; cells <= 20; cells++) download.write("=").wait(150);
  assertEquals(download.last.progress! >= 30 && download.last.progress! <= 40, true);
  const unknown = new Outputs().write("Content type 'text/csv'\n");
  for (let cells = 1; cells <= 20; cells++) unknown.write("=").wait(150);
  assertEquals(unknown.progress, []);
  assertEquals(new Outputs().write("|------------------\n").write("***").wait(300).write("***").progress, []);
});

Deno.test("ProgressReader counts one character for each announced item", () => {
  const output = new Outputs().write("Inspecting 20 files\n");
  output.write(".....").wait(300).write("..C..\n").write("..").wait(300);
  assertEquals(output.progress, [25, 50, 60]);
  assertEquals(new Outputs().write("Found 20 test(s).\n").write(".....").wait(300).progress, [25]);
  assertEquals(new Outputs().write("Running 10 tests using 1 worker\n").write("··F·×").wait(300).progress, [
    50,
  ]);
  assertEquals(progressOf([".....", "....."]), []);
  assertEquals(progressOf(["Running 10 tests", "SUCCESS"]), []);
  const spinner = new Outputs().write("Checking 9 files\n");
  for (let step = 0; step < 8; step++) spinner.write(`\r${".".repeat(step % 3 + 1).padEnd(3)}`).wait(300);
  assertEquals(spinner.last.progress ?? null, null);
});
