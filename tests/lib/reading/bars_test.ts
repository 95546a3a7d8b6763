import fc from "fast-check";
import { BAR_SIGN, barIn } from "../../../lib/reading/formats/bars.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";

Deno.test("barIn() finds bars in any brackets, and how much of them is filled", () => {
  const bars: readonly (readonly [string, number | null, string])[] = [
    ["[=====>    ] 42%", 0.5, `${BAR_SIGN}  42%`],
    ["|███▍      | 3/10", 0.3, `${BAR_SIGN}  3/10`],
    ["a |++++      | 40%", 0.4, `a ${BAR_SIGN}  40%`],
    ["(##⠂⠂⠂⠂⠂⠂) building", 0.25, `${BAR_SIGN}  building`],
    ["<=====-----> 38%", 0.5, `${BAR_SIGN}  38%`],
    ["█████░░░░░ 50%", 0.5, `${BAR_SIGN}  50%`],
    ["━━━━╸━━━━━ 3/10 MB", 0.4, `${BAR_SIGN}  3/10 MB`],
    [`| ${"=".repeat(10)}${" ".repeat(11)}| 50%`, 0.5, `${BAR_SIGN}  50%`],
    [`[ ${"#".repeat(20)} ]`, 1, `${BAR_SIGN} `],
    ["[          ] 0%", 0, `${BAR_SIGN}  0%`],
    // These texts alone don't show which characters are the filled part of the bar.
    ["■■■■■      50%", null, `${BAR_SIGN} 50%`],
    ["[----------] 1/2", null, `${BAR_SIGN}  1/2`],
    ["[====  42%       ]", null, `${BAR_SIGN} 42% `],
  ];
  for (const [text, share, rest] of bars) {
    const found = barIn(text);
    assertEquals([found?.share, found?.rest], [share, rest], text);
  }
});

Deno.test("barIn() finds no bar in words, tables, rules and spinners", () => {
  for (
    const text of [
      "[ * ] a",
      "[##--]",
      "| a | b |",
      "(abc)",
      "[42%]",
      "[00:12]",
      "==== FAILURES ====",
      "a--b",
      "[...]",
      "[ ===    ]",
    ]
  ) {
    assertEquals(barIn(text), undefined, text);
  }
});

Deno.test("barIn() finds bars of dashes without brackets, if they are too long for decoration", () => {
  assertEquals(barIn(`x ${"=".repeat(10)}${"-".repeat(30)} y`)?.share, 0.25);
  assertEquals(barIn(`x ${"=".repeat(10)}${"-".repeat(6)} y`), undefined);
  assertEquals(barIn(`x${"=".repeat(10)}${"-".repeat(30)} y`), undefined);
});

Deno.test("barIn() replaces the bar of any line, and keeps the rest of the line", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."[](|)=#>-. █░42%a") }), (text) => {
    const found = barIn(text);
    if (found === undefined) return;
    assert(found.rest.includes(BAR_SIGN));
    assert(found.share === null || (found.share >= 0 && found.share <= 1));
  }));
});

Deno.test("bareBars() reads a redrawn bar without a number, once it has grown twice", () => {
  const bar = (cells: number) => `\rWriting [${"*".repeat(cells).padEnd(20)}]`;
  const output = new Outputs();
  for (const cells of [0, 1, 2, 5, 10]) output.write(bar(cells)).wait(300);
  assertEquals(output.progress, [10, 25, 50]);
  // This is no bar: it has too few cells, and its filled part moves to and fro like a spinner.
  const spinner = new Outputs();
  for (const text of ["*     ", "**    ", "***   ", " ***  "]) spinner.write(`\r[${text}] a job`).wait(300);
  assertEquals(spinner.progress, []);
});

Deno.test("numbersInText() reads the percentage that agrees with the bar in the same line", () => {
  const line = (percent: number) =>
    `[${"#".repeat(percent / 5).padEnd(20, "-")}] hits 91%, now ${percent}% of it`;
  assertEquals(progressOf([10, 20, 40].map(line)), [40]);
});

Deno.test("numbersInText() reads the bar itself if the count beside it is only the number of an object", () => {
  const bar = (filled: number) => `[${"=".repeat(filled)}>${" ".repeat(40 - filled)}]`;
  const output = new Outputs();
  for (const [filled, object] of [[0, 1], [20, 2], [40, 3]] as const) {
    output.write(`\r${bar(filled)} Object ${object} of 3`).wait(300);
  }
  assertEquals(output.progress, [2, 49, 100]);
});

Deno.test("numbersInText() reads the percentage after the full bar of one of several objects as the share of the whole", () => {
  const row = (number: number, percent: number) =>
    `   ${number}:libfoo-1.${number} ${"#".repeat(33)} [ ${percent}%]`;
  assertEquals(progressOf([row(1, 25), row(2, 50), row(3, 75)]), [25, 50, 75]);
});

Deno.test("numbersInText() reads the number that agrees with the bar beside it", () => {
  const output = new Outputs();
  for (const done of [1, 2, 4]) {
    output.write(
      `\r[${"#".repeat(done * 2).padEnd(20, "-")}] - 3s  ${done * 400}/4000  1m  found:3  91% used`,
    ).wait(300);
  }
  assertEquals(output.progress, [10, 20, 40]);
});

Deno.test("tonedBars() reads bars whose parts differ only in their colours", () => {
  const drawn = (done: number, left: string) =>
    `\r◒  \x1b[35m${"━".repeat(done)}\x1b[39m\x1b[2m${"━".repeat(20 - done)}\x1b[22m ${left}`;
  const output = new Outputs();
  for (const done of [0, 2, 4, 8, 12, 20]) output.write(drawn(done, "Uploading")).wait(300);
  assertEquals(output.end().progress, [40, 60, 100]);
  // The bar is also read if no text changes beside it.
  const still = new Outputs();
  for (const done of [1, 5, 10]) {
    still.write(`\r\x1b[32m${"=".repeat(done)}\x1b[90m${"=".repeat(20 - done)}\x1b[0m`).wait(300);
  }
  assertEquals(still.end().progress, [50]);
  // A line in a single colour, or in three colours, is decoration.
  const lines = new Outputs();
  for (let step = 1; step < 6; step++) lines.write(`\r\x1b[32m${"━".repeat(20)}\x1b[0m step`).wait(300);
  for (let step = 1; step < 6; step++) {
    lines.write(`\r\x1b[31m${"━".repeat(step)}\x1b[32m${"━".repeat(8)}\x1b[33m${"━".repeat(9)}\x1b[0m`).wait(
      300,
    );
  }
  assertEquals(lines.end().progress, []);
});
