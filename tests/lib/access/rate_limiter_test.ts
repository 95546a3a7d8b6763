import { RateLimiter } from "../../../lib/access/rate_limiter.ts";
import { assertEquals } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";

Deno.test("RateLimiter allows each caller a burst, and then one action per refill", async () => {
  using clock = new FakeClock();
  const limiter = new RateLimiter({ burst: 3, refillMs: 1_000, most: 10 });
  for (let turn = 0; turn < 3; turn++) {
    assertEquals(limiter.waitMs("a"), 0);
    limiter.spend("a");
  }
  assertEquals([limiter.waitMs("a"), limiter.waitMs("b")], [1_000, 0]);
  await clock.passAsync(400);
  assertEquals(limiter.waitMs("a"), 600);
  await clock.passAsync(600);
  assertEquals(limiter.waitMs("a"), 0);
  limiter.spend("a");
  assertEquals(limiter.waitMs("a"), 1_000);
  await clock.passAsync(60_000);
  for (let turn = 0; turn < 3; turn++) limiter.spend("a");
  assertEquals(limiter.waitMs("a"), 1_000, "an idle caller has the whole burst again, but no more");
});

Deno.test("RateLimiter forgets the least recently active callers if there are more than its limit", () => {
  using _clock = new FakeClock();
  const limiter = new RateLimiter({ burst: 1, refillMs: 1_000, most: 3 });
  for (const who of ["a", "b", "c", "a", "d"]) limiter.spend(who);
  assertEquals(["a", "b", "c", "d"].map((who) => limiter.waitMs(who) > 0), [true, false, true, true]);
});

Deno.test("RateLimiter keeps its limits if the clock is set back or forward", () => {
  for (const jump of [-86_400, -3_600, 3_600, 86_400]) {
    using clock = new FakeClock();
    const limiter = new RateLimiter({ burst: 1, refillMs: 1_000, most: 10 });
    limiter.spend("a");
    clock.set(CLOCK_START + jump);
    assertEquals(limiter.waitMs("a"), 1_000);
    clock.pass(1_000);
    assertEquals(limiter.waitMs("a"), 0);
    limiter.spend("a");
    assertEquals(limiter.waitMs("a"), 1_000);
  }
});
