import fc from "fast-check";
import { ReporterClock, ReporterClocks, shifted } from "../../../../lib/http/reports/reporter_clocks.ts";
import { assert, assertEquals, assertLess } from "../../../support/assert.ts";

const NOW = 1_700_000_000;
const HOUR = 3_600;
const SKEWS = [HOUR, -HOUR, 24 * HOUR, -24 * HOUR, 30 * 365 * 24 * HOUR, -NOW];

/**
 * Returns a batch of a reporter whose clock is ahead of the server's by `skew` seconds; the other times are
 * those of the server's clock.
 */
function batchOf(skew: number, sentAt: number | null, ...madeAt: readonly number[]) {
  return {
    sentAt: sentAt === null ? null : sentAt + skew,
    reports: madeAt.map((at) => ({ at: at + skew })),
  };
}

Deno.test("ReporterClock.offsetOf() corrects any clock skew of a reporter whose batches say when they were sent", () => {
  const delays = fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }), { minLength: 1, maxLength: 30 });
  const skews = fc.oneof(fc.constantFrom(...SKEWS), fc.integer({ min: -1e7, max: 1e7 }));
  fc.assert(fc.property(skews, delays, (skew, delays) => {
    const clock = new ReporterClock();
    delays.forEach((delay, index) => {
      const sentAt = NOW + 10 * index;
      const offset = clock.offsetOf(batchOf(skew, sentAt, sentAt), sentAt + delay);
      assertLess(Math.abs(offset + skew), 1.01, `skew ${skew}, offset ${offset}`);
    });
  }));
});

Deno.test("ReporterClock.offsetOf() returns the same offset for a report that waited, or that is resent", () => {
  for (const skew of [0, ...SKEWS]) {
    const clock = new ReporterClock();
    // The first batch arrives after an outage of ten minutes, and is resent an hour later.
    for (const sentAt of [NOW, NOW + HOUR]) {
      const offset = clock.offsetOf(batchOf(skew, sentAt, NOW - 600, NOW - 300), sentAt + 0.01);
      assertLess(Math.abs(offset + skew), 0.02);
    }
  }
});

Deno.test("ReporterClock.offsetOf() ignores a batch with a long delay, but follows a clock that was changed", () => {
  const clock = new ReporterClock();
  assertEquals(clock.offsetOf(batchOf(0, NOW, NOW), NOW), 0);
  assertEquals(clock.offsetOf(batchOf(0, NOW + 1, NOW), NOW + 21), 0);
  assertEquals(clock.offsetOf(batchOf(-HOUR, NOW + 60, NOW), NOW + 60), HOUR);
  assertEquals(clock.offsetOf(batchOf(HOUR, NOW + 120, NOW), NOW + 120), -HOUR);
});

Deno.test("ReporterClock.offsetOf() corrects a reporter of version 0.1.0, unless its reports may have waited", () => {
  for (const skew of SKEWS) {
    const clock = new ReporterClock();
    // The report was made 20 ms before its batch was sent.
    for (const at of [NOW, NOW + 5]) {
      assertLess(Math.abs(clock.offsetOf(batchOf(skew, null, at - 0.02), at) + skew), 0.03);
    }
    // After a reconnect, the oldest batch comes first.
    assertLess(Math.abs(clock.offsetOf(batchOf(skew, null, NOW + 10), NOW + 610) + skew), 1);
  }
  const waited = new ReporterClock();
  assertEquals(waited.offsetOf(batchOf(0, null, NOW - 600), NOW), 0);
  assertEquals(waited.offsetOf(batchOf(0, null, NOW - 300), NOW), 0);
});

Deno.test("ReporterClock.offsetOf() does not throw for invalid times", () => {
  const clock = new ReporterClock();
  const reports = [null, 5, "x", {}, { at: "now" }, { at: NaN }, { at: null }];
  assertEquals(clock.offsetOf({ sentAt: null, reports }, NOW), 0);
  assert(Number.isFinite(clock.offsetOf({ sentAt: 1e308, reports }, NOW)));
});

Deno.test("ReporterClocks.of() returns the same clock after a reconnect, and remembers a bounded number", () => {
  const clocks = new ReporterClocks();
  const first = clocks.of("first", "");
  assertEquals(clocks.of("first", ""), first);
  for (let index = 0; index < 10_000; index++) clocks.of(`reporter-${index}`, "");
  assert(clocks.of("first", "") !== first);
});

Deno.test("shifted() moves the time of a report and of each log line", () => {
  const change = { type: "log", first: 0, lines: [{ at: 1, text: "a" }, { at: 2, text: "b" }] } as const;
  const moved = shifted({ client: "c", id: "1", at: 2, change }, 10);
  assertEquals([moved.at, moved.change], [12, {
    ...change,
    lines: [{ at: 11, text: "a" }, { at: 12, text: "b" }],
  }]);
});
