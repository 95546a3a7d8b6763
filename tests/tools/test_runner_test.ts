/** Tests of the test runner: which files it selects, and how it parses the output of `deno test`. */

import { parseArguments } from "../../.tools/test/arguments.ts";
import { findTestFiles, groupFiles, SLOW_FILES } from "../../.tools/test/files.ts";
import { IdleTime } from "../../.tools/test/idle_time.ts";
import { Lanes } from "../../.tools/test/lanes.ts";
import type { Outcome } from "../../.tools/test/processes.ts";
import { MOST_RETRIES, retryFailed } from "../../.tools/test/retry.ts";
import { addTallies, formatTally, readOutput } from "../../.tools/test/tally.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { until } from "../support/until.ts";

const PASSED = `running 2 tests from ./tests/a_test.ts
a ... \x1b[32mok\x1b[0m (1ms)
b ... ok (2ms)

\x1b[32mok\x1b[0m | 2 passed (3 steps) | 0 failed | 1 ignored (5ms)
`;

const FAILED = `running 1 test from ./tests/a_test.ts
a ... FAILED (1ms)

 ERRORS 

a => ./tests/a_test.ts:1:6
error: Error: it broke

 FAILURES 

a => ./tests/a_test.ts:1:6

FAILED | 0 passed | 1 failed (4ms)

error: Test failed

Stack backtrace:
   0: <unknown>
`;

Deno.test("parseArguments() distinguishes paths, the runner's own flags and flags of deno test", () => {
  const args = [
    "tests/lib/a_test.ts",
    "--filter",
    "foo",
    "--unit",
    "--fail-fast",
    "--no-check",
    "--retry",
    "--lanes=3",
  ];
  assertEquals(parseArguments(args), {
    paths: ["tests/lib/a_test.ts"],
    denoFlags: ["--filter=foo", "--fail-fast"],
    isUnit: true,
    lanes: 3,
    spareLanes: 0,
    checksTypes: false,
    retries: true,
  });
  const { paths, denoFlags, isUnit, lanes, spareLanes, checksTypes, retries } = parseArguments([], 2);
  assertEquals({ paths, denoFlags, isUnit, checksTypes, retries }, {
    paths: [],
    denoFlags: [],
    isUnit: false,
    checksTypes: true,
    retries: false,
  });
  assertEquals([lanes, spareLanes], [4, 4]);
});

Deno.test("findTestFiles() finds all test files, or those in the given paths", async () => {
  const all = await findTestFiles([]);
  assert(all.includes("tests/tools/test_runner_test.ts") && all.some((file) => file.endsWith(".tsx")));
  assertEquals(await findTestFiles(["./tests/tools/test_runner_test.ts"]), [
    "tests/tools/test_runner_test.ts",
  ]);
  assertEquals(await findTestFiles(["tests/tools/"]), all.filter((file) => file.startsWith("tests/tools/")));
  const unit = await findTestFiles([], { isUnit: true });
  assertEquals(unit, all.filter((file) => !file.startsWith("tests/e2e/")));
});

Deno.test("groupFiles() puts the slowest file first, gives end-to-end tests a group each, and loses no file", async () => {
  const all = await findTestFiles([]);
  const groups = groupFiles(all);
  assertEquals(groups.flat().toSorted(), all);
  assertEquals(groups.slice(0, SLOW_FILES.length), SLOW_FILES.map((file) => [file]), "each slow file exists");
  for (const group of groups.filter((group) => group.length > 1)) {
    assertEquals(group.filter((file) => file.startsWith("tests/e2e/")), []);
    assertEquals(new Set(group.map((file) => file.slice(0, file.lastIndexOf("/")))).size, 1);
  }
});

Deno.test("readOutput() counts the tests, and separates the failures from the output", () => {
  assertEquals(readOutput(PASSED, 0), {
    tally: { passed: 2, failed: 0, ignored: 1 },
    output: "running 2 tests from ./tests/a_test.ts\na ... ok (1ms)\nb ... ok (2ms)",
    details: "",
  });
  const { tally, output, details } = readOutput(FAILED, 1);
  assertEquals(tally, { passed: 0, failed: 1, ignored: 0 });
  assertEquals(output, "running 1 test from ./tests/a_test.ts\na ... FAILED (1ms)");
  assertStringIncludes(details, "error: Error: it broke");
});

