import { ServerClock } from "../../../ui/browser/server_clock.ts";
import { assertEquals } from "../../support/assert.ts";
import { EXAMPLE_TIME } from "../../support/example_task.ts";

Deno.test("ServerClock continues from the server's time, however wrong the browser's clock is", () => {
  let local = 5_000;
  const clock = new ServerClock(EXAMPLE_TIME, () => local);
  local += 3;
  assertEquals(clock.now, EXAMPLE_TIME + 3);
});

Deno.test("ServerClock.correct() applies a Date header that differs much from the estimate, and ignores others", () => {
  const clock = new ServerClock(EXAMPLE_TIME, () => 0);
  const header = (seconds: number) => new Date((EXAMPLE_TIME + seconds) * 1_000).toUTCString();
  for (const harmless of [null, "yesterday", header(1), header(-2)]) {
    clock.correct(harmless);
    assertEquals(clock.now, EXAMPLE_TIME);
  }
  clock.correct(header(3_600));
  assertEquals(clock.now, EXAMPLE_TIME + 3_600.5);
});
