import { type LocalClocks, ServerClock } from "../../../ui/browser/server_clock.ts";
import { TIME_HEADER } from "../../../lib/task/clock_offset.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";
import { EXAMPLE_TIME } from "../../support/example_task.ts";

const DAY = 86_400;

/** The clocks of a browser that a test moves. */
class TestClocks {
  readonly local: LocalClocks = { wall: () => this.#wall, steady: () => this.#steady };
  #wall: number;
  #steady = 100;

  constructor(wall: number) {
    this.#wall = wall;
  }

  pass(seconds: number): void {
    this.#wall += seconds;
    this.#steady += seconds;
  }

  set(wall: number): void {
    this.#wall = wall;
  }
}

/** Returns a response that the server made at once, and the time that it says. */
function responseAt(clocks: TestClocks, time: string | null) {
  const now = clocks.local.wall();
  return { headers: new Headers(time === null ? {} : { [TIME_HEADER]: time }), sentAt: now, receivedAt: now };
}

Deno.test("ServerClock continues from the server's time, however wrong the browser's clock is", () => {
  for (const wall of [5_000, EXAMPLE_TIME - DAY, EXAMPLE_TIME + DAY]) {
    const clocks = new TestClocks(wall);
    const clock = new ServerClock(EXAMPLE_TIME, clocks.local);
    clocks.pass(3);
    assertEquals(clock.now, EXAMPLE_TIME + 3);
  }
});

Deno.test("ServerClock.correct() keeps an estimate that the response confirms, and replaces another", () => {
  const clocks = new TestClocks(0);
  const clock = new ServerClock(EXAMPLE_TIME, clocks.local);
  for (const time of [null, "yesterday", `${EXAMPLE_TIME}`]) {
    clock.correct(responseAt(clocks, time));
    assertEquals(clock.now, EXAMPLE_TIME);
  }
  clock.correct(responseAt(clocks, `${EXAMPLE_TIME + 3_600}`));
  assertLess(Math.abs(clock.now - (EXAMPLE_TIME + 3_600)), 0.002);
});

Deno.test("ServerClock.takeDoubt() returns each doubt once: a wrong clock at first, and a clock that was set", () => {
  const right = new TestClocks(EXAMPLE_TIME);
  const clock = new ServerClock(EXAMPLE_TIME, right.local);
  right.pass(DAY);
  assertEquals(clock.takeDoubt(), false);
  right.set(EXAMPLE_TIME);
  assertEquals([clock.takeDoubt(), clock.takeDoubt()], [true, false]);
  const wrong = new ServerClock(EXAMPLE_TIME, new TestClocks(EXAMPLE_TIME - 3_600).local);
  assertEquals([wrong.takeDoubt(), wrong.takeDoubt()], [true, false]);
});
