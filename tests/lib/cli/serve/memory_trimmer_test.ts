import { MemoryTrimmer, type MemoryUsage } from "../../../../lib/cli/serve/memory_trimmer.ts";
import { assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const MEBIBYTE = 1024 * 1024;

Deno.test("MemoryTrimmer trims every 30 s, but only while memory outside of heap and buffers is much larger than at the start", () => {
  using clock = new FakeClock();
  let usage: MemoryUsage = { rss: 100 * MEBIBYTE, heapTotal: 40 * MEBIBYTE, external: 10 * MEBIBYTE };
  let trims = 0;
  {
    using _trimmer = new MemoryTrimmer({ usage: () => usage, trim: () => trims++ });
    const passes = (rss: number, heapTotal: number, external: number) => {
      usage = { rss: rss * MEBIBYTE, heapTotal: heapTotal * MEBIBYTE, external: external * MEBIBYTE };
      clock.pass(30_000);
      return trims;
    };
    assertEquals(passes(100, 40, 10), 0);
    assertEquals(passes(124, 40, 10), 0);
    assertEquals(passes(125, 40, 10), 1);
    assertEquals(passes(125, 41, 10), 1);
    assertEquals(passes(125, 40, 11), 1);
    assertEquals(passes(125, 30, 10), 2);
  }
  clock.pass(60_000);
  assertEquals([trims, clock.pending], [2, 0]);
});
