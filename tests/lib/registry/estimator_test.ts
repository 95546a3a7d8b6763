import fc from "fast-check";
import { type Estimate, Estimator } from "../../../lib/registry/estimator.ts";
import { PastDurations } from "../../../lib/registry/past_durations.ts";
import type { Task, UpdateChange } from "../../../lib/task/task.ts";
import { transition } from "../../../lib/task/transition.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { createChange } from "../../support/changes.ts";

type Said = Omit<UpdateChange, "type">;

/** Returns the estimate at the given time for a task that started at 0 and reported the given updates. */
function estimateAfter(
  said: readonly (readonly [at: number, said: Said])[],
  at: number,
  past: readonly number[] = [],
): Estimate {
  const estimator = new Estimator(() => new PastDurations(past));
  let task = transition(undefined, "t", createChange(), 0);
  task = transition(task, "t", { type: "start" }, 0);
  for (const [second, update] of said) {
    task = transition(task, "t", { type: "update", ...update }, second);
    estimator.observe(task, second);
  }
  return estimator.estimate(task, at);
}

/** Generates one update per second, from second 0 to the given second. */
function steady(seconds: number, say: (second: number) => Said): [number, Said][] {
  return Array.from({ length: seconds + 1 }, (_, second) => [second, say(second)]);
}

const percent = (perSecond: number) => (second: number): Said => ({ progress: second * perSecond });

interface Scenario {
  readonly name: string;
  readonly said: readonly (readonly [number, Said])[];
  readonly at: number;
  /** The durations of past runs, in seconds. */
  readonly past?: readonly number[];
  /** The expected estimate; without `eta_low` and `eta_high`, no range is expected. */
  readonly expected: Omit<Estimate, "eta_low" | "eta_high"> & Partial<Estimate>;
}

const NO_RANGE = { eta_low: null, eta_high: null } as const;

const NOTHING_YET = { eta: null, rate: null, eta_reason: "too_early" } as const;
const STALLED = { eta: null, rate: 0, eta_reason: "stalled" } as const;

