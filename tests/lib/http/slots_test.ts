import { Problem } from "../../../lib/http/problem.ts";
import { Slots } from "../../../lib/http/slots.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("Slots.take() takes slots up to the limit, and releasing a slot twice counts once", () => {
  const slots = new Slots(2, "watchers");
  const release = [slots.take(), slots.take()];
  assertEquals(slots.taken, 2);
  const problem = assertThrows(() => slots.take(), Problem, "The limit of 2 watchers is reached");
  assertEquals([problem.status, problem.code, problem.headers["retry-after"]], [503, "limit_reached", "5"]);
  release[0]!();
  release[0]!();
  assertEquals(slots.taken, 1);
  slots.check();
  slots.take();
  assertThrows(() => slots.check(), Problem);
});
