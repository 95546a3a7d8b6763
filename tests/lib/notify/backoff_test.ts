import fc from "fast-check";
import { backoffMs } from "../../../lib/notify/backoff.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const LIMITS = { notifyRetryMs: 1_000, notifyMaxRetryMs: 300_000 };

Deno.test("backoffMs() doubles with every failure, up to the maximum", () => {
  const waits = [1, 2, 3, 4, 9, 10, 11, 1_000].map((failures) => backoffMs(failures, LIMITS, 1));
  assertEquals(waits, [1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000]);
  assertEquals(backoffMs(2_000, LIMITS, 1), 300_000, "the maximum also applies if the power overflows");
});

Deno.test("backoffMs() returns a random value in the upper half of the delay", () => {
  assertEquals([0, 0.5, 1].map((random) => backoffMs(1, LIMITS, random)), [500, 750, 1_000]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), (failures) => {
    const longest = backoffMs(failures, LIMITS, 1);
    const wait = backoffMs(failures, LIMITS);
    assert(wait >= longest / 2 && wait <= longest, `${wait}`);
  }));
  const waits = new Set(Array.from({ length: 20 }, () => backoffMs(5, LIMITS)));
  assert(waits.size > 1, "attempts that failed together are not retried together");
});
