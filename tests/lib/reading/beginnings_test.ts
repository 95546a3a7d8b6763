import { beginningOf } from "../../../lib/reading/formats/beginnings.ts";
import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";

/** Splits a line at its count, and returns what `beginningOf()` finds in the two parts. */
function beginningIn(line: string, isRedraw = false): ReturnType<typeof beginningOf> {
  const [, left = "", right = ""] = /^(.*?)\d+ ?(?:\/|of|von|sur|de) ?\d+(.*)$/.exec(line)!;
  return beginningOf({ left, right, isRedraw });
}

Deno.test("beginningOf() detects lines about a step that begins", () => {
  for (
    const line of [
      "Installing 3/12 boost:x64-linux...",
      "[3/12] Downloading layer3",
      "(3/12) updating host3",
      "Installing : libfoo-2.3-3.el7    3/12",
      ">>> Emerging (3 of 12) app-misc/foo-1.3",
      "Sending sparse 'system' 3/12 (262140 KB)",
      "Reading file 3 of 12",
      "Rendering frame 3 of 12",
      "Paket babl-1.1 wird abgerufen (3/12), 0.9 MiB",
      "Traitement du fichier 3 sur 12 : photo_3.jpg",
      "Schritt 3 von 12: Tabellen anlegen",
      "3 of 12 START sql view model",
    ]
  ) {
    assertEquals(beginningIn(line) !== null, true, line);
  }
});

Deno.test("beginningOf() ignores lines about finished work", () => {
  for (
    const line of [
      "Copied 3/12 files",
      "3/12 files copied",
      "[3/12] Foo.Bar (12 ms)",
      "(3/12): foo.rpm   1.2 MB/s | 123 kB     00:00",
      "Job 3 of 12 finished in 262 ms",
      "✔ host3 deployed [3/12]",
      "processed chunk 3/12",
      "Test 3/12 ... ok",
      "Migrating 3/12 tables now",
    ]
  ) {
    assertEquals(beginningIn(line), null, line);
  }
});

Deno.test("beginningOf() treats a redrawn row as a count of finished work, unless the row names a file or step", () => {
  assertEquals(beginningIn("Preparing packages... (3/12)", true), null);
  assertEquals(beginningIn("Processing 3/12", true), null);
  assertEquals(beginningIn("Uploading photo.jpg (3/12)", true), "named");
  assertEquals(beginningIn("Building… step 3/12: copying", true), "named");
});

Deno.test("Tracks: if not all lines announce a step, the lines count finished steps", () => {
  const lines = [2, 4, 6, 8].map((done) => `(${done}/10) Uploading files...`);
  assertEquals(progressOf(lines).at(-1), 80);
});

Deno.test("Tracks: lines that announce every step but one still announce steps", () => {
  const lines = [1, 2, 4, 5].map((step) => `Loading pages (${step}/6)`);
  assertEquals(progressOf(lines), [0, 17, 50, 67]);
});

Deno.test("Tracks: a row that begins at 0 of n counts finished steps", () => {
  const output = new Outputs();
  for (const step of [0, 1, 2, 3]) output.write(`\rProcessing ${step}/4: [part.${step}.0: make]`).wait(300);
  assertEquals(output.progress, [0, 25, 50, 75]);
});

Deno.test("Tracks: a row with a bar of unknown width is about the thing that it names", () => {
  const output = new Outputs();
  for (const step of [1, 2, 3]) {
    output.write(`  ${step}/4: lib64foo${step}    `).wait(300).write("########").wait(300).write("########\n")
      .wait(300);
  }
  assertEquals(output.progress, [0, 25, 50]);
});

Deno.test("Tracks: a row that announced a step is about this step until the end of the step", () => {
  const output = new Outputs();
  for (const part of [1, 2, 3]) {
    output.write(`Sending part '${part}' ${part}/4 (262140 KB)   `).wait(1_000).write(" OKAY [  7.2s]\n")
      .wait(1_000);
  }
  assertEquals(output.progress, [0, 25, 50]);
});