const SCENARIOS: Scenario[] = [
  {
    name: "a steady pace in percent",
    said: steady(10, percent(1)),
    at: 10,
    expected: { eta: 90, rate: 1, eta_reason: null },
  },
  {
    name: "a steady pace in counts",
    said: steady(20, (second) => ({ current: second * 5, total: 200 })),
    at: 20,
    expected: { eta: 20, rate: 5, eta_reason: null },
  },
  {
    name: "a steady pace that is not a round number",
    said: steady(30, percent(1 / 3)),
    at: 30,
    expected: { eta: 270, rate: 0.3333, eta_reason: null },
  },
  {
    name: "steps that count what begins, the last of which is under way",
    said: [0, 3, 6, 9].map((at, step) => [at, { progress: step * 25, current: step + 1, total: 4 }]),
    at: 9,
    expected: { eta: 3, eta_low: 1.902, eta_high: 4.732, rate: 0.3333, eta_reason: null },
  },
  { name: "the beginning", said: [[0, { progress: 0 }]], at: 0, expected: NOTHING_YET },
  {
    name: "a single step",
    said: [[0, { progress: 0 }], [5, { progress: 10 }]],
    at: 5,
    expected: { eta: null, rate: 2, eta_reason: "too_early" },
  },
  {
    name: "two steps within less than a second",
    said: [[0, { progress: 0 }], [0.25, { progress: 1 }], [0.5, { progress: 2 }]],
    at: 0.5,
    expected: { eta: null, rate: 4, eta_reason: "too_early" },
  },
  {
    name: "a burst at one instant",
    said: [0, 10, 20, 30].map((progress) => [0, { progress }]),
    at: 0,
    expected: NOTHING_YET,
  },
  {
    name: "a stall after a minute at a steady pace",
    said: steady(60, percent(1)),
    at: 240.1,
    expected: STALLED,
  },
  {
    name: "a first pause after a minute at a steady pace, which may be part of the job",
    said: steady(60, percent(1)),
    at: 239.9,
    expected: { eta: 40, rate: 1, eta_reason: null },
  },
  {
    name: "a stall after twenty minutes at a steady pace",
    said: steady(1_200, percent(1 / 16)),
    at: 1_210.1,
    expected: STALLED,
  },
  {
    name: "a first pause after a short time at a steady pace, when the pace is hardly known",
    said: steady(10, percent(1)),
    at: 600,
    expected: { eta: 90, rate: 1, eta_reason: null },
  },
  {
    name: "a pause that is too short for a stall",
    said: steady(10, percent(1)),
    at: 19.9,
    expected: { eta: 90, rate: 1, eta_reason: null },
  },
  {
    name: "a pause that is usual for a slow task",
    said: Array.from({ length: 101 }, (_, n) => [5 * n, { progress: n / 2 }]),
    at: 529,
    expected: { eta: 500, rate: 0.1, eta_reason: null },
  },
  {
    name: "a stall of a slow task",
    said: Array.from({ length: 101 }, (_, n) => [5 * n, { progress: n / 2 }]),
    at: 531,
    expected: STALLED,
  },
  {
    name: "a silence from the beginning, when no pace is known",
    said: [[0, { progress: 0 }]],
    at: 3_600,
    expected: NOTHING_YET,
  },
  {
    name: "a silence after quick first steps, which say nothing about the pace",
    said: [[0, { progress: 0 }], [0.5, { progress: 1 }], [1, { progress: 2 }], [420, { progress: 4 }]],
    at: 1_200,
    expected: { eta: 10_080, eta_low: 6_390, eta_high: 15_900, rate: 0.009524, eta_reason: null },
  },
  {
    name: "a jump of a resumed task, then a steady pace",
    said: [[0, { progress: 0 }], ...steady(40, (second) => ({ progress: 60 + second / 10 })).slice(1)],
    at: 40,
    expected: { eta: 360, rate: 0.1, eta_reason: null },
  },
  {
    name: "a small inaccuracy of the progress",
    said: [
      ...steady(20, percent(1)),
      [20.5, { progress: 19.5 }],
      ...steady(20, percent(1)).map(([at]) => [21 + at, { progress: 21 + at }] as const),
    ],
    at: 41,
    expected: { eta: 59, rate: 1, eta_reason: null },
  },
  {
    name: "a step back",
    said: [...steady(10, percent(5)), [11, { progress: 20 }]],
    at: 11,
    expected: NOTHING_YET,
  },
  {
    name: "a steady pace after a step back",
    said: [
      ...steady(10, percent(5)),
      ...[0, 1, 2, 3].map((n) => [11 + n, { progress: 20 + 2 * n }] as const),
    ],
    at: 14,
    expected: { eta: 37, eta_low: 23.46, eta_high: 58.36, rate: 2, eta_reason: null },
  },
  {
    name: "a task that has never reported progress",
    said: [[0, { status: "Working" }], [5, { status: "Working on" }]],
    at: 5,
    expected: { eta: null, rate: null, eta_reason: "unknown_progress" },
  },
  {
    name: "progress that became indeterminate",
    said: [...steady(10, percent(1)), [11, { progress: null }]],
    at: 11,
    expected: { eta: null, rate: 1, eta_reason: "unknown_progress" },
  },
  {
    name: "counts without a total",
    said: steady(10, (second) => ({ current: second * 3 })),
    at: 10,
    expected: { eta: null, rate: 3, eta_reason: "unknown_progress" },
  },
  {
    name: "a count above the total",
    said: steady(10, (second) => ({ current: second * 3, total: 20 })),
    at: 10,
    expected: { eta: null, rate: 3, eta_reason: "unknown_progress" },
  },
  {
    name: "all done, but not ended",
    said: steady(10, percent(10)),
    at: 10,
    expected: { eta: 0, rate: 10, eta_reason: null },
  },
  {
    name: "counts that stay the same while the progress increases",
    said: steady(20, (second) => ({ current: 0, total: 10, progress: second })),
    at: 20,
    expected: { eta: 80, rate: null, eta_reason: null },
  },
  {
    name: "a steady pace that was observed often, but for a short time",
    said: Array.from({ length: 1_001 }, (_, n) => [n / 250, { progress: n / 250 }]),
    at: 4,
    expected: { eta: 96, eta_low: 64, eta_high: 144, rate: 1, eta_reason: null },
  },
  {
    name: "the beginning, after one run",
    said: [],
    at: 10,
    past: [60],
    expected: { eta: 50, eta_low: 33.33, eta_high: 75, rate: null, eta_reason: null },
  },
  {
    name: "a task without progress, after many runs of nearly the same duration",
    said: [[0, { status: "Working" }]],
    at: 10,
    past: Array.from({ length: 20 }, (_, n) => 59.5 + n / 19),
    expected: { eta: 50, rate: null, eta_reason: null },
  },
  {
    name: "a task without progress, after runs of very different durations",
    said: [[0, { status: "Working" }]],
    at: 0,
    past: [400, 10, 20, 100, 300],
    expected: { eta: 100, eta_low: 20, eta_high: 300, rate: null, eta_reason: null },
  },
  {
    name: "a single step, after one run",
    said: [[0, { progress: 0 }], [5, { progress: 10 }]],
    at: 5,
    past: [65],
    expected: { eta: 60, eta_low: 40, eta_high: 90, rate: 2, eta_reason: null },
  },
  {
    name: "a task without progress that takes longer than all past runs",
    said: [[0, { status: "Working" }]],
    at: 60,
    past: [60, 30],
    expected: { eta: null, rate: null, eta_reason: "unknown_progress" },
  },
  {
    name: "a task with progress that takes longer than all past runs",
    said: steady(30, percent(1)),
    at: 30,
    past: [10, 20, 30],
    expected: { eta: 70, rate: 1, eta_reason: null },
  },
  {
    // The weights are 1/3 for the rate (90 s left) and 2/3 for past runs (190 s left). The two disagree, so
    // the range is wide.
    name: "progress for a short time, after long runs",
    said: steady(10, percent(1)),
    at: 10,
    past: Array.from({ length: 20 }, () => 200),
    expected: { eta: 156.7, eta_low: 106.4, eta_high: 194.7, rate: 1, eta_reason: null },
  },
  {
    // As above, but a single past run may have been unusual, so the range is wider.
    name: "progress for a short time, after one long run",
    said: steady(10, percent(1)),
    at: 10,
    past: [200],
    expected: { eta: 156.7, eta_low: 90, eta_high: 267.1, rate: 1, eta_reason: null },
  },
  {
    // The weights are 9/10 for the rate (1 s left), because most of the work is done, and 1/10 for past runs
    // (991 s left).
    name: "a task that is nearly done after a short time, after long runs",
    said: steady(9, percent(10)),
    at: 9,
    past: Array.from({ length: 20 }, () => 1_000),
    expected: { eta: 100, eta_low: 0.75, eta_high: 399.8, rate: 10, eta_reason: null },
  },
  {
    // The weights are 2/7 for the rate (98 s left) and 5/7 for past runs (8 s left).
    name: "progress for a very short time, after short runs",
    said: steady(2, percent(1)),
    at: 2,
    past: Array.from({ length: 20 }, () => 10),
    expected: { eta: 33.71, eta_low: 7.805, eta_high: 94.31, rate: 1, eta_reason: null },
  },
  {
    name: "a steady pace that agrees with past runs",
    said: steady(20, percent(1)),
    at: 20,
    past: Array.from({ length: 20 }, () => 100),
    expected: { eta: 80, rate: 1, eta_reason: null },
  },
  {
    name: "a stall, after long runs",
    said: steady(60, percent(1)),
    at: 241,
    past: [900],
    expected: STALLED,
  },
  {
    name: "a stall of counts without a total, after long runs",
    said: steady(60, (second) => ({ current: second * 3 })),
    at: 241,
    past: [900],
    expected: STALLED,
  },
];

