import fc from "fast-check";
import { quantile } from "../../../lib/task/quantile.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("quantile() returns a number of the list, or interpolates between two of them", () => {
  const amounts = [10, 20, 30, 40, 50];
  assertEquals([0, 0.25, 0.5, 1].map((share) => quantile(amounts, share)), [10, 20, 30, 50]);
  assertEquals([0.125, 0.6, 0.95].map((share) => quantile(amounts, share)), [15, 34, 48]);
  assertEquals([quantile([1, 2], 0.5), quantile([7], 0.95)], [1.5, 7]);
  assertEquals([quantile(amounts, 0.5, 2), quantile(amounts, 0, 4), quantile(amounts, 1, 4)], [40, 50, 50]);
});

Deno.test("quantile() does not decrease with an increasing share, and stays within the range of the list", () => {
  const amounts = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 30 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(amounts, share, share, (amounts, one, other) => {
    const sorted = [...amounts].sort((a, b) => a - b);
    const [less, more] = [Math.min(one, other), Math.max(one, other)].map((share) => quantile(sorted, share));
    assert(less! >= sorted[0]! && more! <= sorted.at(-1)!, `${less} and ${more} of ${sorted}`);
    // Interpolation between nearly equal numbers may round the last digit.
    assert(less! <= more! * (1 + 1e-12), `${less} before ${more}`);
  }));
});
