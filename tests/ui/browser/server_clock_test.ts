import { type LocalClocks, ServerClock } from "../../../ui/browser/server_clock.ts";
import { assertEquals } from "../../support/assert.ts";
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

/** Returns a response that the server made at once, at a time of its own clock. */
function responseAt(clocks: TestClocks, serverTime: number) {
  const now = clocks.local.wall();
  return { date: new Date(Math.floor(serverTime) * 1_000).toUTCString(), sentAt: now, receivedAt: now };
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
  const harmless = { ...responseAt(clocks, 0), date: null };
  for (const response of [harmless, { ...harmless, date: "yesterday" }, responseAt(clocks, EXAMPLE_TIME)]) {
    clock.correct(response);
    assertEquals(clock.now, EXAMPLE_TIME);
  }
  clock.correct(responseAt(clocks, EXAMPLE_TIME + 3_600));
  assertEquals(clock.now, EXAMPLE_TIME + 3_600.5);
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
