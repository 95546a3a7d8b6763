import { Problem } from "../../../../lib/http/problem.ts";
import { WatcherSeats } from "../../../../lib/http/streams/watcher_seats.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

Deno.test("WatcherSeats.take() gives seats up to the limit, and takes each back once", () => {
  const seats = new WatcherSeats(2);
  const giveBack = [seats.take(), seats.take()];
  assertEquals(seats.taken, 2);
  const problem = assertThrows(() => seats.take(), Problem, "The limit of 2 watchers is reached");
  assertEquals([problem.status, problem.code, problem.headers["retry-after"]], [503, "limit_reached", "5"]);
  giveBack[0]!();
  giveBack[0]!();
  assertEquals(seats.taken, 1);
  seats.check();
  seats.take();
  assertThrows(() => seats.check(), Problem);
});