Deno.test("readOutput() counts a run that ended before its tests as one failure", () => {
  const { tally, details } = readOutput("error: Module not found\n", 1);
  assertEquals(tally, { passed: 0, failed: 1, ignored: 0 });
  assertEquals(details, "error: Module not found");
  assertEquals(readOutput("ok | 0 passed | 0 failed | 3 filtered out (1ms)\n", 0).output, "");
});

Deno.test("formatTally() formats the sum as deno test does", () => {
  const sum = addTallies([{ passed: 2, failed: 0, ignored: 1 }, { passed: 3, failed: 0, ignored: 0 }]);
  assertEquals(formatTally(sum, 61_400, true), "ok | 5 passed | 0 failed | 1 ignored (1m1s)");
  assertEquals(formatTally(sum, 61_400, false), "FAILED | 5 passed | 0 failed | 1 ignored (1m1s)");
  assertEquals(
    formatTally({ passed: 1, failed: 2, ignored: 0 }, 2_000, true),
    "FAILED | 1 passed | 2 failed (0m2s)",
  );
});

Deno.test("Lanes runs at most one job per lane at the same time, and drops the waiting ones on abort", async () => {
  const lanes = new Lanes(2);
  const seen: number[] = [];
  let running = 0;
  for (let index = 0; index < 6; index++) {
    lanes.add(async () => {
      assert(++running <= 2);
      seen.push(index);
      await new Promise((resolve) => setTimeout(resolve, 0));
      running--;
      if (index === 3) lanes.abort();
    });
  }
  await lanes.drained();
  assertEquals(seen.slice(0, 4), [0, 1, 2, 3]);
  assert(!seen.includes(5));
  assert(lanes.isAborted);
});

Deno.test("Lanes uses spare lanes only while the machine is idle, and each for one job at a time", async () => {
  const looks = [false, true, true, true];
  const gates: PromiseWithResolvers<void>[] = [];
  const used: number[] = [];
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  const wasIdle = () => turn().then(() => looks.shift() ?? false);
  const lanes = new Lanes(1, { count: 2, wasIdle });
  for (let index = 0; index < 5; index++) {
    lanes.add((lane) => {
      used.push(lane);
      gates.push(Promise.withResolvers<void>());
      return gates.at(-1)!.promise;
    });
  }
  const drained = lanes.drained();
  await until(() => looks.length === 0);
  assertEquals(used, [0, 2, 1], "the third look found no lane free");
  gates[0]!.resolve();
  await until(() => used.length === 4);
  assertEquals(used.at(-1), 0);
  for (let ended = 1; ended < 5; ended++) {
    await until(() => gates.length > ended);
    gates[ended]!.resolve();
  }
  await drained;
  assertEquals(used.length, 5);
});

Deno.test("IdleTime.share() returns the idle share of all cores since the last call", () => {
  const core = (idle: number, user: number) => ({ times: { user, nice: 0, sys: 0, idle, irq: 0 } });
  const looks = [[core(100, 50), core(200, 0)], [core(110, 80), core(240, 20)], [
    core(110, 80),
    core(240, 20),
  ]];
  const idleTime = new IdleTime(() => looks.shift()!);
  assertEquals([idleTime.share(), idleTime.share()], [0.5, 0]);
  const share = new IdleTime().share();
  assert(share >= 0 && share <= 1);
});

Deno.test("retryFailed() runs each failed process again, and distinguishes flaky tests from tests that fail again", async () => {
  const outcomeOf = (file: string, failed: number): Outcome => ({
    files: [file],
    tally: { passed: 1, failed, ignored: 0 },
    durationMs: 1,
    output: "",
    details: "",
  });
  const first = [outcomeOf("good", 0), outcomeOf("flaky", 1), outcomeOf("broken", 2)];
  const ran: string[] = [];
  const { outcomes, flaky } = await retryFailed(first, ([file = ""]) => {
    ran.push(file);
    return Promise.resolve(outcomeOf(file, file === "broken" ? 1 : 0));
  });
  assertEquals(ran, ["flaky", "broken"]);
  assertEquals(outcomes.map(({ tally }) => tally.failed), [0, 0, 1]);
  assertEquals(flaky, [first[1]!]);

  const many = Array.from({ length: MOST_RETRIES + 1 }, (_, index) => outcomeOf(`${index}`, 1));
  assertEquals(await retryFailed(many, () => Promise.reject(new Error("none may run"))), {
    outcomes: many,
    flaky: [],
  });
});