for (const { name, said, at, past, expected } of SCENARIOS) {
  Deno.test(`Estimator.estimate() of ${name}`, () => {
    assertEquals(estimateAfter(said, at, past), { ...NO_RANGE, ...expected });
  });
}

Deno.test("Estimator.estimate() does not derive a rate from a burst of updates at one instant", () => {
  const burst = [0, 10, 20, 30].map((progress) => [0, { progress }] as const);
  const { eta, rate } = estimateAfter([...burst, [1, { progress: 31 }], [2, { progress: 32 }]], 2);
  assert(eta !== null && Number.isFinite(eta) && rate !== null && Number.isFinite(rate));
});

Deno.test("Estimator.estimate() starts over when a task switches from percentages to counts", () => {
  const percents = steady(10, percent(1));
  const counts = [11, 12, 13].map((at) => [at, { current: 1_000 * (at - 10), total: 1_000_000 }] as const);
  const { rate } = estimateAfter([...percents, ...counts], 13);
  assertEquals(rate, 1_000);
});

Deno.test("Estimator.estimate() follows a change of pace within a minute", () => {
  const slow = steady(60, (second) => ({ current: second, total: 10_000 }));
  const fast = steady(60, (second) => ({ current: 60 + second * 10, total: 10_000 }));
  const { rate } = estimateAfter(
    [...slow, ...fast.slice(1).map(([at, said]) => [60 + at, said] as const)],
    120,
  );
  assertGreater(rate!, 9);
  assertLess(rate!, 10.001);
});

Deno.test("Estimator.estimate() recovers after a stall", () => {
  const said = [...steady(10, percent(1)), [100, { progress: 11 }], [101, { progress: 12 }]] as const;
  const { eta, rate, eta_reason } = estimateAfter(said, 101);
  assertEquals(eta_reason, null);
  assertGreater(eta!, 88);
  assertLess(rate!, 1);
});

