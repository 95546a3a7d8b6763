import fc from "fast-check";
import { PastDurations } from "../../../lib/registry/past_durations.ts";
import { quantile } from "../../../lib/task/quantile.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("PastDurations.usual is the median of the durations", () => {
  assertEquals(new PastDurations([50, 10, 1_000]).usual, 50);
  assertEquals(new PastDurations([10, 30]).usual, 20);
  assertEquals(new PastDurations([]).usual, 0);
});

Deno.test("PastDurations.add() keeps the newest twenty durations", () => {
  const past = new PastDurations();
  for (
    const seconds of [
      ...Array.from({ length: 10 }, () => 1_000),
      ...Array.from({ length: 20 }, () => 7),
    ]
  ) {
    past.add(seconds);
  }
  assertEquals([past.usual, past.left(7)], [7, null]);
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), (durations) => {
    const grown = new PastDurations();
    for (const seconds of durations) grown.add(seconds);
    const newest = durations.slice(-20).sort((a, b) => a - b);
    assertEquals(grown.usual, newest.length === 0 ? 0 : quantile(newest, 0.5));
    for (const elapsed of [-1, 0, 4, 9]) {
      assertEquals(grown.left(elapsed), new PastDurations(newest).left(elapsed));
    }
  }));
});

Deno.test("PastDurations.left() uses only the runs that took longer than the elapsed time", () => {
  const past = new PastDurations([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  assertEquals([0, 45, 95].map((elapsed) => past.left(elapsed)?.eta), [55, 30, 5]);
  assertEquals([100, 101, 1e9].map((elapsed) => past.left(elapsed)), [null, null, null]);
  assertEquals(new PastDurations([]).left(0), null);
});

Deno.test("PastDurations.left() returns the range of the middle half of the runs, or a wider range if there are few runs", () => {
  assertEquals(new PastDurations([10, 20, 30, 70, 100]).left(0), { eta: 30, low: 20, high: 70 });
  assertEquals(new PastDurations([60]).left(0), { eta: 60, low: 40, high: 90 });
  assertEquals(new PastDurations([60, 60]).left(0), { eta: 60, low: 48, high: 75 });
  const { low, high } = new PastDurations(Array.from({ length: 20 }, () => 60)).left(0)!;
  assert(low > 58 && high < 62, `${low} to ${high}`);
});

Deno.test("PastDurations.left() returns a finite time within the returned range", () => {
  const seconds = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(fc.property(fc.array(seconds, { maxLength: 20 }), seconds, (durations, elapsed) => {
    const left = new PastDurations(durations).left(elapsed);
    assertEquals(left === null, durations.every((duration) => duration <= elapsed));
    if (left === null) return;
    assert(
      left.eta > 0 && left.low >= 0 && left.low <= left.eta && left.eta <= left.high,
      JSON.stringify(left),
    );
    assert(left.eta <= Math.max(...durations) - elapsed, JSON.stringify(left));
  }));
});

Deno.test("PastDurations.expected is the median duration, if there are at least three runs that took some time", () => {
  assertEquals(new PastDurations([10, 20]).expected, null);
  assertEquals(new PastDurations([10, 30, 20]).expected, 20);
  assertEquals(new PastDurations([0, 0, 0]).expected, null);
});
