import { yieldToEventLoop } from "../../../lib/reporter/yield.ts";
import { assert, assertEquals, assertStrictEquals } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("yieldToEventLoop() waits for the event loop once every 10 ms, and otherwise resolves at once", async () => {
  using clock = new FakeClock();
  // Advance the clock, so that the next yield is due even if an earlier test has just yielded.
  clock.pass(10_000);
  const due = yieldToEventLoop(Date.now());
  assertStrictEquals(yieldToEventLoop(Date.now()), due, "all callers wait for the same turn");
  let isOver = false;
  void due.then(() => isOver = true);
  await Promise.resolve();
  assertEquals([isOver, clock.pending], [false, 1]);
  await clock.passAsync(1);
  assertEquals([isOver, clock.pending], [true, 0]);
  const ready = yieldToEventLoop(Date.now());
  for (let i = 0; i < 9; i++) {
    assertStrictEquals(yieldToEventLoop(Date.now()), ready);
    assertEquals(clock.pending, 0);
    await clock.passAsync(1);
  }
  await clock.passAsync(1);
  const next = yieldToEventLoop(Date.now());
  assert(next !== ready);
  await clock.passAsync(0);
  await next;
});

Deno.test("yieldToEventLoop() still yields if the clock was set back", async () => {
  using clock = new FakeClock();
  clock.pass(20_000);
  const first = yieldToEventLoop(Date.now());
  await clock.passAsync(0);
  await first;
  clock.set(1_000);
  const second = yieldToEventLoop(Date.now());
  assertEquals(clock.pending, 1);
  await clock.passAsync(0);
  await second;
});
