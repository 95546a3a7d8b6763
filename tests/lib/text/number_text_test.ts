import fc from "fast-check";
import { compactNumber, groupedNumber } from "../../../lib/text/number_text.ts";
import { assertEquals } from "../../support/assert.ts";

/** Decimal numbers like those that tasks report: up to 13 digits, of which up to four are in the fraction. */
const decimals = fc.tuple(fc.integer({ min: -1e13, max: 1e13 }), fc.integer({ min: 0, max: 4 })).map(
  ([digits, places]) => digits / 10 ** places,
);

Deno.test("groupedNumber() and compactNumber() return the same text as Intl.NumberFormat", () => {
  const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
  const grouped = [0, 1, 2].map((maximumFractionDigits) =>
    new Intl.NumberFormat("en-US", { maximumFractionDigits })
  );
  fc.assert(fc.property(decimals, (value) => {
    grouped.forEach((format, digits) =>
      assertEquals(groupedNumber(value, digits), format.format(value).replace(/^-0$/, "0"))
    );
    if (Math.abs(value) >= 1e6) assertEquals(compactNumber(value), compact.format(value));
  }));
});

Deno.test("groupedNumber() and compactNumber() format extreme numbers", () => {
  assertEquals(groupedNumber(-0, 2), "0");
  assertEquals(groupedNumber(-0.001, 2), "0");
  assertEquals(groupedNumber(1e21, 0), "1,000,000,000,000,000,000,000");
  assertEquals([999_949_999, 999_950_000, -2e9, 15e15].map(compactNumber), [
    "999.9M",
    "1B",
    "-2B",
    "15,000T",
  ]);
});