Deno.test("Estimator.estimate() returns no ETA and no reason for a task that is not active", () => {
  const waiting = transition(undefined, "t", createChange(), 0);
  assertEquals(new Estimator().estimate(waiting, 50), {
    eta: null,
    ...NO_RANGE,
    rate: null,
    eta_reason: null,
  });
  const ended = transition(waiting, "t", { type: "finish", result: null }, 1);
  assertEquals(new Estimator().estimate(ended, 50).eta_reason, null);
});

Deno.test("Estimator.estimate() ignores the jump to 100 % when a task finishes early", () => {
  const estimator = new Estimator();
  let task: Task = transition(undefined, "t", createChange(), 0);
  for (const [at, update] of steady(10, percent(1))) {
    task = transition(task, "t", { type: "update", ...update }, at);
    estimator.observe(task, at);
  }
  task = transition(task, "t", { type: "finish", result: null }, 11);
  estimator.observe(task, 11);
  assertEquals(estimator.estimate(task, 11), { eta: null, ...NO_RANGE, rate: 1, eta_reason: null });
});

Deno.test("Estimator reads past runs only once, when the task becomes active", () => {
  const asked: string[] = [];
  const estimator = new Estimator((name) => {
    asked.push(name);
    return new PastDurations([10]);
  });
  let task = estimator.estimated(transition(undefined, "t", createChange({ name: "job" }), 0));
  assertEquals(asked, []);
  for (let progress = 0; progress < 5; progress++) {
    task = estimator.estimated(transition(task, "t", { type: "update", progress }, progress));
  }
  estimator.estimated(transition(task, "t", { type: "finish", result: null }, 5));
  assertEquals(asked, ["job"]);
});

Deno.test("Estimator.estimate() is more accurate with past runs if a task starts slowly", () => {
  // The task does a tenth of its work in the first half of the time, and the rest in the second half.
  const progressAt = (second: number) => second <= 50 ? second / 5 : 10 + (second - 50) * 1.8;
  const past = [95, 104, 99, 110, 92, 101];
  for (const at of [5, 20, 40, 60, 80]) {
    const said = steady(at, (second) => ({ progress: progressAt(second) }));
    const [without, withPast] = [[], past].map((past) =>
      Math.abs(estimateAfter(said, at, past).eta! - (100 - at))
    );
    assertLess(withPast!, without! + 0.001, `at ${at} s`);
  }
});

Deno.test("Estimator.correction() returns null if the last estimate is still accurate", () => {
  const estimator = new Estimator(() => new PastDurations([60]));
  let task = transition(undefined, "t", createChange(), 0);
  assertEquals(estimator.correction(task, 100), null, "the task has not started");
  task = estimator.estimated(transition(task, "t", { type: "start" }, 0));
  assertEquals([estimator.correction(task, 59), estimator.correction(task, 60)], [null, null]);
  const over = estimator.correction(task, 61)!;
  assertEquals(over, { eta: null, ...NO_RANGE, rate: null, eta_reason: "unknown_progress" });
  assertEquals(estimator.correction({ ...task, ...over }, 100), null);
});

/**
 * Steps of a job that reports often: the seconds since the previous step, and the increase of the amount or
 * of the total.
 */
const quickSteps = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({ after: fc.double({ min: 0, max: 0.1, noNaN: true }), by: fc.nat(4) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ after: fc.constantFrom(0.01, 5, 60), by: fc.constantFrom(0, 1, 500) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ after: fc.constantFrom(0, 0.05), by: fc.constantFrom(-1, -50, -1_000) }),
    },
    { weight: 1, arbitrary: fc.record({ after: fc.constantFrom(0, 0.05), more: fc.constantFrom(0, 1_000) }) },
  ),
  { minLength: 50, maxLength: 400, size: "max" },
);

Deno.test("Estimator.estimated() stays close to an immediate forecast, whatever is reported between two forecasts", () => {
  let scaledCount = 0;
  fc.assert(
    fc.property(quickSteps, (steps) => {
      const estimator = new Estimator();
      let task = transition(undefined, "t", createChange(), 1_000);
      let [at, current, total] = [1_000, 0, 3_000];
      for (const step of steps) {
        at += step.after;
        if ("by" in step) current = Math.max(0, current + step.by);
        else total += step.more;
        task = estimator.estimated(transition(task, "t", { type: "update", current, total }, at));
        assertHonest(task, task);
        const exact = estimator.estimate(task, at);
        assertEquals(task.eta_reason, exact.eta_reason);
        if (exact.eta === null) continue;
        if (task.eta !== exact.eta) scaledCount++;
        // Between two forecasts, time and amount change by at most 5 %, but the recent pace, which the
        // forecast may use, can change by more.
        assertLess(Math.abs(task.eta! - exact.eta), 0.3 * exact.eta + 0.01, `${task.eta} for ${exact.eta}`);
      }
    }),
    { numRuns: 200 },
  );
  assertGreater(scaledCount, 1_000);
});

