/**
 * Tests output of loops, which state the number of steps in one line and number the steps in later lines; and
 * counts in words.
 */

import { assertEquals } from "../../support/assert.ts";
import { progressOf, type Shown } from "../../support/reading.ts";

/** Checks the progress that is read from a first line, followed by the lines of steps 1 to 6. */
function check(table: readonly (readonly [string, (step: number) => string, readonly Shown[]])[]): void {
  for (const [first, line, expected] of table) {
    const lines = Array.from({ length: 6 }, (_, index) => line(index + 1));
    assertEquals(progressOf([first, ...lines]), expected, `${first} | ${lines[0]}`);
  }
}

const DONE = [38, 50, 63, 75];
const BEGUN = [25, 38, 50, 63];
/** If the steps are consecutive from the first one on, progress is shown from the second one on. */
const STEPS_DONE = [25, ...DONE];
const STEPS_BEGUN = [13, ...BEGUN];

Deno.test("numbered() reads the number of a step, once the number of steps was stated", () => {
  check([
    ["max_epochs: 8", (step) => `Epoch ${step}: loss 0.${step}`, STEPS_DONE],
    ["Training for 8 epochs", (step) => `epoch=${step} loss=0.${step}`, STEPS_DONE],
    ["Number of iterations = 8", (step) => `iteration ${step} residual 1e-${step} ok`, STEPS_DONE],
    ["Total batches: 8", (step) => `Batch ${step} done`, STEPS_DONE],
    ["batches = 8", (step) => `[batch ${step}] 12 rows written`, STEPS_DONE],
    ["Uploading in 8 chunks", (step) => `Uploading chunk ${step}`, STEPS_BEGUN],
    ["Processing 8 images", (step) => `Processing image ${step}`, STEPS_BEGUN],
    ["8 generations", (step) => `Generation ${step - 1}: best 0.${step}`, STEPS_DONE],
    // Lines that are ignored: sizes, steps of another loop, and numbers that don't count steps.
    ["batch_size: 8", (step) => `batch ${step} done`, []],
    ["Number of images: 8", (step) => `epoch ${step} done`, []],
    ["8 epochs done", (step) => `epoch ${step} done`, []],
    ["Skipping 8 images", (step) => `image ${step} done`, []],
    ["steps: 8", (step) => `step 0.${step} done`, []],
    ["steps: 8", (step) => `step ${step + 90} done`, []],
    ["Max pages: 8", () => "page 3 is empty", []],
  ]);
});

Deno.test("numbersInText() reads counts with words between them, and counts that are named", () => {
  check([
    ["", (step) => `File ${step} (of 8): a${step}.txt`, BEGUN],
    ["", (step) => `Processed ${step} of the 8 files`, [13, 25, 38, 50, 63, 75]],
    ["", (step) => `${step} files out of 8 copied`, [13, 25, 38, 50, 63, 75]],
    ["", (step) => `Processed: ${step}, Total: 8`, DONE],
    ["", (step) => `done: ${step} total: 8 queue: 3`, DONE],
    ["", (step) => `progress=0.${step * 125}`, DONE],
    ["", (step) => `percent complete: ${step * 10}`, [30, 40, 50, 60]],
    ["", (step) => `${step} errors of 8 files`, []],
    ["", (step) => `${step} failures out of 8`, []],
    ["", (step) => `Total: 8 errors, ${step} warnings`, []],
  ]);
});
