/**
 * Checks that the time of each parser grows in proportion to its input. The assertions compare two times of the same
 * run, so they do not depend on how fast the machine is.
 */

import { assert, assertGreater } from "./support/assert.ts";
import { type Growth, growthOf, type GrowthRatio } from "./support/growth.ts";
import { PARSERS } from "./support/parsers.ts";

/** The maximum ratio for 16 times the input; linear time gives about 16, and quadratic time 256. */
const MAX_RATIO = 40;
/** An input that takes less than this even if it is as large as it can be is harmless, in milliseconds. */
const HARMLESS_MS = 5;
/** The number of times to measure again, in case the machine was busy. */
const ATTEMPTS = 8;

function growsLinearly({ ratio, topMs }: GrowthRatio): boolean {
  return ratio <= MAX_RATIO || topMs < HARMLESS_MS;
}

function best(growth: Growth): GrowthRatio {
  let measured = growthOf(growth, MAX_RATIO);
  for (let attempt = 1; attempt < ATTEMPTS && !growsLinearly(measured); attempt++) {
    measured = growthOf(growth, MAX_RATIO);
  }
  return measured;
}

for (const { name, inputs } of PARSERS) {
  Deno.test(`${name} takes time in proportion to its input`, () => {
    inputs.forEach((growth, index) => {
      const measured = best(growth);
      assert(growsLinearly(measured), `input ${index}: ${JSON.stringify(measured)}`);
    });
  });
}

Deno.test("growthOf() distinguishes quadratic from linear time", () => {
  const prepareLinear = (size: number) => () => "x".repeat(size).split("").length;
  const linear = best({ most: 1e7, prepare: prepareLinear });
  assert(growsLinearly(linear), JSON.stringify(linear));
  const prepareQuadratic = (size: number) => {
    const text = `${" ".repeat(size)}x`;
    return () => / +$/.test(text);
  };
  const quadratic = growthOf({ most: 1e5, prepare: prepareQuadratic }, MAX_RATIO);
  assertGreater(quadratic.ratio, MAX_RATIO);
});
