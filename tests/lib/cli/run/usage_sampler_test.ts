import { sampleInterval } from "../../../../lib/cli/run/usage_sampler.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("sampleInterval() grows with the time since the start, and with the cost of a sample", () => {
  const minute = 60_000;
  const intervals = [0, minute, 2 * minute, 59 * minute, 60 * minute, 1e9].map((ms) => sampleInterval(ms, 3));
  assertEquals(intervals, [1_000, 1_000, 5_000, 5_000, 30_000, 30_000]);
  assertEquals(sampleInterval(0, 100), 2_000);
  assertEquals(sampleInterval(0, 10_000), 200_000);
});
