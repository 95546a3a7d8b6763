/** Tests output that first announces a total in words, and then has a line for each item. */

import { announcementIn } from "../../../lib/reading/formats/announcements.ts";
import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf, type Shown } from "../../support/reading.ts";

/** Returns the lines of items 1 to `count`. */
function each(count: number, lines: (item: number) => string | readonly string[]): readonly string[] {
  return Array.from({ length: count }, (_, index) => lines(index + 1)).flat();
}

/** Checks the progress that is read from an announcement and the lines of six items. */
function check(table: readonly (readonly [string, (item: number) => string, readonly Shown[]])[]): void {
  for (const [announcement, line, expected] of table) {
    assertEquals(progressOf([announcement, ...each(6, line)]), expected, announcement);
  }
}

const ENDED = [50, 67, 83, 100];
/** If the lines are verdicts of the announced tests, progress is shown from the first line on. */
const TESTED = [17, 33, ...ENDED];
const BEGUN = [33, 50, 67, 83];
/** If the lines have the verb of the announcement, progress is shown from the second line on. */
const ENDED_NAMED = [33, ...ENDED];
const BEGUN_NAMED = [17, ...BEGUN];

Deno.test("announced() counts tests by their verdicts", () => {
  check([
    ["running 6 tests", (item) => `test cart::adds_${item} ... ok`, TESTED],
    ["running 6 tests from ./a_test.ts", (item) => `adds ${item} ... FAILED (3ms)`, TESTED],
    ["Running 6 tests", (item) => `  ✓ adds ${item} (12 ms)`, TESTED],
    ["Running 6 test cases...", (item) => `[PASS] adds ${item}`, TESTED],
    ["collected 6 items", (item) => `tests/test_a.py::test_${item} PASSED`, ENDED],
    ["Found 6 tests", (item) => `adds ${item}: ok`, ENDED],
    // Lines with a verb instead of a verdict are not counted.
    ["Running 6 tests", (item) => `Preparing adds ${item}`, []],
  ]);
  const suites = ["a", "b"].flatMap((suite) => [
    `[----------] 4 tests from ${suite}`,
    ...each(4, (item) => [`[ RUN      ] ${suite}.Adds${item}`, `[       OK ] ${suite}.Adds${item} (3 ms)`]),
  ]);
  const summary = ["[  PASSED  ] 7 tests.", "[  FAILED  ] 1 test, listed below:", "[  FAILED  ] b.Adds1"];
  assertEquals(progressOf(["[==========] Running 8 tests from 2 test suites.", ...suites, ...summary]), [
    ...[13, 25, 38, 50, 63, 75, 88, 100],
  ]);
});

Deno.test("announced() counts items by the verb of their lines, or by their names", () => {
  check([
    ["Found 6 images to convert", (item) => `Converting p${item}.png to p${item}.webp`, BEGUN_NAMED],
    ["Converting 6 images", (item) => `Converted p${item}.png (12 kB)`, ENDED_NAMED],
    ["6 packages will be installed", (item) => `Installing lib${item} (1.0)`, BEGUN_NAMED],
    ["Will copy 6 files", (item) => `copied a${item}.txt`, ENDED_NAMED],
    [
      "Uploading 6 files to s3://shop",
      (item) => `upload: ./a${item}.txt to s3://shop/a${item}.txt`,
      ENDED_NAMED,
    ],
    ["Uploading 6 files to s3://shop", (item) => `Uploading a${item}.txt... done`, ENDED_NAMED],
    ["Optimizing 6 images...", (item) => `  img/a${item}.png  12.3 kB -> 8.1 kB`, ENDED],
    ["Total files: 6", (item) => `Indexed docs/a${item}.md`, ENDED],
    ["these 6 derivations will be built:", (item) => `building '/nix/store/x${item}.drv'...`, BEGUN_NAMED],
    ["Generating thumbnails for 6 images", (item) => `  * img/a${item}.png`, ENDED],
    ["Converting 6 files", (item) => `${item}. a${item}.txt`, ENDED],
    ["Converting 6 files", (item) => `${item * 7}. a${item}.txt`, []],
    ["Checking 6 link(s)", (item) => `ok: https://shop.test/${item}`, ENDED],
    // These lines don't say that an announced item is done: they list it, complain of it, or are about
    // something else.
    ["Found 6 files:", (item) => `  a${item}.txt`, []],
    ["Checking 6 files", (item) => `src/a${item}.ts: unused variable`, []],
    ["Installing 6 packages", (item) => `Updating lib${item}`, []],
    ["Skipping 6 files", (item) => `Converting a${item}.txt`, []],
    ["Converted 6 files in 2.1 s", (item) => `Converting a${item}.txt`, []],
  ]);
});

Deno.test("announced() counts each item once, and of two kinds of lines the one that has come further", () => {
  const both = each(6, (item) => [`Downloading lib${item}`, `Installing lib${item}`]);
  assertEquals(progressOf(["Installing 6 packages", ...both]), BEGUN_NAMED);
  const suites = each(3, (suite) => [`PASS a${suite}.js`, ...each(4, (test) => `  ✓ adds ${suite} ${test}`)]);
  assertEquals(progressOf(["Running 12 tests", ...suites]), [8, 17, 25, 33, 42, 50, 58, 67, 75, 83, 92, 100]);
  assertEquals(progressOf(["Running 6 tests", ...each(12, (line) => `ok: adds ${line % 3}`)]), [17, 33, 50]);
  // A line that is written in two pieces counts as one item. If the lines state a count themselves, that
  // count is read instead.
  const pieces = new Outputs().write("Converting 4 images\n");
  for (const item of [1, 2]) pieces.write(`Converting p${item}.png`).wait(500).write(" to webp\n").wait(500);
  assertEquals(pieces.progress, [25]);
  const counted = ["Installed b (2/6)", "Installed c (3/6)", "Installed d (4/6)"];
  assertEquals(progressOf(["Installing 6 packages", ...counted]), [67]);
  // In the second of two phases, progress is indeterminate, because nobody knows the share of that phase.
  const unpacked = each(
    6,
    (item) => [`Preparing to unpack p${item}.deb ...`, `Unpacking p${item} (1.0) ...`],
  );
  const setUp = each(6, (item) => `Setting up p${item} (1.0) ...`);
  const changes = "0 upgraded, 6 newly installed, 0 to remove and 3 not upgraded.";
  assertEquals(progressOf([changes, ...unpacked, ...setUp]), [...BEGUN, "?"]);
});

Deno.test("announced() makes progress indeterminate if there are more lines than the announced total", () => {
  assertEquals(progressOf(["Running 4 checks", ...each(9, (item) => `ok: adds ${item}`)]), [
    25,
    50,
    75,
    100,
    "?",
  ]);
});

Deno.test("announcementIn() ignores the tests of a part, and announcements of work that is finished", () => {
  assertEquals(announcementIn("Running 8 tests from b.ts")?.isOfPart, true);
  assertEquals(announcementIn("Running 8 tests")?.isOfPart, false);
  for (
    const text of [
      "Ran 6 tests in 0.3 s",
      "Running 1 test",
      "Found 12 errors",
      "Found 12 files so far",
      "Checking 3/12 files",
      "42% of 12 files to copy",
      "12 files already copied",
      "v1.12 packages to install",
    ]
  ) assertEquals(announcementIn(text), undefined, text);
});
