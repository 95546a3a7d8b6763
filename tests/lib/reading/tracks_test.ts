import { assertEquals } from "../../support/assert.ts";
import { Outputs, progressOf } from "../../support/reading.ts";

Deno.test("Tracks: a stated whole goes before drawn bars, and these before bare numbers", () => {
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

Deno.test("Tracks: of equal rank, the topmost row is shown, and a part that restarts is not", () => {
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
  // The same in a log, where the inner loop is seen first.
  const steps = [1, 2, 3].map((step) => `batch ${step}/3`);
  const lines = [1, 2, 3].flatMap((epoch) => [...steps, `epoch ${epoch}/4 finished`]);
  assertEquals(progressOf(lines).at(-1), 75);
});

Deno.test("Tracks: totals that grow are shown as printed, and progress may fall", () => {
  assertEquals(
    progressOf(["[1/4] Building a.o", "[2/4] Building b.o", "[3/8] Building c.o", "[4/8] Building d.o"]),
    [25, 50, 38, 50],
  );
});

Deno.test("Tracks: a step that begins is not done yet", () => {
  assertEquals(progressOf(["Step 1/4 : FROM base", "Step 2/4 : RUN make", "Step 3/4 : RUN test"]), [
    0,
    25,
    50,
  ]);
  assertEquals(progressOf(["[1/4] Resolving packages...", "[2/4] Fetching packages..."]), [0, 25]);
  assertEquals(progressOf(["[3/12] Building C object a.o"]), [25]);
});

Deno.test("Tracks: within a step of a stated number, the only part counts", () => {
  const output = new Outputs().writeLines(["Step 2/4 : RUN download", "Copying data: 50%"]);
  assertEquals(output.last.progress, 37.5);
  output.writeLines(["Copying data: 100%", "Step 3/4 : RUN make"]);
  assertEquals(output.last.progress, 50);
});

Deno.test("Tracks: a track after a finished one is a phase, of which nobody knows how many there are", () => {
  const output = new Outputs();
  output.writeLines(["Downloading: 0%", "Downloading: 50%", "Downloading: 100%"]);
  output.writeLines(["Installing: 10%", "Installing: 42%"]);
  assertEquals(output.progress, [0, 50, 100, "?"]);
  assertEquals(output.last.status, "Installing 42 %");
  // The same bar once more is a phase, too.
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
});

Deno.test("Tracks: a track that is not seen any more while other lines come says nothing", () => {
  const output = new Outputs().writeLines(["Copying: 10%", "Copying: 20%", "Copying: 30%"], 1_000);
  output.writeLines(["other"], 5_000);
  assertEquals(output.progress, [10, 20, 30]);
  output.writeLines(["other"], 10_000);
  assertEquals(output.progress, [10, 20, 30, "?"]);
  // Without other lines, it is only slow.
  const slow = new Outputs().writeLines(["Copying: 10%", "Copying: 20%", "Copying: 30%"], 1_000).wait(
    100_000,
  );
  assertEquals(slow.progress, [10, 20, 30]);
});

Deno.test("Tracks: a label that changes with each count is still one track", () => {
  assertEquals(progressOf(["a.txt (1/4)", "b.txt (2/4)", "c.txt (3/4)"]).at(-1), 75);
});

Deno.test("Tracks: named bars that are drawn in turn count as finished ones of all, and phases do not", () => {
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

Deno.test("Tracks: steps of an announced plan count, however the steps are named", () => {
  const poetry = [
    "Package operations: 3 installs, 1 update, 0 removals, 2 skipped",
    "  - Installing a (1.0)",
  ];
  assertEquals(progressOf([...poetry, "  - Updating b (1.0 -> 1.1)", "  - Installing c (2.0)"]), [0, 25, 50]);
  assertEquals(progressOf(["Processing pages 5 through 8.", "Page 5", "Loading font A", "Page 6"]), [0, 25]);
  assertEquals(progressOf(["Page 5", "Page 6", "Page 7", "Page 8"]), []);
});
