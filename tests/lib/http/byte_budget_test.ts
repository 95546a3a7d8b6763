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

Deno.test("ByteBudget.hold() counts what long texts share once, and drop() the rest of it to the last", () => {
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
