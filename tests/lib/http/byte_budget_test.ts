import { ByteBudget } from "../../../lib/http/byte_budget.ts";
import { assertEquals } from "../../support/assert.ts";

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
