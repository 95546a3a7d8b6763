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

Deno.test("Slots.take() leaves room for others, however many slots a holder wants", () => {
  const slots = new Slots(16, "watchers");
  /** Takes slots until they are refused; returns the functions that release them. */
  const takeAll = (holder: string | null) => {
    const taken: (() => void)[] = [];
    while (slots.hasRoom(holder)) taken.push(slots.take(holder));
    assertThrows(() => slots.take(holder), Problem);
    return taken;
  };
  const first = takeAll("a");
  assertThrows(() => slots.check("a"), Problem, "Your share of the limit of 16 watchers is used up");
  const others = ["b", "c", "d"].map(takeAll);
  assertEquals([first, ...others].map(({ length }) => length), [8, 4, 2, 1]);
  assertEquals(takeAll(null).length, 1);
  assertThrows(() => slots.check("e"), Problem, "The limit of 16 watchers is reached");
  for (const release of [...first, ...others[0]!]) {
    release();
    release();
  }
  assertEquals([slots.taken, slots.hasRoom("a"), takeAll("b").length], [4, true, 6]);
});
