import { LoopDelay } from "../../../../lib/http/operations/loop_delay.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

Deno.test("LoopDelay reports a delay of the event loop for some time after it has ended", () => {
  using clock = new FakeClock();
  using delay = new LoopDelay();
  assertEquals(delay.longestMs, 0);
  clock.stall(1_000);
  assert(delay.longestMs >= 500, "a delay that has not ended counts, too");
  clock.pass(30_000);
  assert(delay.longestMs >= 500, "the delay is remembered for a period");
  clock.pass(30_000);
  assert(delay.longestMs < 500, "the delay is forgotten after two periods");
});

Deno.test("LoopDelay stops measuring when it is disposed of", () => {
  using clock = new FakeClock();
  new LoopDelay()[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});