Deno.test("Estimator.estimated() makes a new forecast at once when the state, the total or the direction changes", () => {
  const changes: Record<string, UpdateChange> = {
    "a new total": { type: "update", total: 20_000 },
    "an unknown total": { type: "update", total: null, progress: null },
    "a step back": { type: "update", current: 10 },
    "a jump": { type: "update", current: 9_000 },
    "the end of the work": { type: "update", current: 10_000 },
  };
  for (const [name, change] of Object.entries(changes)) {
    const estimator = new Estimator();
    let task = transition(undefined, "t", createChange(), 0);
    for (let n = 0; n <= 1_000; n++) {
      const update = { type: "update", current: n, total: 10_000 } as const;
      task = estimator.estimated(transition(task, "t", update, n / 100));
    }
    const { eta, rate, eta_reason } = estimator.estimated(transition(task, "t", change, 10.001));
    const exact = estimator.estimate(transition(task, "t", change, 10.001), 10.001);
    assertEquals([eta, rate, eta_reason], [exact.eta, exact.rate, exact.eta_reason], name);
  }
});

/** Checks the invariants of every estimate. */
function assertHonest({ eta, eta_low, eta_high, rate, eta_reason }: Estimate, task: Task): void {
  assert(eta === null || (Number.isFinite(eta) && eta >= 0), `eta is ${eta}`);
  assertEquals(eta_low === null, eta_high === null);
  if (eta_low !== null) {
    assert(eta_low >= 0 && eta_low <= eta! && eta! <= eta_high!, `${eta_low} ${eta} ${eta_high}`);
  }
  assert(rate === null || (Number.isFinite(rate) && rate >= 0), `rate is ${rate}`);
  assertEquals(eta_reason !== null, task.active && eta === null);
}

Deno.test("Estimator.estimate() returns a finite ETA, or a reason why there is none", () => {
  const amount = fc.option(fc.oneof(
    fc.integer({ min: -10, max: 110 }),
    fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => Math.round(value * 1e6) / 1e6),
  ));
  const anything = fc.record({ progress: amount, current: amount, total: amount }, { requiredKeys: [] });
  const forward = fc.record({
    by: fc.double({ min: 0, max: 5, noNaN: true }).map((by) => Math.round(by * 100) / 100),
  });
  const said = fc.oneof({ weight: 1, arbitrary: anything }, { weight: 3, arbitrary: forward });
  const elapsed = fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 20, noNaN: true }),
    fc.integer({ max: 10_000, min: 0 }),
  );
  const past = fc.array(elapsed, { maxLength: 20 });
  const steps = fc.array(fc.tuple(elapsed, said, elapsed), { maxLength: 30, size: "max" });
  let withEta = 0;
  fc.assert(
    fc.property(steps, past, (steps, past) => {
      const estimator = new Estimator(() => new PastDurations(past));
      let task = transition(undefined, "t", createChange(), 1_000);
      let at = 1_000;
      for (const [seconds, said, later] of steps) {
        at += seconds;
        const update = "by" in said ? { progress: (task.progress ?? 0) + said.by } : said;
        task = transition(task, "t", { type: "update", ...update }, at);
        estimator.observe(task, at);
        for (const when of [at, at + later]) {
          const estimate = estimator.estimate(task, when);
          assertHonest(estimate, task);
          if (estimate.eta !== null) withEta++;
        }
      }
    }),
    { numRuns: 2_000 },
  );
  assertGreater(withEta, 500);
});

Deno.test("Estimator.estimate() never returns an infinite ETA, even for extreme counts", () => {
  const tiny: [number, Said][] = [0, 1, 2, 3].map((n) => [n, { progress: n * Number.MIN_VALUE }]);
  const huge: [number, Said][] = [0, 1, 2, 3].map((n) => [n, { current: n / 100, total: Number.MAX_VALUE }]);
  for (const said of [tiny, huge]) {
    const { eta, rate, eta_reason } = estimateAfter(said, 3);
    assert(eta === null ? eta_reason !== null : Number.isFinite(eta), `eta is ${eta} at a rate of ${rate}`);
  }
});
