import { ByteBudget } from "../../../lib/http/byte_budget.ts";
import { LongText } from "../../../lib/hub/long_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("ByteBudget.take() takes bytes up to the limit, but any number if none are taken", () => {
  const budget = new ByteBudget(100);
  assertEquals([budget.take(60), budget.take(50), budget.take(40), budget.take(1)], [
    true,
    false,
    true,
    false,
  ]);
  assertEquals(budget.taken, 100);
  budget.release(100);
  assertEquals([budget.take(1_000), budget.take(1), budget.taken], [true, false, 1_000]);
});

Deno.test("ByteBudget.hold() counts shared pieces of long texts only once, until drop() is called for the last text", () => {
  const budget = new ByteBudget(13_000);
  const [first, second, changed] = ["1", "2", "3"].map((digit) => digit.repeat(2_000));
  const before = new LongText("{", [first!, ",", second!, ",", first!], "}");
  const after = new LongText("{", [first!, ",", changed!], "}");
  assert(budget.hold(before));
  assertEquals(budget.taken, 2 * (4_000 + 2));
  assert(budget.hold(before.within("data: ", "\n")));
  assertEquals(budget.taken, 2 * (4_000 + 2));
  assert(budget.hold(after));
  assertEquals(budget.taken, 2 * (6_000 + 3));
  assertEquals(budget.hold(new LongText("", ["4".repeat(2_000)], "")), false);
  assertEquals(budget.taken, 2 * (6_000 + 3));
  budget.drop(before);
  assertEquals(budget.taken, 2 * (6_000 + 3));
  budget.drop(before);
  assertEquals(budget.taken, 2 * (4_000 + 1));
  budget.drop(after);
  assertEquals(budget.taken, 0);
});

Deno.test("ByteBudget.take() and hold() leave room for others, however much a holder wants", () => {
  const budget = new ByteBudget(1_600);
  const takeAll = (holder: string | null) => {
    let times = 0;
    while (budget.take(100, holder)) times++;
    return times;
  };
  assertEquals([takeAll("a"), takeAll("b"), takeAll("c")], [8, 4, 2]);
  const text = "x".repeat(50);
  assertEquals([budget.hold(text, "a"), budget.hold(text), budget.hold(text, "a")], [false, true, true]);
  assertEquals([takeAll(null), takeAll("a"), budget.taken], [1, 0, 1_600]);
  // A text that several holders share counts towards the share of the first holder, until all have dropped
  // it.
  budget.drop(text);
  assertEquals(budget.taken, 1_600);
  budget.drop(text);
  for (let times = 0; times < 8; times++) budget.release(100, "a");
  assertEquals([budget.taken, takeAll("a")], [700, 5]);
  budget.release(1_100);
  const pieces = new LongText("", ["y".repeat(2_000)], "");
  assertEquals([budget.hold(pieces, "d"), budget.take(1, "d")], [false, true]);
});

Deno.test("ByteBudget.change() has the same limit as take(), and can always release bytes", () => {
  const budget = new ByteBudget(1_000);
  assert(budget.take(100));
  const steps = [[0, 300], [300, 450], [450, 451], [450, 400], [400, 450]] as const;
  assertEquals(steps.map(([from, to]) => budget.change(from, to, "a")), [true, true, false, true, true]);
  assertEquals([budget.take(450), budget.taken], [true, 1_000]);
  // A holder with more bytes than are left for all others can't take more, but can give some back.
  assertEquals([budget.change(450, 451, "a"), budget.change(450, 400, "a"), budget.taken], [
    false,
    true,
    950,
  ]);
  budget.release(550);
  assertEquals([budget.change(400, 1_500, "a"), budget.taken], [true, 1_500], "nobody else has any");
  budget.release(1_500, "a");
  assertEquals([budget.taken, budget.take(100, "a"), budget.take(400, "a")], [0, true, true]);
});
