import fc from "fast-check";
import { durationBins, durationFormat, failureBins } from "../../../ui/server/run_charts.ts";
import type { RunSummary } from "../../../lib/task/run_summary.ts";
import type { TaskState } from "../../../lib/task/task.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME, finishedTask } from "../../support/example_task.ts";

/** Creates a run that ended at a time after a duration. */
function run(finished: number, seconds: number, state: TaskState = "FINISHED"): RunSummary {
  const finished_at = EXAMPLE_TIME + finished;
  return finishedTask({ state, started_at: finished_at - seconds, finished_at });
}

Deno.test("durationBins() counts finished runs by duration, with outliers in the last bin", () => {
  const usual = Array.from({ length: 97 }, (_, n) => run(-n, 100 + n / 4));
  const { bins, isOpen } = durationBins([...usual, run(-100, 9_000), run(-101, 500, "ERROR")])!;
  assertEquals([bins.length, isOpen, bins[0]?.from], [12, true, 100]);
  assert(bins.filter(({ runs }) => runs > 0).length > 6, "the usual runs are in several bins");
  assertEquals(bins.at(-1)?.runs, 1);
  assertEquals(durationBins([run(0, 1), run(-1, 2), run(-2, 3, "CANCELLED")]), null);
  const same = durationBins([run(0, 5), run(-1, 5), run(-2, 5)])!;
  assertEquals([same.bins.map(({ runs }) => runs).reduce((a, b) => a + b), same.isOpen], [3, false]);
});

Deno.test("durationFormat() formats the bounds of each bin differently, however narrow the bins are", () => {
  const ranges = (...durations: number[]) => {
    const { bins } = durationBins(durations.map((seconds) => run(0, seconds)))!;
    const format = durationFormat(bins);
    return [bins[0]!, bins.at(-1)!].map(({ from, to }) => `${format(from)} to ${format(to)}`);
  };
  assertEquals(ranges(10, 22, 34), ["10s to 12s", "32s to 34s"]);
  assertEquals(ranges(1, 1.25, 1.5), ["1.00s to 1.04s", "1.46s to 1.50s"]);
  assertEquals(ranges(5, 5, 5), ["5.000s to 5.001s", "5.011s to 5.012s"]);
  assertEquals(ranges(200, 203, 206), ["3m 20.0s to 3m 20.5s", "3m 25.5s to 3m 26.0s"]);
  assertEquals(ranges(7_200, 7_320, 7_440), ["2h 00m 00s to 2h 00m 20s", "2h 03m 40s to 2h 04m 00s"]);
  const durations = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), {
    minLength: 3,
    maxLength: 20,
  });
  fc.assert(fc.property(durations, (all) => {
    const { bins } = durationBins(all.map((seconds) => run(0, seconds)))!;
    const format = durationFormat(bins);
    for (const { from, to } of bins) assert(format(from) !== format(to), `${from} to ${to}: ${format(from)}`);
  }));
});

Deno.test("failureBins() counts the finished and failed runs, and the failed ones of them, by the time of their end", () => {
  const bins = failureBins([run(100, 1, "ERROR"), run(99, 1), run(98, 1, "CANCELLED"), run(0, 1)])!;
  assertEquals(bins.map(({ runs, failed }) => [runs, failed]).filter(([runs]) => runs! > 0), [[1, 0], [
    2,
    1,
  ]]);
  assertEquals(failureBins([run(0, 1), run(-1, 1, "ERROR")]), null);
});

Deno.test("durationBins() and failureBins() count every run once", () => {
  const runs = fc.array(
    fc.record({
      finished: fc.integer({ min: 0, max: 1e6 }),
      seconds: fc.integer({ min: 0, max: 1e6 }),
      state: fc.constantFrom("FINISHED" as const, "ERROR" as const, "CANCELLED" as const),
    }),
    { maxLength: 60 },
  ).map((all) =>
    all.sort((a, b) => b.finished - a.finished).map(({ finished, seconds, state }) =>
      run(finished, seconds, state)
    )
  );
  fc.assert(fc.property(runs, (all) => {
    const count = (...states: TaskState[]) => all.filter(({ state }) => states.includes(state)).length;
    const sum = (bins: readonly { readonly runs: number }[] = []) =>
      bins.reduce((sum, { runs }) => sum + runs, 0);
    const [finished, decided] = [count("FINISHED"), count("FINISHED", "ERROR")];
    assertEquals(sum(durationBins(all)?.bins), finished < 3 ? 0 : finished);
    assertEquals(sum(failureBins(all) ?? []), decided < 3 ? 0 : decided);
  }));
});
