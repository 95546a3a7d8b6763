import { msUntilExpired, whenExpired } from "../../../lib/access/expiry.ts";
import { FULL_GRANT } from "../../../lib/access/grant.ts";
import { assertEquals } from "../../support/assert.ts";
import { CLOCK_START, FakeClock } from "../../support/fake_clock.ts";

const DAY_MS = 86_400_000;

/** Returns a grant that expires after the given number of milliseconds. */
function grantFor(ms: number) {
  return { ...FULL_GRANT, expiresAt: CLOCK_START + ms / 1_000 };
}

Deno.test("whenExpired() calls the function when the grant expires, even after months", async () => {
  for (const ms of [1, 1_500, DAY_MS, 90 * DAY_MS]) {
    using clock = new FakeClock();
    let calls = 0;
    whenExpired(grantFor(ms), () => calls++);
    await clock.passAsync(ms - 1);
    assertEquals(calls, 0, `${ms} ms`);
    await clock.passAsync(1);
    await clock.passAsync(DAY_MS);
    assertEquals([calls, clock.pending], [1, 0], `${ms} ms`);
  }
});

Deno.test("whenExpired() leaves no timer after it was cancelled, or for a grant that does not expire", () => {
  using clock = new FakeClock();
  const cancel = whenExpired(grantFor(DAY_MS), () => {});
  assertEquals(clock.pending, 1);
  cancel();
  whenExpired(FULL_GRANT, () => {});
  assertEquals(clock.pending, 0);
});

Deno.test("whenExpired() notices within an hour that the system clock was changed", async () => {
  using clock = new FakeClock();
  let calls = 0;
  whenExpired(grantFor(30 * DAY_MS), () => calls++);
  clock.set(CLOCK_START + 31 * 86_400);
  await clock.passAsync(3_600_000);
  assertEquals(calls, 1);
});

Deno.test("msUntilExpired() returns the rest of a grant's lifetime", () => {
  using _clock = new FakeClock();
  assertEquals([grantFor(5), grantFor(-5), FULL_GRANT].map(msUntilExpired).map(Math.round), [5, 0, Infinity]);
});
