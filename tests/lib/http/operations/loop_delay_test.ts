import { LoopDelay } from "../../../../lib/http/operations/loop_delay.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** Keeps everybody from their turn, for as long as a look is overdue by at least half of a second then. */
function block(): void {
  const end = performance.now() + 1_000;
  while (performance.now() < end);
}

Deno.test("LoopDelay reports a delay of the event loop for a while", () => {
  using clock = new FakeClock();
  using delay = new LoopDelay();
  assertEquals(delay.longestMs, 0);
  block();
  assert(delay.longestMs >= 500, "what is not over yet is told, too");
  clock.pass(30_000);
  assert(delay.longestMs >= 500, "it is remembered");
  clock.pass(30_000);
  assert(delay.longestMs < 500, "it is long ago");
});

Deno.test("LoopDelay stops when it is disposed", () => {
  using clock = new FakeClock();
  new LoopDelay()[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});
